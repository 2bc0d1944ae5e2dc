import { afterEach, describe, expect, it } from 'vitest'
import { ParetoBanditError } from '../../src/base/errors.js'
import { createRouter } from '../../src/create-router.js'
import { KeepAlive } from '../../src/log/keep-alive.js'
import { Outbox } from '../../src/log/outbox.js'
import { Receipts } from '../../src/log/receipts.js'
import { ALL_EVENT_TABLE } from '../../src/policy/all-events.js'
import type { RouterOptions } from '../../src/policy/options.js'
import type { Router } from '../../src/router/router.js'
import { memoryStore } from '../../src/store/memory/memory-store.js'
import { expectCode, expectRejection } from '../support/errors.js'
import { MODELS, X } from '../support/router.js'
import { pause, SharedLog, type SharedStore, until } from '../support/shared-store.js'
import '../support/seed.js'

const OPTIONS = { models: MODELS, dimension: 3, kernel: 'js' } as const satisfies RouterOptions

interface Replica {
  readonly router: Router
  readonly store: SharedStore
}

const open: Replica[] = []

async function replica(log: SharedLog, options: RouterOptions = {}): Promise<Replica> {
  const store = log.store()
  const router = await createRouter({ ...OPTIONS, store, ...options })
  const made = { router, store }
  open.push(made)
  return made
}

afterEach(async () => {
  for (const { router, store } of open.splice(0)) {
    store.isSlow = store.isDeaf = false
    await router.close().catch(() => {})
  }
})

describe('a receipt', () => {
  it.each(['reward', 'rewardMany', 'held'] as const)(
    'of %s is of its own event, though a listener calls the router',
    async (call) => {
      const log = new SharedLog()
      const [a, b] = [await replica(log), await replica(log)]
      const { id } = b.router.route(X)
      await b.router.flush()
      if (call !== 'held') await until(() => a.router.stats().requests === 1, 'the request')
      a.store.isSlow = true
      a.router.on('rewarded', () => a.router.route(X))
      const late = () =>
        call === 'rewardMany' ? a.router.rewardMany([{ id, reward: 0 }]) : a.router.reward(id, 0)
      if (call === 'held') a.store.isDeaf = true
      const receipt = late()
      a.store.isDeaf = false
      await until(() => a.router.stats().models.some(({ rewarded }) => rewarded === 1), 'the reward')
      await b.router.reward(id, 1).durable
      a.store.isSlow = false
      await expectRejection(receipt.durable, 'ALREADY_REWARDED')
    },
  )
})

describe('ids', () => {
  it('are given once, though requests were refused at their place and the state was rebuilt', async () => {
    const log = new SharedLog()
    const [a, b] = [await replica(log), await replica(log)]
    a.store.isSlow = true
    const ids = Array.from({ length: 5 }, () => a.router.route(X, { candidates: ['large'] }).id)
    b.router.removeModel('large')
    await b.router.flush()
    await until(() => a.router.stats().models.length === 2, 'the removal')
    a.store.isSlow = false
    await until(() => a.router.stats().requests === 0, 'the rebuilt state')
    const after = Array.from({ length: 5 }, () => a.router.route(X).id)
    expect(new Set([...ids, ...after]).size).toBe(10)
  })

  it('are given once, though a router goes back to a snapshot of its own', async () => {
    for (const name of [undefined, 'mine']) {
      const router = await createRouter({ ...OPTIONS, ...(name === undefined ? {} : { name }) })
      const ids = [router.route(X).id]
      const snapshot = router.snapshot()
      for (let i = 0; i < 3; i++) ids.push(router.route(X).id)
      router.restore(snapshot)
      for (let i = 0; i < 3; i++) ids.push(router.route(X).id)
      expect(new Set(ids).size).toBe(7)
    }
  })
})

