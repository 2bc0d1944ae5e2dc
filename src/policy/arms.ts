import { type Design, rewardDesign, settledDesign } from '../kernel/design.js'
import type { ArmStatistics, Kernel } from '../kernel/kernel.js'
import { cellOffset, sectionOffset } from '../kernel/layout.js'

/** What an arm has learned, for looking at. */
export interface ArmInspection {
  /** Ridge estimate theta, d numbers. */
  readonly theta: Float64Array
  /** Diagonal of A^-1, d numbers. */
  readonly variances: Float64Array
  /** Request counts at the last statistics update and at the last play. */
  readonly lastUpdate: number
  readonly lastPlay: number
  /** How much of lambda0 is left on the diagonal of A after decay: lambda0 at the start, restored at 10 % of it. */
  readonly ridge: number
  /**
   * Weights of what is predicted of a settlement, d numbers each: log of the cost ratio, log of the latency. Null where
   * the arena has no heads.
   */
  readonly costTheta: Float64Array | null
  readonly latencyTheta: Float64Array | null
}

/** The bandit's arms as slots of the kernel's arena: what a slot starts from, and the marks a play leaves. */
export class Arms {
  readonly kernel: Kernel
  private readonly lambda0: number

  constructor(kernel: Kernel, lambda0: number) {
    this.kernel = kernel
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
    this.startDesign(rewardDesign(layout), slot, statistics, now)
    if (layout.heads > 0) this.startDesign(settledDesign(layout), slot, settled, now)
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
    const { layout, f64 } = this.kernel
    const inverse = sectionOffset(layout, layout.inverse, layout.paddedTriangle, slot)
    const variances = new Float64Array(layout.dimension)
    for (let i = 0, r = inverse; i < layout.dimension; r += layout.dimension - i, i++) variances[i] = f64[r]
    return {
      theta: this.theta(slot).slice(),
      variances,
      lastUpdate: this.cell(layout.lastUpdate, slot),
      lastPlay: this.cell(layout.lastPlay, slot),
      ridge: this.cell(layout.ridge, slot),
      costTheta: layout.heads > 0 ? this.headTheta(slot, 0).slice() : null,
      latencyTheta: layout.heads > 0 ? this.headTheta(slot, 1).slice() : null,
    }
  }

  /** Observations the arm's reward estimate stands on, forgetting counted: A's entry of the bias, lambda0 included. */
  evidence(slot: number): number {
    return this.lastDiagonal(this.kernel.layout.precision, slot)
  }

  /** `evidence` of the arm's settled requests. The arena has heads. */
  settledEvidence(slot: number): number {
    return this.lastDiagonal(this.kernel.layout.settledPrecision, slot)
  }

  /**
   * Leaves a share in (0, 1) of the evidence for the arm's reward estimate, which itself stays what it is: A and b times
   * the share, then what is missing of lambda0 I added to A, and as many times theta to b.
   */
  shrinkReward(slot: number, factor: number): void {
    this.shrink(rewardDesign(this.kernel.layout), slot, factor)
  }

  /** `shrinkReward` of the arm's settled requests and both of their heads. The arena has heads. */
  shrinkSettled(slot: number, factor: number): void {
    this.shrink(settledDesign(this.kernel.layout), slot, factor)
  }

  /**
   * The arm's own numbers in the arena, section by section, as views: what a snapshot keeps. Where the arena has heads,
   * those of its settled requests follow.
   */
  sections(slot: number): Float64Array[] {
    const { layout } = this.kernel
    const views = [layout.lastUpdate, layout.lastPlay, layout.ridge, layout.price].map((section) =>
      this.view(cellOffset(layout, section, slot), 1),
    )
    this.pushDesign(views, rewardDesign(layout), slot)
    if (layout.heads > 0) {
      for (const section of [layout.settledUpdate, layout.settledRidge])
        views.push(this.view(cellOffset(layout, section, slot), 1))
      this.pushDesign(views, settledDesign(layout), slot)
    }
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

  /** theta of a head of the settled requests, a view of d numbers. */
  private headTheta(slot: number, head: number): Float64Array {
    const { layout } = this.kernel
    const { dimension, paddedDimension } = layout
    const offset = sectionOffset(layout, layout.headTheta, layout.heads * paddedDimension, slot)
    return this.view(offset + head * paddedDimension, dimension)
  }

  private pushDesign(views: Float64Array[], design: Design, slot: number): void {
    const { layout } = this.kernel
    const { dimension, paddedDimension, triangle, paddedTriangle } = layout
    for (const section of [design.theta, design.response]) {
      const offset = sectionOffset(layout, section, design.heads * paddedDimension, slot)
      for (let head = 0; head < design.heads; head++)
        views.push(this.view(offset + head * paddedDimension, dimension))
    }
    for (const section of [design.inverse, design.precision])
      views.push(this.view(sectionOffset(layout, section, paddedTriangle, slot), triangle))
  }

  private startDesign(design: Design, slot: number, statistics: ArmStatistics | null, now: number): void {
    const { layout, f64 } = this.kernel
    const { dimension, triangle, paddedTriangle } = layout
    const heads = design.heads * layout.paddedDimension
    const response = sectionOffset(layout, design.response, heads, slot)
    const precision = sectionOffset(layout, design.precision, paddedTriangle, slot)
    this.setCell(design.lastUpdate, slot, now)
    this.setCell(design.ridge, slot, this.lambda0)
    f64.fill(0, response, response + heads)
    if (statistics !== null) {
      f64.set(statistics.precision, precision)
      f64.set(statistics.response, response)
      this.rebuild(design, slot)
      return
    }
    // A = lambda0 I, A^-1 = I / lambda0, b = theta = 0, written down: inverting it would take O(d^3).
    const theta = sectionOffset(layout, design.theta, heads, slot)
    const inverse = sectionOffset(layout, design.inverse, paddedTriangle, slot)
    f64.fill(0, theta, theta + heads)
    f64.fill(0, precision, precision + triangle)
    f64.fill(0, inverse, inverse + triangle)
    for (let i = 0, k = 0; i < dimension; k += dimension - i, i++) {
      f64[precision + k] = this.lambda0
      f64[inverse + k] = 1 / this.lambda0
    }
  }

  private shrink(design: Design, slot: number, factor: number): void {
    const { layout, f64 } = this.kernel
    const { dimension, triangle } = layout
    const heads = design.heads * layout.paddedDimension
    const precision = sectionOffset(layout, design.precision, layout.paddedTriangle, slot)
    const theta = sectionOffset(layout, design.theta, heads, slot)
    const response = sectionOffset(layout, design.response, heads, slot)
    const left = this.cell(design.ridge, slot) * factor
    const missing = Math.max(0, this.lambda0 - left)
    for (let k = 0; k < triangle; k++) f64[precision + k] *= factor
    for (let i = 0, k = precision; i < dimension; k += dimension - i, i++) f64[k] += missing
    for (let i = 0; i < heads; i++) f64[response + i] = f64[response + i] * factor + missing * f64[theta + i]
    this.setCell(design.ridge, slot, Math.max(this.lambda0, left))
    this.rebuild(design, slot)
  }

  private rebuild(design: Design, slot: number): void {
    if (design.heads > 1) this.kernel.rebuildSettled(slot)
    else this.kernel.rebuild(slot)
  }

  private lastDiagonal(section: number, slot: number): number {
    const { layout, f64 } = this.kernel
    return f64[sectionOffset(layout, section, layout.paddedTriangle, slot) + layout.triangle - 1]
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
