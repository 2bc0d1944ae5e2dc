import { describe, expect, it } from 'vitest'
import { ParetoBanditError } from '../../src/base/errors.js'
import { mulberry32 } from '../../src/base/random.js'
import { createRouter } from '../../src/create-router.js'
import { decodeEvent } from '../../src/events/codec.js'
import { ALL_EVENT_TABLE } from '../../src/policy/all-events.js'
import type { Router } from '../../src/router/router.js'
import { MODELS, X } from '../support/router.js'
import { indexOf, pause, SharedLog, SharedStore, until } from '../support/shared-store.js'

const REPLICAS = 3
const STEPS = 60
/** Played at once. More of them: SCRIPTS=200. */
const SCRIPTS = Number(process.env.SCRIPTS ?? 12)
/** A store that failed often is asked again after up to 5 s. */
const END_MS = 20_000

interface Reward {
  readonly id: string
  /** No other reward has it. */
  readonly value: number
}

/** What a router has promised, by a receipt or a flush. */
interface Promised {
  readonly what: string
  readonly reward: Reward | null
  outcome: 'waits' | 'kept' | 'refused'
}

/** A store that shows events before they are durable: of these the log loses none (`waitReplicas` of Redis). */
class ConfirmingStore extends SharedStore {
  constructor(
    private readonly shared: SharedLog,
    private readonly confirmed: (position: string) => void,
    private readonly replyMs: () => number,
  ) {
    super(shared)
    this.confirm = async (end) => {
      shared.mustHave(end)
      confirmed(end)
    }
  }

  override async append(...args: Parameters<SharedStore['append']>): Promise<string> {
    const position = await super.append(...args)
    await pause(this.replyMs())
    if (!this.shared.has(position))
      throw new ParetoBanditError('STORE_UNREACHABLE', 'shared', 'no copy has it')
    this.confirmed(position)
    return position
  }
}

/** The first reward of each request that the log has, each event of an origin once. */
function rewardsOf({ batches }: SharedLog): Map<string, number> {
  const routed = new Set<string>()
  const rewards = new Map<string, number>()
  const last = new Map<string, number>()
  for (const { origin, firstNumber, events } of batches) {
    events.forEach((bytes, i) => {
      if (firstNumber + i <= (last.get(origin) ?? 0)) return
      last.set(origin, firstNumber + i)
      const event = decodeEvent(bytes, ALL_EVENT_TABLE)
      if (event.type === 'routed') routed.add(event.id)
      else if (event.type === 'rewarded' && routed.has(event.id) && !rewards.has(event.id))
        rewards.set(event.id, event.reward)
    })
  }
  return rewards
}

/** Replicas whose store is slow, deaf, silent, cut off and loses what it had, by turns that a seed draws, and what they promise. */
class Script {
  readonly faults: string[] = []
  private readonly isConfirming: boolean
  private readonly random: () => number
  private readonly log = new SharedLog()
  private readonly all: { readonly router: Router; readonly store: SharedStore }[] = []
  private readonly promised: Promised[] = []
  /** All that the log has counted at any time. */
  private readonly counted = new Set<string>()
  private readonly ids: string[] = []
  private values = 0
  /** Batches that the log no longer loses. */
  private durable = 1

  constructor(seed: number, isConfirming: boolean) {
    this.isConfirming = isConfirming
    this.random = mulberry32(seed)
    this.log.isWatchful = true
  }

  async play(): Promise<readonly string[]> {
    for (let i = 0; i < REPLICAS; i++) await this.open()
    for (let step = 0; step < STEPS; step++) {
      try {
        this.step(`step ${step}`)
      } catch (error) {
        if (!(error instanceof ParetoBanditError)) throw error
      }
      await pause(this.below(4) === 0 ? this.below(60) : 0)
    }
    await this.end()
    return this.faults
  }

  private below(end: number): number {
    return Math.floor(this.random() * end)
  }

  private async open(): Promise<void> {
    const confirmed = (position: string) => {
      this.durable = Math.max(this.durable, indexOf(position))
    }
    const replyMs = () => (this.below(3) === 0 ? this.below(30) : 0)
    const store = this.isConfirming
      ? new ConfirmingStore(this.log, confirmed, replyMs)
      : new SharedStore(this.log)
    const journal = { snapshotEvents: 8, holdMs: 500, closeMs: 2000, onStoreError: () => {} }
    const router = await createRouter({ models: MODELS, dimension: 3, kernel: 'js', store, journal })
    this.all.push({ router, store })
  }