describe('what a store acknowledged and lost before it was read back', () => {
  it('is told to those who gave it, and leaves the state, when a gap in the own numbers shows', async () => {
    const log = new SharedLog()
    const errors: unknown[] = []
    const journal = { onStoreError: (error: unknown) => errors.push(error) }
    const a = await replica(log, { journal })
    const ids = Array.from({ length: 10 }, () => a.router.route(X).id)
    await a.router.flush()
    a.store.isDeaf = true
    await pause(1100)
    const receipts = ids.map((id) => a.router.reward(id, 1))
    const phantoms = Array.from({ length: 10 }, () => a.router.route(X).id)
    await until(() => a.router.stats().journal?.waiting === 0, 'the acknowledgement')
    const flushed = a.router.flush()
    log.lose(1)
    a.store.isDeaf = false
    const { id } = a.router.route(X)
    const settled = a.router.settle(id, { costUsd: 0.1 })
    await expectRejection(flushed, 'STORE_CORRUPT', 'shared')
    for (const { durable } of receipts) await expectRejection(durable, 'STORE_CORRUPT', 'shared')
    await settled.durable
    expect(errors.some((error) => `${error}`.includes('has lost 20 events'))).toBe(true)
    await until(() => a.router.stats().requests === 11, 'the state without them')
    expect((await replica(log)).router.stats().requests).toBe(11)
    expect(a.router.stats().models.every(({ rewarded }) => rewarded === 0)).toBe(true)
    expect([...phantoms, id]).not.toContain(a.router.route(X).id)
    const again = a.router.reward(ids[0], 1)
    await again.durable
  })
})

describe('a receipt of a replica that falls behind a trimmed log', () => {
  it.each([
    ['two snapshots cover its place', 2, 'LOG_TRIMMED'],
    ['one snapshot covers its place', 1, 'ALREADY_REWARDED'],
    ['no snapshot covers its place', 0, 'ALREADY_REWARDED'],
  ])('never comes true for a reward that another came before: %s', async (_, snapshots, code) => {
    const log = new SharedLog()
    const journal = { snapshotEvents: 10, onStoreError: () => {} }
    const [a, b] = [await replica(log, { journal }), await replica(log, { journal })]
    const ids = [a.router.route(X).id, a.router.route(X).id]
    await a.router.flush()
    await until(() => b.router.stats().requests === 2, 'the requests')
    b.store.isDeaf = true
    const routed = async (isEnough: () => boolean) => {
      for (; !isEnough(); await a.router.flush()) a.router.route(X)
    }
    if (snapshots < 2) await routed(() => log.trimmed > 5)
    await a.router.reward(ids[0], 1).durable
    const receipts = ids.map((id) => b.router.reward(id, 0))
    await until(() => b.router.stats().journal?.waiting === 0, 'the rewards in the log')
    const outcomes = Promise.allSettled(receipts.map(({ durable }) => durable))
    const end = log.batches.length
    if (snapshots === 1) await routed(() => Number(log.kept[0].position) >= end)
    if (snapshots === 2) await routed(() => log.trimmed >= end)
    expect(log.trimmed >= end).toBe(snapshots === 2)
    b.store.isDeaf = false
    const [doubled, own] = await outcomes
    expect(doubled).toMatchObject({ status: 'rejected', reason: { code } })
    // It stands in the log, and counted: that is known where its place was read.
    expect(own).toMatchObject(
      snapshots === 2 ? { status: 'rejected', reason: { code } } : { status: 'fulfilled' },
    )
    for (const id of ids) expectCode(() => b.router.reward(id, 0), 'ALREADY_REWARDED')
  })
})

