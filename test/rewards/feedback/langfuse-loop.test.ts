import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { type LangfuseOptions, LangfuseScores } from '../../../src/rewards/feedback/langfuse.js'

const START = Date.UTC(2026, 0, 15, 12)

it('the loop that the docs print gives every page, and reads again what could not be given', async () => {
  const docs = readFileSync(new URL('../../../docs/REWARDS.md', import.meta.url), 'utf8')
  const code = /```js\n([^`]*LangfuseScores[^`]*)```/.exec(docs)?.[1] ?? ''
  class Scores extends LangfuseScores {
    constructor(options: LangfuseOptions) {
      const fetch = async (url: string) => {
        const page = Number(new URL(url).searchParams.get('page'))
        const score = { id: `s${page}`, traceId: `d${page}`, name: 'quality', value: 5, dataType: 'NUMERIC' }
        return Response.json({ data: [score], meta: { totalPages: 3 } })
      }
      super({ ...options, fetch, now: () => START, pagesMax: 1 })
    }
  }
  const given: string[] = []
  const errors: unknown[] = []
  const timers: (() => Promise<void>)[] = []
  let fails = true
  const giveMany = async (rewards: readonly { decision: string }[]) => {
    if (fails && given.length === 1) throw new Error('away')
    given.push(...rewards.map(({ decision }) => decision))
  }
  const names = ['LangfuseScores', 'rewards', 'baseUrl', 'publicKey', 'secretKey', 'setTimeout', 'console']
  const run = new Function(...names, `return (async () => {${code}})()`)
  await run(Scores, { giveMany }, 'http://h', 'p', 's', (go: () => Promise<void>) => timers.push(go), {
    error: (error: unknown) => errors.push(error),
  })
  expect([given, errors.length, timers.length]).toEqual([['d1'], 1, 1])
  fails = false
  await timers[0]()
  expect([given, errors.length, timers.length]).toEqual([['d1', 'd2', 'd3'], 1, 2])
})
