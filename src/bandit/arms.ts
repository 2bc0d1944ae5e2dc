import { type Design, rewardDesign, settledDesign } from '../kernel/design.js'
import type { ArmStatistics, Kernel } from '../kernel/kernel.js'
import { cellOffset, sectionOffset } from '../kernel/layout.js'
import type { ArmInspection } from './arm-inspection.js'

/** The bandit's arms as slots of the kernel's arena: what a slot starts from, and the marks a play leaves. */
export class Arms {
  readonly kernel: Kernel
  private readonly lambda0: number
  private readonly rewards: Design
  private readonly settlements: Design

  constructor(kernel: Kernel, lambda0: number) {
    this.kernel = kernel
    this.rewards = rewardDesign(kernel.layout)
    this.settlements = settledDesign(kernel.layout)
    this.lambda0 = lambda0
  }

  /**
   * A cold or warmed arm, last seen at request count `now`: A = lambda0 I, b = 0, or the given statistics (which
   * carry their own lambda0 I). `settled`: the same of its settled requests, b that of the cost head; the latency head
   * starts cold. It counts only where the arena has heads.
   * @throws OUT_OF_MEMORY; nothing has changed then
   */
  start(
    slot: number,
    statistics: ArmStatistics | null,
    logCost: number,
    now: number,
    settled: ArmStatistics | null = null,
  ): void {
    const { kernel } = this
    kernel.reserve(slot + 1)
    const { layout } = kernel
    this.setCell(layout.lastPlay, slot, now)
    this.setCell(layout.bound, slot, 0)
    this.setCell(layout.price, slot, logCost)
    this.startDesign(this.rewards, slot, statistics, now)
    if (layout.heads > 0) this.startDesign(this.settlements, slot, settled, now)
  }

  setPrice(slot: number, logCost: number): void {
    this.setCell(this.kernel.layout.price, slot, logCost)
  }

  price(slot: number): number {
    return this.cell(this.kernel.layout.price, slot)
  }

  /** The arm was played by the request that made the count `now`. */
  markPlayed(slot: number, now: number): void {
    this.setCell(this.kernel.layout.lastPlay, slot, now)
  }

  /** Requests since the arm was last played or updated. */
  idleAge(slot: number, now: number): number {
    const { layout } = this.kernel
    return Math.max(0, now - Math.max(this.cell(layout.lastUpdate, slot), this.cell(layout.lastPlay, slot)))
  }

  /** Puts an arm into the list, with its price for a penalty. */
  setCandidate(position: number, slot: number): void {
    this.setCell(this.kernel.layout.candidate, position, slot)
    this.setPenalty(position, this.price(slot))
  }

  /** What a list position is charged, times the decision's penalty weight. */
  setPenalty(position: number, penalty: number): void {
    this.setCell(this.kernel.layout.penalty, position, penalty)
  }

  setScore(position: number, score: number): void {
    this.setCell(this.kernel.layout.score, position, score)
  }

  scoreAt(position: number): number {
    return this.cell(this.kernel.layout.score, position)
  }

  /** The arm's ridge estimate theta, a view of d numbers. */
  theta(slot: number): Float64Array {
    const { layout } = this.kernel
    return this.view(sectionOffset(layout, layout.theta, layout.paddedDimension, slot), layout.dimension)
  }

  inspect(slot: number): ArmInspection {
    const { layout } = this.kernel
    const [lastUpdate, lastPlay, ridge, , theta, , inverse, , , , cost, latency] = this.sections(slot)
    const variances = new Float64Array(layout.dimension)
    for (let i = 0, r = 0; i < layout.dimension; r += layout.dimension - i, i++) variances[i] = inverse[r]
    return {
      theta: theta.slice(),
      variances,
      lastUpdate: lastUpdate[0],
      lastPlay: lastPlay[0],
      ridge: ridge[0],
      costTheta: cost?.slice() ?? null,
      latencyTheta: latency?.slice() ?? null,
    }
  }

