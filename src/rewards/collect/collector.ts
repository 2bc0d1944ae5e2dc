import { checkFunction, checkRecord } from '../../base/check.js'
import { expected, isStoreError, ParetoBanditError } from '../../base/errors.js'
import { LatestMap } from '../../base/latest-map.js'
import { reading } from '../../base/read-once.js'
import { textHash } from '../../base/text-hash.js'
import { uniqueId } from '../../base/unique-id.js'
import type { Verdict } from '../validators/verdict.js'
import { CollectedRewards } from './collected-rewards.js'
import type { CollectorParts, RewardOutcome, SourceReward } from './collector-parts.js'
import { SourceComparison } from './comparison.js'
import { HeldNotes, type LeftBehind } from './held-rewards.js'
import { isInStore } from './in-store.js'
import { type Receipt, VALIDATOR, WaitingVerdicts } from './waiting-verdicts.js'

interface Applied {
  readonly keys: ReadonlySet<string>
  readonly receipt: Receipt
}

const NO_KEYS: ReadonlySet<string> = new Set()

interface Taken {
  readonly outcome: RewardOutcome
  /** Null: it is collected, or has been before. */
  readonly durable: Promise<void> | null
}
const TAKEN: Taken = { outcome: 'taken', durable: null }
const KNOWN: Taken = { outcome: 'known', durable: null }

/** Whoever gave it hears that it is not kept. */
const FORGOTTEN = () => {}

/** Decisions whose rewards were applied lately, with the keys of these: who sends one again hears that it is known. */
const APPLIED_MAX = 100_000
/** Decisions whose rewards are collected at a time. */
const WAITING_MAX = 100_000
/** Rewards that the store has no room for are given again, ms. */
const STORE_RETRY_MS = 1000
const CLOSE_WAIT_MS = 500

/**
 * Rewards of one decision that come within the window are one, their mean by weight. The router takes one for each decision, so
 * none counts twice, whoever repeats it. Those that are collected are noted where they outlive this process before anybody is told
 * that they are taken; what a process has left behind another applies, or the next.
 */
export class RewardCollector {
  /** How far sources agree, and the scale of the calibrated one. */
  readonly comparison: SourceComparison
  private readonly options: CollectorParts
  private readonly waiting = new Map<string, CollectedRewards>()
  private readonly applied = new LatestMap<string, Applied>(APPLIED_MAX)
  private readonly verdicts: WaitingVerdicts
  private readonly held: HeldNotes
  private readonly ending = new Set<Promise<void>>()
  private readonly stopWatching: () => void
  private isClosed = false

  /** @throws INVALID_ARGUMENT */
  constructor(options: CollectorParts) {
    checkRecord(options, 'options')
    for (const name of ['settings', 'after', 'now', 'draw', 'onError'] as const)
      checkFunction(
        reading(name, () => options[name]),
        name,
      )
    for (const name of ['router', 'store'] as const)
      checkRecord(
        reading(name, () => options[name]),
        name,
      )
    this.options = options
    this.verdicts = new WaitingVerdicts(options, (decision, receipt) =>
      this.remember(decision, NO_KEYS, receipt),
    )
    this.held = new HeldNotes(options.store)
    this.comparison = new SourceComparison(() => options.settings().calibrated)
    this.stopWatching = this.held.watch((left) => this.takeUp(left), options)
  }

  /**
   * Resolves when it outlives this process.
   * @throws (the promise is rejected with) what `router.reward` throws, for one that comes after the window at once; INVALID_ARGUMENT for a
   * source that has no weight; TOO_MANY_REWARDS; STORE_UNREACHABLE where neither the router's store nor that of held rewards has it
   */
  async give(reward: SourceReward): Promise<RewardOutcome> {
    const outcome = await this.taken(reward)
    if (outcome === 'taken') this.options.onReward?.(reward.source, reward.value)
    return outcome
  }

  private async taken(reward: SourceReward): Promise<RewardOutcome> {
    const { decision } = reward
    const key = reward.idempotencyKey === null ? uniqueId() : textHash(reward.idempotencyKey)
    const { outcome, durable } = this.take(reward, key)
    if (durable !== null) await this.mustBeKept(durable)
    const waiting = this.waiting.get(decision)
    if (waiting === undefined || (await this.held.keep(decision, waiting.held))) return outcome
    if (outcome === 'taken') this.takeBack(decision, waiting, key)
    const applied = this.applied.get(decision)
    if (applied?.keys.has(key) !== true) throw notKept()
    // Meanwhile it has been applied.
    await this.mustBeKept(applied.receipt.durable)
    return outcome
  }