describe('a replica that begins from a snapshot again', () => {
  const journal = { snapshotEvents: 10, onStoreError: () => {} }

  /** Two of them, and requests that both know. The second hears nothing from then on. */
  async function apart(log: SharedLog) {
    const [a, b] = [await replica(log, { journal }), await replica(log, { journal })]
    const ids = Array.from({ length: 5 }, () => a.router.route(X).id)
    await a.router.flush()
    await until(() => b.router.stats().requests === 5, 'the requests')
    b.store.isDeaf = true
    const appended = () => until(() => b.router.stats().journal?.waiting === 0, 'the acknowledgement')
    const trim = async (upTo = log.batches.length) => {
      for (; log.trimmed < upTo; await a.router.flush()) a.router.route(X)
    }
    return { a, b, ids, appended, trim }
  }

  it('does not take an event that stands in the log a second time for one that counted', async () => {
    const log = new SharedLog()
    const { a, b, ids, appended, trim } = await apart(log)
    await a.router.reward(ids[0], 1).durable
    b.store.holdsReply = true
    const before = log.batches.length
    const outcome = Promise.allSettled([b.router.reward(ids[0], 0).durable])
    await until(() => log.batches.length > before, 'the reward in the log')
    await trim()
    b.store.holdsReply = false
    await appended()
    b.store.isDeaf = false
    expect(await outcome).toMatchObject([{ status: 'rejected', reason: { code: 'LOG_TRIMMED' } }])
  })

  it('tells of each event that the log lacks between its own: receipts and flushes are refused', async () => {
    const log = new SharedLog()
    const { a, b, ids, appended, trim } = await apart(log)
    await trim()
    a.store.isDeaf = true
    const receipts: Promise<void>[] = []
    let flushed = Promise.resolve()
    for (let i = 0; i < ids.length; i++) {
      receipts.push(b.router.reward(ids[i], 1).durable)
      await appended()
      if (i === 1) flushed = b.router.flush()
      if (i % 2 === 1) log.lose(1)
    }
    const outcomes = Promise.allSettled([...receipts, flushed, b.router.flush()])
    b.store.isDeaf = false
    const lost = { status: 'rejected', reason: { code: 'STORE_CORRUPT' } }
    const kept = { status: 'fulfilled' }
    expect(await outcomes).toMatchObject([kept, lost, kept, lost, kept, lost, lost])
    await until(() => b.router.stats().models.reduce((sum, { rewarded }) => sum + rewarded, 0) === 3, 'both')
    await Promise.all([1, 3].map((i) => b.router.reward(ids[i], 1).durable))
  })
})

describe('receipts that wait', () => {
  it('are not refused by a range without an event', async () => {
    const receipts = new Receipts()
    const receipt = receipts.add(2, 8)
    receipts.refuse(6, 3, new Error('of none'))
    receipts.settleThrough(8)
    expect(await receipt.durable).toBeUndefined()
    const other = receipts.add(9, 12)
    receipts.refuse(10, 10, new Error('of one'))
    await expect(other.durable).rejects.toThrow('of one')
  })
})

/** Tells whether it holds the process. */
class ToldKeepAlive extends KeepAlive {
  isHeld = false

  override hold(): void {
    this.isHeld = true
  }

  override progress(isNeeded: boolean): void {
    this.isHeld = isNeeded
  }
}

describe('a process whose log turns out to have all', () => {
  it('is not kept alive for it any longer', async () => {
    const log = new SharedLog()
    const [store, alive] = [log.store(), new ToldKeepAlive(60_000)]
    store.isSlow = true
    const none = () => {}
    const outbox = new Outbox({
      store,
      events: ALL_EVENT_TABLE,
      origin: 'p1',
      firstNumber: 1,
      capacity: 10,
      alive,
      onError: none,
      onBroken: none,
      onDurable: none,
    })
    outbox.append({ type: 'model-removed', at: 0, model: 'm', drain: false })
    expect(alive.isHeld).toBe(true)
    outbox.rewind(2, [], '1')
    expect(alive.isHeld).toBe(false)
    outbox.break(new Error('the end'))
    await store.close()
  })
})

describe('a flush', () => {
  it('ends when a replica rejoins that has all of it in the log, though its acknowledgement never came', async () => {
    const log = new SharedLog()
    const journal = { snapshotEvents: 10, onStoreError: () => {} }
    const [a, b] = [await replica(log, { journal }), await replica(log, { journal })]
    b.store.isDeaf = b.store.holdsReply = true
    b.router.route(X)
    const flushed = b.router.flush()
    for (const end = log.batches.length + 1; log.trimmed < end; await a.router.flush()) a.router.route(X)
    b.store.isDeaf = false
    await flushed
    expect(b.store.holdsReply).toBe(true)
    expect(b.router.stats().requests).toBe(a.router.stats().requests)
  })
})