  /** Observations the arm's reward estimate stands on, forgetting counted: A's entry of the bias, lambda0 included. */
  evidence(slot: number): number {
    return this.evidenceOf(this.rewards, slot)
  }

  /** `evidence` of the arm's settled requests. The arena has heads. */
  settledEvidence(slot: number): number {
    return this.evidenceOf(this.settlements, slot)
  }

  /**
   * Takes what is known of the bias alone down to so many observations: A^-1 + e e^T / observations, e the bias, by the
   * Sherman-Morrison formula on A, with b such that theta stays. A level that moved is then found in as many requests,
   * and what tells one prompt from another is kept.
   */
  loosenReward(slot: number, observations: number): void {
    this.loosen(this.rewards, slot, observations)
  }

  /** `loosenReward` of the arm's settled requests and both of their heads. The arena has heads. */
  loosenSettled(slot: number, observations: number): void {
    this.loosen(this.settlements, slot, observations)
  }

  /**
   * Leaves a share in (0, 1) of the evidence for the arm's reward estimate, which itself stays what it is: A and b times
   * the share, then what is missing of lambda0 I added to A, and as many times theta to b.
   */
  shrinkReward(slot: number, factor: number): void {
    this.shrink(this.rewards, slot, factor)
  }

  /** `shrinkReward` of the arm's settled requests and both of their heads. The arena has heads. */
  shrinkSettled(slot: number, factor: number): void {
    this.shrink(this.settlements, slot, factor)
  }

  /** What the arm's reward estimate stands on, copied: what is left of lambda0, b, A. For `putReward`. */
  copyReward(slot: number): Float64Array {
    const { dimension, triangle } = this.kernel.layout
    const { response, precision } = this.runs(this.rewards, slot)
    const ridge = this.cell(this.rewards.ridge, slot)
    return Float64Array.of(ridge, ...response.subarray(0, dimension), ...precision.subarray(0, triangle))
  }

  /** Puts back what `copyReward` gave, as if it had been learned just now. */
  putReward(slot: number, numbers: Float64Array, now: number): void {
    const { dimension } = this.kernel.layout
    const [ridge] = numbers
    const response = numbers.subarray(1, 1 + dimension)
    this.startDesign(this.rewards, slot, { response, precision: numbers.subarray(1 + dimension) }, now)
    this.setCell(this.rewards.ridge, slot, ridge)
  }

  /**
   * The arm's own numbers in the arena, section by section, as views: what a snapshot keeps. Where the arena has heads,
   * those of its settled requests follow.
   */
  sections(slot: number): Float64Array[] {
    const { layout } = this.kernel
    const cells = (sections: readonly number[]): Float64Array[] =>
      sections.map((section) => this.view(cellOffset(layout, section, slot), 1))
    const { rewards, settlements } = this
    const views = [
      ...cells([rewards.lastUpdate, layout.lastPlay, rewards.ridge, layout.price]),
      ...this.sectionsOf(rewards, slot),
    ]
    if (layout.heads > 0)
      views.push(...cells([settlements.lastUpdate, settlements.ridge]), ...this.sectionsOf(settlements, slot))
    return views
  }

  /** Puts an arm's numbers, `sections` one after the other, where a snapshot says they were. There must be room. */
  load(slot: number, numbers: Float64Array): void {
    let at = 0
    for (const section of this.sections(slot)) {
      section.set(numbers.subarray(at, at + section.length))
      at += section.length
    }
    this.setCell(this.kernel.layout.bound, slot, 0)
  }

  private sectionsOf(design: Design, slot: number): Float64Array[] {
    const { dimension, paddedDimension, triangle } = this.kernel.layout
    const { theta, response, inverse, precision } = this.runs(design, slot)
    const vectors = [theta, response].flatMap((run) =>
      Array.from({ length: design.heads }, (_, head) =>
        run.subarray(head * paddedDimension, head * paddedDimension + dimension),
      ),
    )
    return [...vectors, inverse.subarray(0, triangle), precision.subarray(0, triangle)]
  }

