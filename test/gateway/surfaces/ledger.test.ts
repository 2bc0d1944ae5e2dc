import { afterEach, describe, expect, it } from 'vitest'
import type { Script } from '../../../src/gateway/node/simulated/plan.js'
import type { Store } from '../../../src/index.js'
import { memoryStore } from '../../../src/store/memory/memory-store.js'
import type { Tree } from '../config/example.js'
import { closeAll, gatewayServer, HELLO, modelTree } from './gateway-server.js'

afterEach(closeAll)

/** A store that takes nothing while it is held. */
class HeldStore {
  private isHeld = false
  private waiting: (() => void)[] = []
  readonly store: Store

  constructor() {
    const store = memoryStore()
    const append = store.append.bind(store)
    store.append = async (...batch) => {
      if (this.isHeld) await new Promise<void>((resolve) => this.waiting.push(resolve))
      return append(...batch)
    }
    this.store = store
  }

  hold(): void {
    this.isHeld = true
  }

  release(): void {
    this.isHeld = false
    for (const go of this.waiting.splice(0)) go()
  }
}

const CHAT = { model: 'auto', messages: HELLO }

async function beforeFullJournal(script: Script = () => ({}), tree: Tree = {}) {
  const held = new HeldStore()
  const server = await gatewayServer({
    script,
    tree,
    models: [modelTree('sim-small')],
    // Nothing is kept beyond one event: the reservation.
    router: { store: held.store, journal: { capacity: 1, onStoreError: () => {} } },
  })
  await server.router.flush()
  return { server, held }
}

describe('a bill that the store takes no more', () => {
  const BODIES = [
    ['whole', CHAT],
    ['streamed', { ...CHAT, stream: true, stream_options: { include_usage: true } }],
  ] as const

  it.each(BODIES)('is told to the client as it is, and booked when there is room: %s', async (_, body) => {
    const { server, held } = await beforeFullJournal()
    held.hold()
    const response = await server.post('/v1/chat/completions', body)
    const text = await response.text()
    await server.over(1)
    const costUsd = server.upstream.costUsd()
    expect(response.status).toBe(200)
    expect(text).toContain(`"cost":${costUsd}`)
    expect(server.records[0]).toMatchObject({ outcome: 'answered', costUsd, isMeasured: true })
    expect(server.records[0].tokens?.output).toBe(server.upstream.entries[0].tokens.output)
    // Until then its reservation stands, and others are told to come again.
    expect(server.ledger().spendUsd).toBe(0)
    expect(server.ledger().reservedUsd).toBeGreaterThan(0)
    const refused = await server.post('/v1/chat/completions', CHAT)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await refused.json()).toMatchObject({ error: { code: 'ledger_unavailable' } })
    held.release()
    await expect.poll(() => server.ledger().reservedUsd, { timeout: 5000 }).toBe(0)
    expect(server.ledger().spendUsd).toBeCloseTo(costUsd, 12)
    expect(server.problems).toEqual([])
  })

  it('of a client that went away, or a call that failed, is booked as well', async () => {
    const { server, held } = await beforeFullJournal(() => ({ fault: { kind: 'reset', afterPieces: 2 } }))
    held.hold()
    await (await server.post('/v1/chat/completions', { ...CHAT, stream: true })).text()
    await server.over(1)
    const { costUsd } = server.records[0]
    expect(costUsd).toBeGreaterThanOrEqual(server.upstream.costUsd())
    held.release()
    await expect.poll(() => server.ledger().reservedUsd, { timeout: 5000 }).toBe(0)
    expect(server.ledger().spendUsd).toBeCloseTo(costUsd ?? 0, 12)
  })

  it('is named in the log, with its dollars, where the gateway ends before there is room', async () => {
    const { server, held } = await beforeFullJournal()
    held.hold()
    await (await server.post('/v1/chat/completions', CHAT)).text()
    const { decision, costUsd } = server.records[0]
    const closed = server.close()
    await expect.poll(() => server.problems.length).toBe(1)
    expect(server.problems[0]).toContain(`the bill of ${decision}, ${costUsd} USD`)
    held.release()
    await closed
  })

  it('of a request that the router has forgotten is paid by the account beyond its reservation', async () => {
    const server = await gatewayServer({
      script: ({ index }) =>
        index === 0 ? { fault: { kind: 'stall-before-headers' }, tokens: { output: 100_000 } } : {},
      models: [modelTree('sim-small')],
      tree: { caps: [{ usd: 10, per: 'day' }], routing: { pendingCapacity: 1 } },
    })
    const long = server.post('/v1/chat/completions', CHAT)
    await server.upstream.until(({ isStalled }) => isStalled)
    for (let i = 0; i < 3; i++) await (await server.post('/v1/chat/completions', CHAT)).text()
    server.upstream.release()
    await (await long).text()
    const cap = server.router.stats().account?.caps[0]
    expect(10 - (cap?.availableUsd ?? 0)).toBeCloseTo(server.upstream.costUsd(), 9)
    expect(server.problems).toEqual([])
  })
})

describe('a reward that the store takes no more', () => {
  it('is given again: whoever gave it was told that it is taken', async () => {
    const rewards = { windowMs: 20, validators: { enabled: false } }
    const { server, held } = await beforeFullJournal(() => ({}), { rewards, caps: [{ usd: 10, per: 'day' }] })
    const response = await server.post('/v1/chat/completions', CHAT)
    await response.text()
    await server.router.flush()
    held.hold()
    server.router.adjustAccount(1)
    const decision_id = response.headers.get('x-paretobandit-decision')
    const given = await server.post('/v1/feedback', { decision_id, value: 0.5 })
    expect(given.status).toBe(200)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(server.router.stats().models[0].rewarded).toBe(0)
    held.release()
    await expect.poll(() => server.router.stats().models[0].meanReward, { timeout: 5000 }).toBe(0.5)
  })
})
