import { afterEach, expect, it } from 'vitest'
import { startUpstream } from '../../../src/gateway/node/simulated/upstream.js'
import { Folder } from '../../cli/support.js'
import { ASK, clientTree, UPSTREAM_KEY } from './gateway.js'
import { startProcess } from './process.js'

const folder = new Folder()
const open: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

const TIMEOUT_MS = 5000
const REQUESTS = 6

it('answers that came while a gateway stood still are answers, and no model is blamed', async () => {
  let answer = (): void => {}
  const stopped = new Promise<void>((resolve) => {
    answer = resolve
  })
  let came = 0
  const script = async () => {
    came++
    await stopped
    return {}
  }
  const upstream = await startUpstream({ apiKey: UPSTREAM_KEY, script })
  open.push(() => upstream.close())
  const timeouts = { firstTokenMs: TIMEOUT_MS, betweenTokensMs: TIMEOUT_MS }
  const file = await folder.write('gateway.yaml', clientTree(upstream, { timeouts }))
  const gateway = await startProcess(folder.path, file)
  open.push(() => gateway.kill())
  const { completions } = gateway.openai.chat
  const asked = Array.from({ length: REQUESTS }, async (_, i) => {
    if (i % 2 === 0) return (await completions.create(ASK)).choices.length
    let events = 0
    for await (const _event of await completions.create({ ...ASK, stream: true })) events++
    return events
  })
  const all = Promise.allSettled(asked)
  await expect.poll(() => came, { timeout: TIMEOUT_MS }).toBe(REQUESTS)
  process.kill(gateway.pid, 'SIGSTOP')
  answer()
  await expect.poll(() => upstream.entries.length).toBe(REQUESTS)
  await upstream.idle()
  await new Promise((resolve) => setTimeout(resolve, TIMEOUT_MS + 500))
  process.kill(gateway.pid, 'SIGCONT')
  expect(await all).toEqual(asked.map(() => ({ status: 'fulfilled', value: expect.any(Number) })))
  expect(came).toBe(REQUESTS)
  const { pacer, models } = await gateway.stats()
  expect(pacer.spendUsd).toBeCloseTo(upstream.costUsd(), 9)
  expect(models.map(({ failureShare }) => failureShare)).toEqual(models.map(() => 0))
}, 30_000)
