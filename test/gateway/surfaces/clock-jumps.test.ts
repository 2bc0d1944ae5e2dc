import { afterEach, describe, expect, it, vi } from 'vitest'
import { ParetoBanditError } from '../../../src/index.js'
import { memoryStore } from '../../../src/store/memory/memory-store.js'
import { closeAll, gatewayServer, HELLO, modelTree } from './gateway-server.js'

afterEach(async () => {
  await closeAll()
  vi.restoreAllMocks()
})

const HOUR = 3_600_000
const ASK = { model: 'auto', messages: HELLO }
const CHAT = '/v1/chat/completions'

/** The clock of this machine, which somebody sets. */
function settableClock() {
  const real = Date.now.bind(Date)
  const clock = { skew: 0 }
  vi.spyOn(Date, 'now').mockImplementation(() => real() + clock.skew)
  return clock
}

describe.each([HOUR, -HOUR])('a clock that is set by %d ms', (jump) => {
  it.each([true, false])(
    'cuts no request that is under way, and says how long it took, streamed: %s',
    async (stream) => {
      const clock = settableClock()
      const server = await gatewayServer({
        models: [modelTree('sim-small')],
        script: () => ({ delays: { headersMs: 20, firstTokenMs: 20, betweenTokensMs: 20 } }),
      })
      const answer = server.post(CHAT, { ...ASK, stream })
      while (server.upstream.entries.length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
      clock.skew = jump
      const response = await answer
      expect([response.status, (await response.text()).length > 0]).toEqual([200, true])
      const [record] = await server.over(1)
      expect(record).toMatchObject({ outcome: 'answered', code: null, isMeasured: true })
      expect(record.latencyMs).toBeGreaterThan(0)
      expect(record.latencyMs).toBeLessThan(HOUR / 2)
      const [{ meanLatencyMs }] = server.router.stats().models
      expect(meanLatencyMs).toBeGreaterThan(0)
      expect(meanLatencyMs).toBeLessThan(HOUR / 2)
    },
  )

  it('neither opens nor shuts a limit by the minute', async () => {
    const clock = settableClock()
    const keys = [{ name: 'client', value: '$CLIENT_KEY', requestsPerMinute: 2 }]
    const server = await gatewayServer({ models: [modelTree('sim-small')], tree: { keys } })
    const ask = async () => {
      const response = await server.post(CHAT, ASK)
      await response.text()
      return { status: response.status, waitMs: Number(response.headers.get('retry-after-ms')) }
    }
    await ask()
    clock.skew = jump
    expect((await ask()).status).toBe(200)
    const refused = await ask()
    expect(refused.status).toBe(429)
    expect(refused.waitMs).toBeLessThanOrEqual(60_000)
  })

  it('lets nothing through that a full disk would forget', async () => {
    const clock = settableClock()
    const store = memoryStore()
    const append = store.append.bind(store)
    const failing = { is: false }
    store.append = async (...batch) => {
      if (failing.is) throw new ParetoBanditError('STORE_FULL', '', 'the disk is full')
      return append(...batch)
    }
    const server = await gatewayServer({
      models: [modelTree('sim-small')],
      tree: { caps: [{ usd: 10, per: 'day' }] },
      router: { store, journal: { onStoreError: () => {} } },
    })
    const ask = async () => {
      const response = await server.post(CHAT, ASK)
      await response.text()
      return response.status
    }
    await ask()
    failing.is = true
    await ask()
    await expect.poll(() => server.router.journal?.failure).toBe('the disk is full')
    await ask()
    clock.skew = jump
    await expect.poll(ask, { timeout: 10_000 }).toBe(503)
    failing.is = false
  })
})
