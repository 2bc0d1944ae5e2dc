import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pricesOf } from '../../src/gateway/node/simulated/prices.js'
import { startUpstream, type Upstream } from '../../src/gateway/node/simulated/upstream.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const LINES_MAX = 10

let upstream: Upstream
beforeAll(async () => {
  const prices = { 'gpt-5-mini': pricesOf(0.25, 2), 'gpt-5': pricesOf(1.25, 10) }
  upstream = await startUpstream({ prices })
})
afterAll(() => upstream.close())

/** The first code under a heading. */
function codeOf(page: string, heading: string): string {
  const text = readFileSync(ROOT + page, 'utf8')
  const from = `\n${text}`.indexOf(`\n${heading}\n`)
  const [, code] = /```(?:js|ts)\n([\s\S]*?)```/.exec(text.slice(from)) ?? []
  if (from < 0 || code === undefined) throw new Error(`${page} has no code under ${JSON.stringify(heading)}`)
  return code
}

/** Runs code as a file of somebody who has the package and the provider's key. */
function run(code: string): Promise<string> {
  const child = spawn(process.execPath, ['--input-type=module'], {
    cwd: ROOT,
    env: {
      ...process.env,
      OPENAI_API_KEY: 'sk-test',
      OPENAI_BASE_URL: upstream.baseUrl,
      AI_SDK_LOG_WARNINGS: 'false',
    },
  })
  child.stdin.end(code)
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  return new Promise((resolve, reject) => {
    child.once('close', (code) => (code === 0 ? resolve(output) : reject(new Error(output))))
  })
}

/** What its router knows in the end. */
const TOLD = `
const { pacer, pending, models: known } = router.stats()
const rewarded = known.reduce((sum, model) => sum + model.rewarded, 0)
console.log(JSON.stringify({ spentUsd: pacer.spendUsd, unsettled: pending.unsettled, rewarded }))
`

async function mustWork(code: string): Promise<void> {
  const before = upstream.entries.length
  const told = JSON.parse(await run(code + TOLD))
  expect(upstream.entries).toHaveLength(before + 1)
  const { ended, isUsageSent } = upstream.entries[before]
  expect({ ended, isUsageSent }).toEqual({ ended: 'answered', isUsageSent: true })
  expect(told).toEqual({ spentUsd: expect.any(Number), unsettled: 0, rewarded: 1 })
  expect(told.spentUsd).toBeGreaterThan(0)
}

describe('the beginnings in docs/USAGE.md', () => {
  it.each([
    '## The client of `openai`',
    '## A model of the AI SDK',
    '## A chat model of LangChain',
    '## An agent of LangChain',
  ])('%s is short, routes, is answered, books what it cost and gives a reward', async (heading) => {
    const code = codeOf('docs/USAGE.md', heading)
    expect(code.trimEnd().split('\n').length).toBeLessThanOrEqual(LINES_MAX)
    await mustWork(code)
  })
})

describe('the beginning in README.md', () => {
  it('works with a call of the reader’s own', async () => {
    const call = `
async function callYourModel(model, content) {
  const response = await fetch(process.env.OPENAI_BASE_URL + '/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: model === 'small' ? 'gpt-5-mini' : 'gpt-5', messages: [{ role: 'user', content }] }),
  })
  return response.json()
}
`
    const code = codeOf('README.md', '# paretobandit')
    expect(code).toContain('createRouter')
    await mustWork(call + code)
  })
})
