import type { Arms } from '../../../bandit/arms.js'
import { AGE_MAX } from '../../../kernel/layout.js'
import type { FoldInSnapshot } from '../../../state/policy-state.js'
import type { RewardUnits } from '../../../state/reward-units.js'
import {
  COMMON_FIRST_ROUNDS,
  COMMON_RIDGE_PRIOR,
  FIT_ROUNDS,
  KNOWN_OBSERVATIONS,
  REDRAWN_OBSERVATIONS,
  REFIT_REWARDS_MIN,
  REFIT_SHARE,
  VARIANCE_PRIOR_REWARDS,
  VARIANCE_REWARDS,
} from '../tuning.js'
import { type ArmSums, FeatureEvidence, FeatureRidge } from './feature-evidence.js'
import { arenaSystem } from './linear-system.js'
import { commonRidgeOf, ownRidgeOf } from './ridges.js'
import { HEAD, isWeight, LISTS, PULL, REWARDS, Row, SINCE, withinBounds } from './shrinkage-row.js'
import { steepness } from './steepness.js'

const NONE = new Float64Array()
/** Of a row in a snapshot. */
const NOT_HELD = 0
const HELD = 1
/** Largest magnitude of what a snapshot has. */
const SAVED_MAX = 1e15

/**
 * How far to trust features, learned from the data (empirical Bayes). An arm's reward is taken to be
 *
 *     m_a + (h_a w + w_a) . x_f        w ~ N(0, s^2 I)     w_ai ~ N(0, t_i^2)
 *
 * a level of its own, weights that all models share (how hard a prompt is), as steep as its level says (steepness.ts), and
 * weights of its own (what this model is better at). s^2 and each feature's t_i^2 are found from the rewards, by the fixed point
 * of MacKay (Bayesian interpolation, 1992; automatic relevance determination, 1994),
 *
 *     t_i^2 = sum_a w_ai^2 / sum_a gamma_ai        gamma_ai = 1 - ridge_ai (G_a + ridge_a)^-1_ii
 *
 * over all arms: gamma_ai is how far the data decide that weight. s^2 alike, from w. An arm's ridge of a feature is
 * sigma_a^2 / t_i^2, sigma_a^2 the variance of its rewards about its predictions. A feature in which models differ by
 * noise alone gets a t_i^2 near 0, and there each model keeps the common weight; one in which rewards say that they differ
 * is trusted. What an arm says of w is what is left once its own weights are integrated out (a mixed model), or w would be
 * what the busiest arm says of prompts.
 *
 * It lives in the arm's own statistics: A holds the ridge of the features and b the ridge times the weights that it draws
 * to, so scoring costs what it did. An arm is fitted again when its rewards have grown by a quarter: O(d^3). When w is, the arms
 * that are known well are drawn to the new one at once, O(arms d^3): of two that are drawn to different ones the same prompt would
 * look harder for one.
 */
export class Shrinkage {
  private readonly arms: Arms
  /** In the order of slots, whenever they came: sums over them are the same in a router that loaded a snapshot. */
  private rows = new Map<number, Row>()
  /** No row has had a higher slot. */
  private lastSlot = -1
  /** Rows of fallen arms as they were: they come back with what was known then. */
  private readonly held = new Map<number, Row>()
  private readonly features: number
  /** Weights that all arms share. */
  private readonly common: Float64Array
  /** What draws them to 0, in rewards of the usual variance. */
  private commonRidge = COMMON_RIDGE_PRIOR
  /** Rewards so far, and when the common weights were fitted. */
  private rewards = 0
  private fitted = 0
  private readonly evidence: FeatureEvidence
  /** What one arm says of the weights that all share, and these as steep as that arm has them. */
  private readonly one: FeatureEvidence
  private readonly steep: Float64Array
  private readonly ridge: FeatureRidge
  private readonly ridges: Float64Array
  /** Of each feature, over all arms: how far the data decide own weights, and the sum of their squares. */
  private readonly decided: Float64Array
  private readonly squares: Float64Array

  constructor(arms: Arms) {
    const { dimension } = arms.kernel.layout
    this.arms = arms
    this.features = dimension - 1
    this.common = new Float64Array(this.features)
    this.ridges = new Float64Array(this.features)
    this.decided = new Float64Array(this.features)
    this.squares = new Float64Array(this.features)
    this.steep = new Float64Array(this.features)
    this.evidence = new FeatureEvidence(dimension)
    this.one = new FeatureEvidence(dimension)
    this.ridge = new FeatureRidge(dimension, arenaSystem(arms.kernel))
  }