describe('what a store shows in its log before it is durable, to a replica that begins from a snapshot again', () => {
  const journal = { snapshotEvents: 10, onStoreError: () => {} }

  /** A replica whose events are in the log, never acknowledged, and read from a snapshot. */
  async function unacknowledged(log: SharedLog, confirm: (end: string) => Promise<void>) {
    const [a, b] = [await replica(log, { journal }), await replica(log, { journal })]
    const ids = Array.from({ length: 3 }, () => a.router.route(X).id)
    await a.router.flush()
    await until(() => b.router.stats().requests === 3, 'the requests')
    b.store.isDeaf = true
    while (log.trimmed < 5) {
      a.router.route(X)
      await a.router.flush()
    }
    b.store.confirm = confirm
    b.store.holdsReply = true
    const before = log.batches.length
    const receipts = ids.map((id) => b.router.reward(id, 1).durable)
    const all = [...receipts, b.router.flush()]
    const outcomes = Promise.allSettled(all)
    await until(() => log.batches.length > before, 'the rewards in the log')
    const end = log.batches.length
    while (Number(log.kept[0].position) < end) {
      a.router.route(X)
      await a.router.flush()
    }
    b.store.isDeaf = false
    await until(() => b.router.stats().requests === a.router.stats().requests, 'the state of the log')
    return { a, b, ids, first: receipts[0], outcomes, end }
  }

  it('is told to be durable once the store has confirmed it, however often it has to be asked', async () => {
    const log = new SharedLog()
    const asked: string[] = []
    const { b, first, outcomes, end } = await unacknowledged(log, async (at) => {
      asked.push(at)
      if (asked.length < 3) throw new ParetoBanditError('STORE_UNREACHABLE', 'shared', 'no copy has it')
    })
    let isTold = false
    first.then(() => {
      isTold = true
    })
    await pause(50)
    expect(isTold).toBe(false)
    expect(b.router.stats().journal?.waiting).toBe(3)
    b.store.holdsReply = false
    expect((await outcomes).map(({ status }) => status)).toEqual(Array(4).fill('fulfilled'))
    expect(asked).toHaveLength(3)
    expect(Number(asked[0])).toBeGreaterThan(end)
    expect(b.router.stats().journal?.waiting).toBe(0)
    await b.router.reward(b.router.route(X).id, 1).durable
    expect(asked).toHaveLength(3)
  })

  it('is told to be lost where the log has lost it before that', async () => {
    const log = new SharedLog()
    const { a, b, ids, outcomes, end } = await unacknowledged(log, async (at) => {
      if (log.batches.length < Number(at))
        throw new ParetoBanditError('STORE_CORRUPT', 'shared', 'it is gone')
    })
    a.store.isDeaf = true
    const [covered] = log.kept.filter(({ position }) => Number(position) < end)
    log.kept = [covered]
    log.lose(log.batches.length - end + 1)
    b.store.holdsReply = false
    log.changed()
    const lost = { status: 'rejected', reason: { code: 'STORE_CORRUPT' } }
    expect(await outcomes).toMatchObject(Array(4).fill(lost))
    b.store.confirm = async () => {}
    await Promise.all(ids.map((id) => b.router.reward(id, 0).durable))
  })
})

describe('what was read back and lost before the store had acknowledged it', () => {
  it('is told to those who gave it: that the log goes on without it makes it no more durable', async () => {
    const log = new SharedLog()
    const errors: unknown[] = []
    const journal = { onStoreError: (error: unknown) => errors.push(error) }
    const a = await replica(log, { journal })
    const ids = Array.from({ length: 3 }, () => a.router.route(X).id)
    await a.router.flush()
    await until(() => a.router.stats().journal?.position === '2', 'what was routed')
    a.store.holdsReply = true
    const lost = ids.slice(1).map((id) => a.router.reward(id, 1).durable)
    await until(() => a.router.stats().journal?.position === '3', 'the rewards, read back')
    const flushed = a.router.flush()
    log.lose(1)
    log.changed()
    await expectRejection(flushed, 'STORE_CORRUPT', 'shared')
    for (const durable of lost) await expectRejection(durable, 'STORE_CORRUPT', 'shared')
    expect(errors.some((error) => `${error}`.includes('has lost 2 events'))).toBe(true)
    a.store.holdsReply = false
    await a.router.reward(ids[0], 1).durable
    await Promise.all(ids.slice(1).map((id) => a.router.reward(id, 0).durable))
    const { models } = (await replica(log)).router.stats()
    expect(models.reduce((sum, { rewarded, meanReward }) => sum + rewarded * (meanReward ?? 0), 0)).toBe(1)
  })
})