  private async mustBeKept(durable: Promise<void>): Promise<void> {
    const { after, onError } = this.options
    let refusal: ParetoBanditError | null = null
    const told = (error: unknown) => {
      // What the log refused is no failure of ours: another process knows how the request ended, or has another reward of it.
      if (error instanceof ParetoBanditError && !isStoreError(error)) refusal = error
      else onError(error)
    }
    if (!(await isInStore(durable, after, told))) throw refusal ?? notKept()
  }

  /** Whoever gave it hears that it is not kept, and gives it again. */
  private takeBack(decision: string, waiting: CollectedRewards, key: string): void {
    if (this.waiting.get(decision) !== waiting) return
    waiting.takeBack(key)
    if (!waiting.isEmpty) {
      this.end(this.held.keep(decision, waiting.held))
      return
    }
    this.waiting.delete(decision)
    waiting.cancel()
    this.end(this.held.drop(decision))
  }

  private take({ decision, value: said, weight, source }: SourceReward, key: string): Taken {
    const { router, settings, after, now } = this.options
    const applied = this.applied.get(decision)
    if (applied?.keys.has(key) === true) return { outcome: 'known', durable: applied.receipt.durable }
    const { windowMs, weights } = settings()
    if (!Object.hasOwn(weights, source))
      throw expected('INVALID_ARGUMENT', 'source', `one of ${Object.keys(weights).join(', ')}`, source)
    const counts = weight * weights[source]
    const known = this.waiting.get(decision)
    if (known?.has(key) === true) return KNOWN
    const value = this.comparison.scaled(source, said)
    if (known === undefined && applied !== undefined) {
      // Too late to count, it is compared all the same.
      this.comparison.heard(decision, source, said)
      throw alreadyRewarded()
    }
    const isKnown = known !== undefined || this.isKnown(decision)
    this.comparison.heard(decision, source, said)
    if (counts === 0) return TAKEN
    if (known !== undefined) {
      known.add(key, value, counts)
      return TAKEN
    }
    if (!isKnown) {
      // Another process may have made it: the router waits for it, where it shares its log.
      const receipt = router.reward(decision, value)
      this.remember(decision, new Set([key]), receipt, FORGOTTEN)
      return { outcome: 'taken', durable: quietly(receipt) }
    }
    if (this.waiting.size >= WAITING_MAX) this.makeRoom()
    const collected = new CollectedRewards(now() + windowMs)
    collected.add(key, value, counts)
    const verdict = this.verdicts.take(decision)
    if (verdict?.isFirm === true) collected.addVerdict(verdict.value, weights[VALIDATOR] ?? 0)
    this.waiting.set(decision, collected)
    if (windowMs === 0) return { outcome: 'taken', durable: this.apply(decision, true) }
    collected.cancel = after(windowMs, () => this.apply(decision))
    return TAKEN
  }

  /** The one that has waited longest is applied. @throws TOO_MANY_REWARDS while no store takes it */
  private makeRoom(): void {
    for (const oldest of this.waiting.keys()) {
      this.apply(oldest)
      break
    }
    if (this.waiting.size < WAITING_MAX) return
    const message = `expected at most ${WAITING_MAX} answers whose rewards wait, as while no store takes them; try again later`
    throw new ParetoBanditError('TOO_MANY_REWARDS', 'decision', message)
  }

  /** What a process has left behind that is gone. */
  private takeUp({ id, decision, held }: LeftBehind): void {
    const known = this.waiting.get(decision)
    if (known !== undefined) {
      // More have come since: they are one.
      if (held.keys.some((key) => known.has(key))) return
      known.addHeld(held)
      this.end(this.held.keep(decision, known.held).then((isKept) => isKept && this.held.ended(id)))
      return
    }
    if (this.applied.has(decision) || held.weights === 0) {
      this.end(this.held.ended(id))
      return
    }
    const { after, now } = this.options
    const leftMs = held.dueAt - now()
    if (leftMs > 0) {
      // The window goes on.
      const collected = new CollectedRewards(held.dueAt)
      collected.addHeld(held)
      collected.cancel = after(leftMs, () => this.apply(decision))
      this.waiting.set(decision, collected)
      this.end(this.held.keep(decision, held).then((isKept) => isKept && this.held.ended(id)))
      return
    }
    try {
      const receipt = this.options.router.reward(decision, held.weighted / held.weights)
      this.remember(decision, new Set(held.keys), receipt, FORGOTTEN)
      this.end(quietly(receipt).then(() => this.held.ended(id)))
    } catch (error) {
      if (isStoreError(error)) return
      if (!(error instanceof ParetoBanditError)) this.options.onError(error)
      this.end(this.held.ended(id))
    }
  }