  private step(name: string): void {
    const { ids, all } = this
    const { router, store } = all[this.below(all.length)]
    const turn = this.below(15)
    if (turn < 4) ids.push(router.route(X).id)
    else if (turn < 8 && ids.length > 0) {
      const id = ids[Math.max(0, ids.length - 1 - this.below(6))]
      const reward = { id, value: ++this.values / 1024 }
      this.promises(
        `${name}: reward ${reward.value} of ${id}`,
        reward,
        router.reward(id, reward.value).durable,
      )
    } else if (turn === 8) this.promises(`${name}: flush`, null, router.flush())
    else if (turn === 9) store.isDeaf = !store.isDeaf
    else if (turn === 10) store.holdsReply = !store.holdsReply
    else if (turn === 11) store.isSlow = !store.isSlow
    else if (turn === 12) store.isCutOff = !store.isCutOff
    else if (turn === 13) store.losesReply = true
    else this.lose(this.below(4))
  }

  /** No more than a copy of the server may lag: the oldest snapshot is older. */
  private lose(batches: number): void {
    const { log } = this
    const oldest = log.kept.at(-1)
    const kept = Math.max(this.durable, oldest === undefined ? 0 : indexOf(oldest.position))
    this.note()
    log.lose(Math.min(batches, log.batches.length - kept))
    log.changed()
  }

  private note(): void {
    for (const [id, value] of rewardsOf(this.log)) this.counted.add(`${id} ${value}`)
  }

  private promises(what: string, reward: Reward | null, promise: Promise<void>): void {
    const one: Promised = { what, reward, outcome: 'waits' }
    this.promised.push(one)
    promise.then(
      () => {
        one.outcome = 'kept'
        this.note()
        if (reward !== null && !this.counted.has(`${reward.id} ${reward.value}`))
          this.faults.push(`${what} was told to be kept, and never counted`)
      },
      () => {
        one.outcome = 'refused'
      },
    )
  }

  private async end(): Promise<void> {
    const { all, log, faults, promised } = this
    for (const { store } of all) store.isDeaf = store.holdsReply = store.isSlow = store.isCutOff = false
    log.changed()
    const waiting = () => promised.filter(({ outcome }) => outcome === 'waits')
    await until(() => waiting().length === 0, 'what was promised', END_MS).catch(() => {})
    faults.push(...waiting().map(({ what }) => `${what} waits for ever`))
    await Promise.all(all.map(({ router }) => router.flush().catch(() => {})))
    const isRead = () =>
      all.every(({ router }) => router.stats().journal?.position === log.batches.at(-1)?.position)
    await until(isRead, 'the end of the log', END_MS).catch(() =>
      faults.push('a replica does not read to the end'),
    )
    if (this.isConfirming) this.holdWhatWasDurable()
    await this.open()
    const digests = await Promise.all(all.map(({ router }) => router.digest()))
    if (new Set(digests.map(({ sha256 }) => sha256)).size > 1) faults.push('replicas differ')
    for (const { router } of all) await router.close()
  }

  private holdWhatWasDurable(): void {
    const rewards = rewardsOf(this.log)
    for (const { what, reward, outcome } of this.promised)
      if (reward !== null && outcome === 'kept' && rewards.get(reward.id) !== reward.value)
        this.faults.push(`${what} was told to be kept, and is not in the log`)
  }
}

describe.each([
  ['that loses what it acknowledged', false],
  ['that loses only what it has not acknowledged', true],
])('replicas on a store %s', (_, isConfirming) => {
  it('tell nothing to be kept that did not count, leave no one waiting, and end alike', async () => {
    const first = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))
    const play = async (seed: number) =>
      (await new Script(seed, isConfirming).play()).map((fault) => `seed ${seed}: ${fault}`)
    const faults = await Promise.all(Array.from({ length: SCRIPTS }, (_, i) => play(first + i)))
    expect(faults.flat()).toEqual([])
  }, 120_000)
})