describe('what was read back, lost before it was acknowledged, and appended again', () => {
  it('is what it comes to at its new place: another reward may have come first', async () => {
    const log = new SharedLog()
    const [a, b] = [await replica(log), await replica(log)]
    const ids = [a.router.route(X).id, a.router.route(X).id]
    await a.router.flush()
    await until(() => b.router.stats().journal?.position === '2', 'the requests')
    b.store.holdsReply = true
    const outcomes = Promise.allSettled(ids.map((id) => b.router.reward(id, 0).durable))
    await until(() => b.router.stats().journal?.position === '3', 'the rewards, read back')
    b.store.isDeaf = true
    log.lose(1)
    await until(() => a.router.stats().models.every(({ rewarded }) => rewarded === 0), 'the loss')
    await a.router.reward(ids[0], 1).durable
    b.store.holdsReply = false
    await until(() => b.router.stats().journal?.waiting === 0, 'the acknowledgement')
    b.store.isDeaf = false
    const refused = { status: 'rejected', reason: { code: 'ALREADY_REWARDED' } }
    expect(await outcomes).toMatchObject([refused, { status: 'fulfilled' }])
  })
})

describe('a bill without a place when the log has lost its request', () => {
  it('is in the state of its router where the log gets that again first', async () => {
    const log = new SharedLog()
    log.isWatchful = true
    const [a, b] = [await replica(log), await replica(log)]
    a.store.isDeaf = true
    const { id } = a.router.route(X)
    await until(() => b.router.stats().requests === 1, 'the request')
    b.store.isSlow = true
    const { durable } = b.router.settle(id, { costUsd: 0.25 })
    log.lose(1)
    await until(() => b.router.stats().requests === 0, 'the loss')
    a.store.isDeaf = false
    await until(() => b.router.stats().requests === 1, 'the request again')
    b.store.isSlow = false
    await durable
    await until(() => b.router.stats().account?.spendUsd === 0.25, 'the bill', 5000)
    expect(a.router.stats().account?.spendUsd).toBe(0.25)
  })
})

describe('ids of a router without a name', () => {
  it('are not those of another start: late feedback for that finds nothing', async () => {
    const [before, after] = [await createRouter(OPTIONS), await createRouter(OPTIONS)]
    const ids = Array.from({ length: 20 }, () => before.route(X).id)
    for (let i = 0; i < 20; i++) after.route(X)
    for (const id of ids) expectCode(() => after.reward(id, 1), 'UNKNOWN_REQUEST')
    expect(ids[0]).toMatch(/^r-[a-z0-9]{12}\.1$/)
  })

  it('are not given again by a process that goes on from an older snapshot, which knows the earlier ones', async () => {
    const before = await createRouter(OPTIONS)
    const { id } = before.route(X)
    const snapshot = before.snapshot()
    const lost = Array.from({ length: 20 }, () => before.route(X).id)
    const after = await createRouter(OPTIONS)
    after.restore(snapshot)
    const ids = Array.from({ length: 20 }, () => after.route(X).id)
    expect(new Set([id, ...lost, ...ids]).size).toBe(41)
    after.reward(id, 1)
    for (const each of lost) expectCode(() => after.reward(each, 1), 'UNKNOWN_REQUEST')
    expect(after.snapshot().length).toBeGreaterThan(0)
  })

  it('are new at each start on a store too, and the state is the same to the bit', async () => {
    const store = memoryStore()
    const before = await createRouter({ ...OPTIONS, store })
    const { id } = before.route(X)
    await before.flush()
    const { sha256 } = await before.digest()
    await before.close()
    const after = await createRouter({ ...OPTIONS, store })
    expect((await after.digest()).sha256).toBe(sha256)
    const next = after.route(X).id
    expect(next).toMatch(/\.1$/)
    expect(next).not.toBe(id)
    await after.reward(id, 1).durable
  })

  it('go on from those of the log or the snapshot where it has one', async () => {
    const named = { ...OPTIONS, name: 'mine' }
    const before = await createRouter(named)
    before.route(X)
    const after = await createRouter(named)
    after.restore(before.snapshot())
    expect(after.route(X).id).toBe('mine.2')
  })
})