  /** What comes of it is told to nobody: a note that stays is looked at again. */
  private end(work: Promise<unknown>): void {
    const ended: Promise<void> = work.then(
      () => void this.ending.delete(ended),
      () => void this.ending.delete(ended),
    )
    this.ending.add(ended)
  }

  /** What validators say of an answer. */
  validated(decision: string, verdict: Verdict): void {
    const { validator = 0 } = this.options.settings().weights
    if (verdict.isFirm) this.comparison.heard(decision, VALIDATOR, verdict.value)
    const known = this.waiting.get(decision)
    if (known !== undefined) {
      if (verdict.isFirm) known.addVerdict(verdict.value, validator)
      return
    }
    if (this.applied.has(decision)) return
    this.options.onReward?.(VALIDATOR, verdict.value)
    this.verdicts.add(decision, verdict)
  }

  /** @throws for a decision that takes no reward any more, before anything is said to be taken */
  private isKnown(decision: string): boolean {
    try {
      this.options.router.checkReward(decision)
      return true
    } catch (error) {
      if (error instanceof ParetoBanditError && error.code === 'UNKNOWN_REQUEST') return false
      throw error
    }
  }

  /** Applies what is collected. */
  async close(): Promise<void> {
    this.stopWatching()
    for (const decision of [...this.waiting.keys()]) this.apply(decision)
    this.isClosed = true
    for (const waiting of this.waiting.values()) waiting.cancel()
    this.verdicts.close()
    // A note that stays is of a reward that counts once all the same.
    await new Promise<void>((resolve) => {
      const cancel = this.options.after(CLOSE_WAIT_MS, resolve)
      void Promise.all(this.ending).then(cancel).then(resolve)
    })
  }

  /** @returns when the router's store has it; null: nothing was applied */
  private apply(decision: string, mustThrow = false): Promise<void> | null {
    const found = this.waiting.get(decision)
    if (found === undefined) return null
    this.waiting.delete(decision)
    found.cancel()
    const { mean } = found
    if (mean === null) return null
    let receipt: Receipt
    try {
      receipt = this.options.router.reward(decision, mean)
    } catch (error) {
      if (mustThrow) throw error
      if (isStoreError(error)) {
        this.applyLater(decision, found)
        return null
      }
      // Another process was first, or it has become too old.
      if (!(error instanceof ParetoBanditError)) this.options.onError(error)
      this.end(this.held.drop(decision))
      return null
    }
    // Whoever gave them was told that they are taken, unless he waits for this.
    this.remember(
      decision,
      found.keys,
      receipt,
      mustThrow ? FORGOTTEN : () => this.applyLater(decision, found),
    )
    const durable = quietly(receipt)
    if (!mustThrow) this.end(durable.then(() => this.held.drop(decision)))
    return durable
  }

  private applyLater(decision: string, collected: CollectedRewards): void {
    if (this.isClosed || this.waiting.has(decision)) return
    collected.cancel = this.options.after(STORE_RETRY_MS, () => this.apply(decision))
    this.waiting.set(decision, collected)
  }

  /**
   * @param onLost called where the store lost it, or cannot say whether it counted; left out: nobody was told that it is taken. Whoever
   *   asks of an event whether it is durable has the log write it at once.
   */
  private remember(decision: string, keys: ReadonlySet<string>, receipt: Receipt, onLost?: () => void): void {
    const applied = { keys, receipt }
    this.applied.set(decision, applied)
    if (onLost === undefined) return
    receipt.durable.catch((error: unknown) => {
      if (!isStoreError(error) || this.applied.get(decision) !== applied) return
      // It may be given again: the router knows whether it counts.
      this.applied.delete(decision)
      onLost()
    })
  }
}

/** Whoever wants to know awaits it. */
function quietly({ durable }: Receipt): Promise<void> {
  durable.catch(() => {})
  return durable
}

function notKept(): ParetoBanditError {
  return new ParetoBanditError('STORE_UNREACHABLE', '', 'rewards cannot be kept at the moment')
}

function alreadyRewarded(): ParetoBanditError {
  return new ParetoBanditError('ALREADY_REWARDED', 'decision', 'its rewards have been applied')
}
