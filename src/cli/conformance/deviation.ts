/** Every deviation up to this counts as the same number. */
export const TOLERANCE = 1e-9

/** What is compared at every step, then what is compared at the end. */
export const QUANTITIES = [
  'utility',
  'lambda_',
  'costEma',
  'theta',
  'traceAinv',
  'diagAinv',
  'lastUpdate',
  'lastPlayed',
  'regularization',
] as const
type Quantity = (typeof QUANTITIES)[number]

/** The largest deviation of one quantity, and where it is. */
export interface Deviation {
  readonly largest: number
  /** For example `steps[12]` or `final["m0"]`. */
  readonly place: string
  readonly recorded: number
  readonly actual: number
}

/** |actual - recorded| / max(1, |recorded|): relative, or absolute below 1. NaN when either is. */
export function deviationOf(actual: number, recorded: number): number {
  return Math.abs(actual - recorded) / Math.max(1, Math.abs(recorded))
}

/** False for NaN too. */
export function isWithinTolerance(deviation: number): boolean {
  return deviation <= TOLERANCE
}

/** Keeps the largest deviation of each quantity; NaN counts as larger than any number. */
export class Deviations {
  private readonly byQuantity = new Map<Quantity, Deviation>()

  compare(quantity: Quantity, actual: number, recorded: number, place: string): void {
    const largest = deviationOf(actual, recorded)
    const before = this.byQuantity.get(quantity)
    if (before !== undefined && !(largest > before.largest) && !Number.isNaN(largest)) return
    if (before !== undefined && Number.isNaN(before.largest)) return
    this.byQuantity.set(quantity, { largest, place, recorded, actual })
  }

  get(quantity: Quantity): Deviation | undefined {
    return this.byQuantity.get(quantity)
  }

  get withinTolerance(): boolean {
    return [...this.byQuantity.values()].every(({ largest }) => isWithinTolerance(largest))
  }
}
