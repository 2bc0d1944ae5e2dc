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
   * carry their own lambda0 I).
   * @throws OUT_OF_MEMORY; nothing has changed then
   */
  start(slot: number, statistics: ArmStatistics | null, logCost: number, now: number): void {
    const { kernel } = this
    kernel.reserve(slot + 1)
    const { layout } = kernel
    this.setCell(layout.lastUpdate, slot, now)
    this.setCell(layout.lastPlay, slot, now)
    this.setCell(layout.ridge, slot, this.lambda0)
    this.setCell(layout.bound, slot, 0)
    this.setCell(layout.price, slot, logCost)
    if (statistics === null) this.startCold(slot)
    else {
      const { f64 } = kernel
      f64.set(statistics.precision, sectionOffset(layout, layout.precision, layout.paddedTriangle, slot))
      f64.set(statistics.response, sectionOffset(layout, layout.response, layout.paddedDimension, slot))
      kernel.rebuild(slot)
    }
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

  setCandidate(position: number, slot: number): void {
    this.setCell(this.kernel.layout.candidate, position, slot)
  }

  scoreAt(position: number): number {
    return this.cell(this.kernel.layout.score, position)
  }

  /** The arm's ridge estimate theta, a view of d numbers. */
  theta(slot: number): Float64Array {
    const { layout, f64 } = this.kernel
    const offset = sectionOffset(layout, layout.theta, layout.paddedDimension, slot)
    return f64.subarray(offset, offset + layout.dimension)
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
    }
  }

  /** The arm's own numbers in the arena, section by section, as views: what a snapshot keeps. */
  sections(slot: number): Float64Array[] {
    const { layout, f64 } = this.kernel
    const views: Float64Array[] = []
    for (const section of [layout.lastUpdate, layout.lastPlay, layout.ridge, layout.price]) {
      const offset = cellOffset(layout, section, slot)
      views.push(f64.subarray(offset, offset + 1))
    }
    for (const section of [layout.theta, layout.response]) {
      const offset = sectionOffset(layout, section, layout.paddedDimension, slot)
      views.push(f64.subarray(offset, offset + layout.dimension))
    }
    for (const section of [layout.inverse, layout.precision]) {
      const offset = sectionOffset(layout, section, layout.paddedTriangle, slot)
      views.push(f64.subarray(offset, offset + layout.triangle))
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

  /** A = lambda0 I, A^-1 = I / lambda0, b = theta = 0, written down: inverting it would take O(d^3). */
  private startCold(slot: number): void {
    const { layout, f64 } = this.kernel
    const { dimension, triangle } = layout
    const precision = sectionOffset(layout, layout.precision, layout.paddedTriangle, slot)
    const inverse = sectionOffset(layout, layout.inverse, layout.paddedTriangle, slot)
    f64.fill(0, precision, precision + triangle)
    f64.fill(0, inverse, inverse + triangle)
    for (let i = 0, k = 0; i < dimension; k += dimension - i, i++) {
      f64[precision + k] = this.lambda0
      f64[inverse + k] = 1 / this.lambda0
    }
    for (const section of [layout.theta, layout.response]) {
      const offset = sectionOffset(layout, section, layout.paddedDimension, slot)
      f64.fill(0, offset, offset + dimension)
    }
  }

  private cell(section: number, index: number): number {
    return this.kernel.f64[cellOffset(this.kernel.layout, section, index)]
  }

  private setCell(section: number, index: number, value: number): void {
    this.kernel.f64[cellOffset(this.kernel.layout, section, index)] = value
  }
}

/** Numbers of one arm that a snapshot keeps. */
export function armNumbers(dimension: number): number {
  return 4 + 2 * dimension + dimension * (dimension + 1)
}
