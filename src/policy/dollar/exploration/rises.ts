import type { Arms } from '../../../bandit/arms.js'
import type { Evidence } from '../../../bandit/evidence.js'
import {
  RECOVERY_STEP_MAX,
  REWARD_RECOVERED_RATIO,
  RISE_FACTOR_MAX,
  RISE_KNOWN_REWARDS,
  RISE_REQUESTS,
  RISE_TRIES,
  TRIAL_REQUESTS,
  TRIAL_SHARE,
} from '../tuning.js'

/** Larger weights, of priors that no rewards have made, are left out: what is added to an arm stays far below what a snapshot may hold. */
const WEIGHT_MAX = 1e9

/** What was known of a model when rewards rose. */
interface Known {
  readonly theta: Float64Array
  /** Rewards that it has had since. */
  heard: number
}

/** A time from which on rewards may be higher than before, and what was known then: by slot. */
interface Rise {
  /** Request count. */
  readonly at: number
  readonly known: Map<number, Known>
}

/** A model that may have risen as others have. */
interface Suspect {
  readonly rise: Rise
  /** Log-likelihood ratio: that it has, against that it has not. */
  ratio: number
  /** Rewards until it is given up. */
  left: number
}

/**
 * Models whose rewards may have risen because another's have. A judge that scores higher does so for all models, but only those
 * that are asked show it: the others look as bad beside them as the old scores say, and nobody would ask them again. So
 * they are tried as those that have fallen, by requests that would be theirs had they risen by as much: where they were
 * worth more before. Rewards decide between both: a sequential test of normal residuals; Wald, Annals of Mathematical Statistics 1945.
 */
export class Rises {
  private readonly suspects = new Map<number, Suspect>()
  /** Those that models are suspected of, in the order of time. */
  private open: readonly Rise[] = []

  /**
   * The rewards of one of the models have risen, so those of all may have: its own too, by more than it has learned yet. What
   * rises soon after another has the same cause.
   * @param slots of models that have had rewards, that one's among them
   */
  rose(slots: readonly number[], arms: Arms, requests: number): void {
    const latest = this.open.at(-1)
    const isNew = latest === undefined || requests - latest.at > RISE_REQUESTS
    const rise = isNew ? { at: requests, known: knownOf(slots, arms) } : latest
    for (const slot of slots)
      if (rise.known.has(slot) && !this.suspects.has(slot))
        this.suspects.set(slot, { rise, ratio: 0, left: RISE_TRIES })
    this.readOpen()
  }

  /**
   * A reward of the arm came, of the context in the arena.
   * @param residual from what the arm predicts; `variance` of such residuals
   * @returns whether the arm is found to have risen: it then predicts by as much more
   */
  observe(slot: number, residual: number, variance: number, evidence: Evidence, requests: number): boolean {
    if (this.suspects.size === 0) return false
    for (const rise of this.open) {
      const known = rise.known.get(slot)
      if (known !== undefined) known.heard++
    }
    const suspect = this.suspects.get(slot)
    if (suspect === undefined) return false
    const by = raisedBy(suspect.rise, slot, evidence.arms, 0)
    if (by > 0) {
      const raised = residual - by
      const step = (residual * residual - raised * raised) / (2 * variance)
      suspect.ratio += Math.min(Math.max(step, -RECOVERY_STEP_MAX), RECOVERY_STEP_MAX)
      suspect.left--
    }
    const isKnown = (suspect.rise.known.get(slot)?.heard ?? 0) >= RISE_KNOWN_REWARDS
    const hasRisen = suspect.ratio >= REWARD_RECOVERED_RATIO
    if (hasRisen) raise(slot, by, evidence, requests)
    if (hasRisen || isKnown || suspect.left === 0 || suspect.ratio <= -REWARD_RECOVERED_RATIO) {
      this.suspects.delete(slot)
      this.readOpen()
    }
    return hasRisen
  }

  /** By how much, at most, a model may be worth more than it seems for the arena's context of that index, when a try is due; else -Infinity. */
  promise(slot: number, idle: number, requests: number, heard: number, arms: Arms, index: number): number {
    const suspect = this.suspects.get(slot)
    if (suspect === undefined) return Number.NEGATIVE_INFINITY
    const since = heard * (requests - suspect.rise.at)
    if (idle < Math.max(TRIAL_REQUESTS, TRIAL_SHARE * since)) return Number.NEGATIVE_INFINITY
    return RISE_FACTOR_MAX * Math.max(0, raisedBy(suspect.rise, slot, arms, index))
  }