  /** Whether the arm's shrinkage is learned: those of logs before it was keep what they began with. */
  learns(slot: number): boolean {
    return this.rows.has(slot)
  }

  /** @param start as in `model-added`; empty: it stays what it is */
  started(slot: number, start: Float64Array): void {
    const { features } = this
    this.rows.delete(slot)
    this.held.delete(slot)
    if (start.length === 0) return
    const row = new Row(features)
    row.ridges.set(start.subarray(1, 1 + features))
    row.target.set(start.subarray(1 + features))
    row.head[PULL] = this.arms.lambda0
    const sums = this.sums(slot)
    if (this.hasRewards(slot, sums)) this.judge(slot, row, sums)
    this.place(slot, row)
    if (this.fitted > 0) this.draw(slot, row, sums, row.ridges)
    else {
      const steep = steepness(sums)
      for (let i = 0; i < features; i++) this.common[i] = row.target[i] / steep
    }
  }

  /**
   * An arm that began before shrinkage was learned is fitted from now on. What it has learned is in its A and b: they hold
   * its rewards' sums, and what drew its features at first, as far as that is known; what is not counts as rewards.
   * @param began the ridge of each feature now, then the weights that it draws to
   * @param rewards it has had
   * @param fallen whether it may come back as it was before it fell
   */
  takeUp(
    slot: number,
    began: Float64Array,
    rewards: number,
    fallen: boolean,
    variance: (slot: number) => number,
  ): void {
    if (this.rows.has(slot)) return
    const { features } = this
    const row = new Row(features)
    row.head[REWARDS] = rewards
    if (fallen) this.held.set(slot, row.copy())
    row.ridges.set(began.subarray(0, features))
    row.target.set(began.subarray(features))
    const sums = this.sums(slot)
    this.takeRewards(slot, row, sums)
    this.place(slot, row)
    this.rewards += rewards
    this.fitCommon(variance)
    this.fitOwn(slot, row, sums, variance(slot))
    // Others that take it up as well change the common weights: it is fitted again with its next reward.
    row.head[SINCE] = rewards
  }

  /** What draws an arm's features, and to which weights: views. Its shrinkage is learned. */
  drawOf(slot: number): { readonly ridges: Float64Array; readonly target: Float64Array } {
    const row = this.rows.get(slot)
    return { ridges: row?.ridges ?? NONE, target: row?.target ?? NONE }
  }

  /** What the next residual counts in the variance: it is a mean at first. 0 where it is not learned so. */
  varianceRate(slot: number): number {
    const row = this.rows.get(slot)
    if (row === undefined) return 0
    return 1 / (Math.min(row.head[REWARDS], VARIANCE_REWARDS) + VARIANCE_PRIOR_REWARDS + 1)
  }

  /** Before the arm learns a reward: what it knew has aged. */
  rewarded(slot: number, now: number): void {
    const row = this.rows.get(slot)
    if (row === undefined) return
    const { layout, f64 } = this.arms.kernel
    const age = Math.min(Math.max(now - this.arms.cell(layout.lastUpdate, slot), 0), AGE_MAX)
    row.scale(f64[layout.gammaPower + age])
    row.head[SINCE]++
    row.head[REWARDS]++
    this.rewards++
  }

  /** What the arm stands on was taken down to a share. */
  scaled(slot: number, share: number): void {
    this.rows.get(slot)?.scale(share)
  }

  fell(slot: number): void {
    const row = this.rows.get(slot)
    if (row !== undefined && !this.held.has(slot)) this.held.set(slot, row.copy())
  }

  /** What it was before a fall is asked for no more. */
  letGo(slot: number): void {
    this.held.delete(slot)
  }

  recovered(slot: number): void {
    const row = this.held.get(slot)
    if (row !== undefined) this.place(slot, row)
    this.held.delete(slot)
  }

  /** Fits the arm again if that is due. @param variance of an arm's rewards about its predictions */
  fit(slot: number, variance: (slot: number) => number): void {
    const row = this.rows.get(slot)
    if (row === undefined) return
    const { arms } = this
    const known = arms.observations(arms.rewards, slot)
    if (row.head[SINCE] < Math.max(REFIT_REWARDS_MIN, REFIT_SHARE * known)) return
    row.head[SINCE] = 0
    if (this.rewards - this.fitted >= Math.max(REFIT_REWARDS_MIN, REFIT_SHARE * this.fitted))
      this.fitCommon(variance)
    this.fitOwn(slot, row, this.sums(slot), variance(slot))
  }

