import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WORKERD, Worker } from './workerd.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Routers made where a Worker starts, and within a request; with the module and without. */
const WORKER = `
import { createRouter } from '${ROOT}dist/index.js'
import kernelModule from 'paretobandit/kernel.wasm'
const models = [
  { id: 'small', inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.1 },
  { id: 'large', inputUsdPerMTok: 1.25, outputUsdPerMTok: 10 },
]
const budget = { usdPerRequest: 0.002 }
const atStart = await createRouter({ models, budget })
const atStartOfModule = await createRouter({ models, budget, kernelModule })
const restored = await createRouter({ models, budget, kernelModule })
restored.restore(atStartOfModule.snapshot())
function use(router) {
  const ids = new Set()
  for (let i = 0; i < 50; i++) {
    const { id, model } = router.route('What is ' + i + ' times ' + (i * i) + '?')
    router.settle(id, { costUsd: model === 'large' ? 0.004 : 0.0001 })
    router.reward(id, model === 'large' ? 0.9 : 0.6)
    ids.add(id)
  }
  const { kernel, requests } = router.stats()
  return { kernel, requests, ids: ids.size, origin: [...ids][0].split('.')[0] }
}
export default {
  async fetch() {
    const inRequest = await createRouter({ models, budget })
    const inRequestOfModule = await createRouter({ models, budget, kernelModule, policy: 'paper' })
    const routers = { atStart, atStartOfModule, restored, inRequest, inRequestOfModule }
    return Response.json(Object.fromEntries(Object.entries(routers).map(([name, router]) => [name, use(router)])))
  },
}`

interface Used {
  readonly kernel: string
  readonly requests: number
  readonly ids: number
  readonly origin: string
}

/** In the later one code may be compiled while a Worker starts, in the earlier nowhere. */
describe.each(['2024-01-01', '2026-01-01'])('in Cloudflare\u2019s workerd as of %s', (compatibilityDate) => {
  const worker = new Worker()
  beforeAll(async () => {
    if (WORKERD === null) return
    const stdin = { contents: WORKER, resolveDir: ROOT, sourcefile: 'worker.js' }
    await worker.start({ stdin }, { compatibilityDate })
  })
  afterAll(() => worker.stop())

  it.skipIf(WORKERD === null)('routers are made where a Worker starts, and in its requests', async () => {
    const used = (await (await worker.fetch('/')).json()) as Readonly<Record<string, Used>>
    for (const { requests, ids } of Object.values(used)) expect([requests, ids]).toEqual([50, 50])
    expect(new Set(Object.values(used).map(({ origin }) => origin)).size).toBe(5)
    for (const { origin } of Object.values(used)) expect(origin).toMatch(/^r-0[a-z0-9]{11}$/)
    expect(used.atStartOfModule.kernel).toBe('wasm')
    expect(used.restored.kernel).toBe('wasm')
    expect(used.inRequestOfModule.kernel).toBe('wasm')
    expect(used.atStart.kernel).toMatch(/^(wasm|js)$/)
  })
})