  private startDesign(design: Design, slot: number, statistics: ArmStatistics | null, now: number): void {
    const { theta, response, inverse, precision } = this.runs(design, slot)
    this.setCell(design.lastUpdate, slot, now)
    this.setCell(design.ridge, slot, this.lambda0)
    response.fill(0)
    if (statistics !== null) {
      precision.set(statistics.precision)
      response.set(statistics.response)
      this.rebuild(design, slot)
      return
    }
    // A = lambda0 I, A^-1 = I / lambda0, b = theta = 0, written down: inverting it would take O(d^3).
    theta.fill(0)
    precision.fill(0)
    inverse.fill(0)
    this.addToDiagonal(precision, this.lambda0)
    this.addToDiagonal(inverse, 1 / this.lambda0)
  }

  private shrink(design: Design, slot: number, factor: number): void {
    const { theta, response, precision } = this.runs(design, slot)
    const left = this.cell(design.ridge, slot) * factor
    const missing = Math.max(0, this.lambda0 - left)
    for (let k = 0; k < precision.length; k++) precision[k] *= factor
    this.addToDiagonal(precision, missing)
    for (let i = 0; i < theta.length; i++) response[i] = response[i] * factor + missing * theta[i]
    this.setCell(design.ridge, slot, Math.max(this.lambda0, left))
    this.rebuild(design, slot)
  }

  private loosen(design: Design, slot: number, observations: number): void {
    const { dimension, paddedDimension } = this.kernel.layout
    const { theta, response, precision } = this.runs(design, slot)
    const column = new Float64Array(dimension)
    for (let i = 0, row = 0; i < dimension; row += dimension - i, i++)
      column[i] = precision[row + dimension - 1 - i]
    const share = 1 / (observations + column[dimension - 1])
    response.fill(0)
    for (let i = 0, k = 0; i < dimension; i++) {
      for (let j = i; j < dimension; j++, k++) {
        precision[k] -= share * column[i] * column[j]
        for (let head = 0; head < theta.length; head += paddedDimension) {
          response[head + i] += precision[k] * theta[head + j]
          if (j !== i) response[head + j] += precision[k] * theta[head + i]
        }
      }
    }
    this.rebuild(design, slot)
  }

  private addToDiagonal(triangle: Float64Array, share: number): void {
    const { dimension } = this.kernel.layout
    for (let i = 0, k = 0; i < dimension; k += dimension - i, i++) triangle[k] += share
  }

  private rebuild(design: Design, slot: number): void {
    if (design === this.rewards) this.kernel.rebuild(slot)
    else this.kernel.rebuildSettled(slot)
  }

  private evidenceOf(design: Design, slot: number): number {
    return this.runs(design, slot).precision[this.kernel.layout.triangle - 1]
  }

  /** An arm's runs in a design's sections, pads and all, as views. */
  private runs(
    design: Design,
    slot: number,
  ): Record<'theta' | 'response' | 'inverse' | 'precision', Float64Array> {
    const { layout } = this.kernel
    const run = (section: number, length: number): Float64Array =>
      this.view(sectionOffset(layout, section, length, slot), length)
    const vectors = design.heads * layout.paddedDimension
    return {
      theta: run(design.theta, vectors),
      response: run(design.response, vectors),
      inverse: run(design.inverse, layout.paddedTriangle),
      precision: run(design.precision, layout.paddedTriangle),
    }
  }

  private view(offset: number, length: number): Float64Array {
    return this.kernel.f64.subarray(offset, offset + length)
  }

  private cell(section: number, index: number): number {
    return this.kernel.f64[cellOffset(this.kernel.layout, section, index)]
  }

  private setCell(section: number, index: number, value: number): void {
    this.kernel.f64[cellOffset(this.kernel.layout, section, index)] = value
  }
}

/** Numbers of one arm that a snapshot keeps, in an arena with so many heads. */
export function armNumbers(dimension: number, heads: 0 | 2 = 0): number {
  const triangles = dimension * (dimension + 1)
  return 4 + 2 * dimension + triangles + (heads > 0 ? 2 + 2 * heads * dimension + triangles : 0)
}