  /** A model's slot has no model any more. */
  forget(slot: number): void {
    this.rows.delete(slot)
    this.held.delete(slot)
  }

  /** All that it knows was of rewards as they were given. */
  takeRawRewards(rewards: RewardUnits): void {
    const toUnit = (weights: Float64Array): void => {
      weights.forEach((weight, i) => {
        weights[i] = rewards.differenceToUnit(weight)
      })
    }
    toUnit(this.common)
    for (const { target, squares } of [...this.rows.values(), ...this.held.values()]) {
      toUnit(target)
      toUnit(squares)
      toUnit(squares)
    }
  }

  /** As numbers, for a snapshot: the common weights with what was known when, then the rows. Nothing where none is learned. */
  save(): Float64Array {
    if (this.rows.size === 0) return new Float64Array()
    const { common, features } = this
    const head = 3 + features
    const length = 2 + HEAD + LISTS * features
    const saved = new Float64Array(head + (this.rows.size + this.held.size) * length)
    saved.set([this.commonRidge, this.rewards, this.fitted])
    saved.set(common, 3)
    let at = head
    for (const [kind, rows] of [
      [NOT_HELD, this.rows],
      [HELD, this.held],
    ] as const)
      for (const [slot, { numbers }] of sorted(rows)) {
        saved[at] = slot
        saved[at + 1] = kind
        saved.set(numbers, at + 2)
        at += length
      }
    return saved
  }

  /**
   * Takes what `save` gave.
   * @param fold what the same snapshot says of arms, and of requests: no arm had more rewards
   * @param held A of a fallen arm as it comes back
   * @returns false when no router saved it
   */
  load(
    numbers: Float64Array,
    slots: readonly number[],
    { requests, precisionOf }: FoldInSnapshot,
    held: (slot: number) => Float64Array,
  ): boolean {
    if (numbers.length === 0) return true
    const { features, common } = this
    const head = 3 + features
    const length = 2 + HEAD + LISTS * features
    if (numbers.length < head || (numbers.length - head) % length !== 0) return false
    if (!numbers.every((entry) => Math.abs(entry) <= SAVED_MAX)) return false
    const known = new Set(slots)
    const [ridge, rewards, fitted] = numbers
    if (!(ridge > 0 && rewards >= fitted && fitted >= 0 && rewards <= requests)) return false
    if (!numbers.subarray(3, head).every(isWeight)) return false
    this.commonRidge = ridge
    this.rewards = rewards
    this.fitted = fitted
    common.set(numbers.subarray(3, head))
    for (let at = head; at < numbers.length; at += length) {
      const [slot, kind] = numbers.subarray(at, at + 2)
      const all = kind === HELD ? this.held : this.rows
      if ((kind !== HELD && kind !== NOT_HELD) || !known.has(slot) || all.has(slot)) return false
      const row = new Row(features)
      row.numbers.set(numbers.subarray(at + 2, at + length))
      const precision = kind === HELD ? held(slot) : precisionOf(slot)
      if (!row.isPossible(requests, precision, this.arms.lambda0)) return false
      if (kind === HELD) all.set(slot, row)
      else this.place(slot, row)
    }
    return true
  }

  private place(slot: number, row: Row): void {
    const isLast = slot > this.lastSlot
    const isInPlace = isLast || this.rows.has(slot)
    this.rows.set(slot, row)
    if (isLast) this.lastSlot = slot
    // All are sorted for one that comes between them alone: of thousands of models each would cost as much as all.
    if (!isInPlace) this.rows = new Map(sorted(this.rows))
  }

  /** What an arm that begins with rewards of a prior says of its own weights. */
  private judge(slot: number, row: Row, sums: ArmSums): void {
    this.takeRewards(slot, row, sums)
    this.ridge.solve(this.evidence, row.ridges, row.target)
    row.learn(this.ridge)
  }

  /** The evidence of an arm's own rewards; where what drew it cannot have been so, all that it has counts as rewards. */
  private takeRewards(slot: number, row: Row, sums: ArmSums): void {
    const { evidence } = this
    evidence.clear()
    this.addEvidence(evidence, slot, row, sums)
    if (evidence.isPossible) return
    row.ridges.fill(0)
    row.target.fill(0)
    evidence.clear()
    this.addEvidence(evidence, slot, row, sums)
  }

