import { type Design, rewardDesign, settledDesign } from '../kernel/design.js'
import type { ArmStatistics, Kernel } from '../kernel/kernel.js'
import { AGE_MAX, cellOffset, sectionOffset } from '../kernel/layout.js'
import type { ArmInspection } from './arm-inspection.js'

/** The bandit's arms as slots of the kernel's arena: what a slot starts from, and the marks a play leaves. */
export class Arms {
  readonly kernel: Kernel
  readonly lambda0: number
  readonly rewards: Design
  readonly settlements: Design

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

  /** What the cost head was taught of a context was wrong by so much. */
  reteachCost(slot: number, context: Float64Array, change: number): void {
    const { kernel } = this
    const { layout, f64 } = kernel
    const heads = this.settlements.heads * layout.paddedDimension
    const response = sectionOffset(layout, this.settlements.response, heads, slot)
    for (let i = 0; i < context.length; i++) f64[response + i] += change * context[i]
    kernel.rebuildSettled(slot)
  }

  /** Adds to the level that the cost head predicts of every request; how sure it is, and the rest, stay. */
  shiftCost(slot: number, change: number): void {
    const { kernel } = this
    const { dimension } = kernel.layout
    const { response, precision } = this.runs(this.settlements, slot)
    // b = A theta: the last column of A times the change.
    for (let i = 0, row = 0; i < dimension; row += dimension - i, i++)
      response[i] += change * precision[row + dimension - 1 - i]
    kernel.rebuildSettled(slot)
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

  /** What a design begins with: statistics already scaled, or none. */
  startDesign(design: Design, slot: number, statistics: ArmStatistics | null, now: number): void {
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

  /** Adds to the diagonal of a packed triangle. */
  addToDiagonal(triangle: Float64Array, share: number): void {
    const { dimension } = this.kernel.layout
    for (let i = 0, k = 0; i < dimension; k += dimension - i, i++) triangle[k] += share
  }

  /** After a design's A or b were written: its inverse and its thetas. */
  rebuild(design: Design, slot: number): void {
    if (design === this.rewards) this.kernel.rebuild(slot)
    else this.kernel.rebuildSettled(slot)
  }

  /** An arm's runs in a design's sections, pads and all, as views. */
  runs(design: Design, slot: number): Record<'theta' | 'response' | 'inverse' | 'precision', Float64Array> {
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

  /** Observations that a design's estimates of an arm stand on, forgetting counted: A's entry of the bias, lambda0 included. */
  observations({ precision }: Design, slot: number): number {
    const { f64, layout } = this.kernel
    const { paddedTriangle, triangle } = layout
    return f64[sectionOffset(layout, precision, paddedTriangle, slot) + triangle - 1]
  }

  /** The weight of the bias in a design's first theta of an arm: what it predicts whatever the context. */
  level({ theta, heads }: Design, slot: number): number {
    const { f64, layout } = this.kernel
    const { dimension, paddedDimension } = layout
    return f64[sectionOffset(layout, theta, heads * paddedDimension, slot) + dimension - 1]
  }

  /** What a cold arm's first theta begins with: it predicts that of every context, as if lambda0 observations had said so. */
  startLevel({ theta, response, heads }: Design, slot: number, level: number): void {
    const { f64, layout } = this.kernel
    const { dimension, paddedDimension } = layout
    const bias = dimension - 1
    f64[sectionOffset(layout, theta, heads * paddedDimension, slot) + bias] = level
    f64[sectionOffset(layout, response, heads * paddedDimension, slot) + bias] = this.lambda0 * level
  }

  /** What forgetting leaves over that many requests. */
  decayOver(requests: number): number {
    const { f64, layout } = this.kernel
    let decay = 1
    for (let left = requests; left > 0; left -= AGE_MAX)
      decay *= f64[layout.gammaPower + Math.min(left, AGE_MAX)]
    return decay
  }

  private view(offset: number, length: number): Float64Array {
    return this.kernel.f64.subarray(offset, offset + length)
  }

  cell(section: number, index: number): number {
    return this.kernel.f64[cellOffset(this.kernel.layout, section, index)]
  }

  setCell(section: number, index: number, value: number): void {
    this.kernel.f64[cellOffset(this.kernel.layout, section, index)] = value
  }
}

/** Numbers of one arm that a snapshot keeps, in an arena with `heads` heads. */
export function armNumbers(dimension: number, heads: 0 | 2 = 0): number {
  const triangles = dimension * (dimension + 1)
  return 4 + 2 * dimension + triangles + (heads > 0 ? 2 + 2 * heads * dimension + triangles : 0)
}