  /** The model of a slot is gone, or another. */
  forget(slot: number): void {
    this.suspects.delete(slot)
    for (const rise of this.open) rise.known.delete(slot)
    this.readOpen()
  }

  clear(): void {
    this.suspects.clear()
    this.readOpen()
  }

  /**
   * As numbers, for a snapshot: how many rises, and of each its time, how many models it knows, and of each its slot, its
   * rewards since and its theta; then of each suspect its slot, which rise, ratio and rewards left.
   */
  save(): number[] {
    const rises = this.open
    if (rises.length === 0) return []
    const numbers = [rises.length]
    for (const { at, known } of rises) {
      numbers.push(at, known.size)
      for (const [slot, { heard, theta }] of known) numbers.push(slot, heard, ...theta)
    }
    for (const [slot, { rise, ratio, left }] of this.suspects)
      numbers.push(slot, rises.indexOf(rise), ratio, left)
    return numbers
  }

  /** @returns whether all of `numbers` is what `save` gave */
  load(numbers: Float64Array, dimension: number, slots: readonly number[]): boolean {
    if (numbers.length === 0) return true
    const models = new Set(slots)
    const rises: Rise[] = []
    let next = 1
    for (let i = 0; i < numbers[0]; i++) {
      const [at, size] = numbers.subarray(next, next + 2)
      const known = new Map<number, Known>()
      if (!(at >= 0 && at < Number.POSITIVE_INFINITY && size >= 0 && size <= slots.length)) return false
      next += 2
      for (let j = 0; j < size; j++) {
        const [slot, heard] = numbers.subarray(next, next + 2)
        const theta = numbers.slice(next + 2, next + 2 + dimension)
        if (!models.has(slot) || known.has(slot) || !isCount(heard)) return false
        if (theta.length < dimension || !theta.every(isWeight)) return false
        known.set(slot, { heard, theta })
        next += 2 + dimension
      }
      rises.push({ at, known })
    }
    if (numbers.length <= next || (numbers.length - next) % 4 !== 0) return false
    for (; next < numbers.length; next += 4) {
      const [slot, index, ratio, left] = numbers.subarray(next, next + 4)
      const rise = rises[index]
      if (rise?.known.has(slot) !== true || this.suspects.has(slot)) return false
      if (!(Math.abs(ratio) < REWARD_RECOVERED_RATIO)) return false
      if (!isCount(left) || left === 0 || left > RISE_TRIES) return false
      this.suspects.set(slot, { rise, ratio, left })
    }
    this.readOpen()
    return this.open.length === rises.length
  }

  /** Of rises that nobody is suspected of any more nothing is kept. */
  private readOpen(): void {
    const rises = new Set<Rise>()
    for (const { rise } of this.suspects.values()) rises.add(rise)
    this.open = [...rises].sort((a, b) => a.at - b.at)
  }
}

function knownOf(slots: readonly number[], arms: Arms): Map<number, Known> {
  const { dimension } = arms.kernel.layout
  const known = new Map<number, Known>()
  for (const slot of slots) {
    const theta = arms.theta(slot).slice(0, dimension)
    if (theta.every(isWeight)) known.set(slot, { theta, heard: 0 })
  }
  return known
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

function isWeight(value: number): boolean {
  return Math.abs(value) <= WEIGHT_MAX
}

/** How much more than now an arm would predict of the arena's context of that index, had it risen as the model with the most rewards since has. */
function raisedBy({ known }: Rise, slot: number, arms: Arms, index: number): number {
  let source = -1
  let most = 0
  for (const [other, { heard }] of known)
    if (other !== slot && heard > most) {
      source = other
      most = heard
    }
  if (source < 0) return 0
  return changeOf(known, source, arms, index) - changeOf(known, slot, arms, index)
}

/** How much more an arm predicts than then. */
function changeOf(known: Rise['known'], slot: number, arms: Arms, index: number): number {
  const before = known.get(slot)?.theta
  if (before === undefined) return 0
  const { f64, layout } = arms.kernel
  const context = layout.context + index * layout.paddedDimension
  const now = arms.theta(slot)
  let change = 0
  for (let i = 0; i < layout.dimension; i++) change += (now[i] - before[i]) * f64[context + i]
  return change
}

/** Adds to the arm's weight of the bias; what it stands on stays. */
function raise(slot: number, by: number, evidence: Evidence, requests: number): void {
  const { dimension } = evidence.arms.kernel.layout
  const numbers = evidence.copyReward(slot)
  for (let i = 0, row = 1 + dimension; i < dimension; row += dimension - i, i++)
    numbers[1 + i] += by * numbers[row + dimension - 1 - i]
  evidence.putReward(slot, numbers, requests)
}