  private fitCommon(variance: (slot: number) => number): void {
    const { evidence, one, ridge, ridges } = this
    let usual = 0
    for (const slot of this.rows.keys()) usual += variance(slot) / this.rows.size
    evidence.clear()
    this.sumOwn()
    for (const [slot, row] of this.rows) {
      const sums = this.sums(slot)
      if (!this.hasRewards(slot, sums)) continue
      one.clear()
      this.addEvidence(one, slot, row, sums)
      this.ownRidges(variance(slot))
      ridge.integrateOut(one, ridges)
      evidence.take(one, usual / variance(slot), steepness(sums))
    }
    const rounds = this.fitted === 0 ? COMMON_FIRST_ROUNDS : 1
    for (let round = 0; round < rounds; round++) {
      ridges.fill(this.commonRidge)
      ridge.solve(evidence, ridges, null)
      this.commonRidge = commonRidgeOf(ridge, usual)
    }
    this.fitted = this.rewards
    for (let i = 0; i < this.features; i++) this.common[i] = withinBounds(ridge.weights[i])
    for (const [slot, row] of this.rows) {
      const sums = this.sums(slot)
      if (observationsOf(sums) >= REDRAWN_OBSERVATIONS) this.draw(slot, row, sums, row.ridges)
    }
  }

  /** Whether the arm stands on any, its own or a prior's. */
  private hasRewards(slot: number, sums: ArmSums): boolean {
    const rest = this.arms.cell(this.arms.rewards.ridge, slot)
    return observationsOf(sums) >= rest + KNOWN_OBSERVATIONS
  }

  private fitOwn(slot: number, row: Row, sums: ArmSums, variance: number): void {
    const { evidence, ridge, ridges } = this
    const target = this.targetOf(sums)
    evidence.clear()
    this.addEvidence(evidence, slot, row, sums)
    for (let round = 0; round < FIT_ROUNDS; round++) {
      this.sumOwn()
      this.ownRidges(variance)
      ridge.solve(evidence, ridges, target)
      row.learn(ridge)
    }
    this.sumOwn()
    this.ownRidges(variance)
    this.draw(slot, row, sums, ridges)
  }

  /** The weights that all share, as steep as the arm has them. */
  private targetOf(sums: ArmSums): Float64Array {
    const { steep, common } = this
    const share = steepness(sums)
    for (let i = 0; i < steep.length; i++) steep[i] = share * common[i]
    return steep
  }

  /** What all arms know of own weights, before `ownRidges`. O(arms d) */
  private sumOwn(): void {
    const { decided, squares, features } = this
    decided.fill(0)
    squares.fill(0)
    for (const row of this.rows.values()) {
      const own = row.decided
      const ownSquares = row.squares
      for (let i = 0; i < features; i++) {
        decided[i] += own[i]
        squares[i] += ownSquares[i]
      }
    }
  }

  /** sigma_a^2 / t_i^2 of each feature, into `ridges`. */
  private ownRidges(variance: number): void {
    const { ridges, decided, squares } = this
    for (let i = 0; i < ridges.length; i++) ridges[i] = ownRidgeOf(decided[i], squares[i], variance)
  }

  /** The arm's features are drawn to the common weights by those ridges, and no longer as they were. */
  private draw(slot: number, row: Row, sums: ArmSums, ridges: Float64Array): void {
    const { arms, features } = this
    const { head, target } = row
    const { precision, response } = sums
    const drawn = this.targetOf(sums)
    const rest = arms.cell(arms.rewards.ridge, slot)
    for (let i = 0, k = 0; i < features; k += features + 1 - i, i++) {
      precision[k] += ridges[i] - row.ridges[i]
      response[i] += (ridges[i] + rest) * drawn[i] - (row.ridges[i] + head[PULL]) * target[i]
    }
    head[PULL] = rest
    row.ridges.set(ridges)
    target.set(drawn)
    arms.rebuild(arms.rewards, slot)
  }

  private addEvidence(
    into: FeatureEvidence,
    slot: number,
    { ridges, target, head }: Row,
    sums: ArmSums,
  ): void {
    const rest = this.arms.cell(this.arms.rewards.ridge, slot)
    into.add(sums, 1, { ridges, target, rest, pull: head[PULL] })
  }

  private sums(slot: number): ArmSums {
    const { arms } = this
    const { dimension, triangle } = arms.kernel.layout
    const { precision, response } = arms.runs(arms.rewards, slot)
    return { precision: precision.subarray(0, triangle), response: response.subarray(0, dimension) }
  }
}

function observationsOf({ precision }: ArmSums): number {
  return precision[precision.length - 1]
}

function sorted(rows: ReadonlyMap<number, Row>): [number, Row][] {
  return [...rows].sort(([a], [b]) => a - b)
}
