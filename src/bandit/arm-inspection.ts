/** What an arm has learned, for looking at. */
export interface ArmInspection {
  /** Ridge estimate theta, d numbers. */
  readonly theta: Float64Array
  /** Diagonal of A^-1, d numbers. */
  readonly variances: Float64Array
  /** Request count at the last statistics update. */
  readonly lastUpdate: number
  /** Request count at the last play. */
  readonly lastPlay: number
  /** How much of lambda0 is left on the diagonal of A after decay: lambda0 at the start, restored at 10 % of it. */
  readonly ridge: number
  /**
   * Weights of what is predicted of a settlement, d numbers each: log of the cost ratio, log of the latency. Null where
   * the arena has no heads.
   */
  readonly costTheta: Float64Array | null
  /** The same, of the log of the latency. */
  readonly latencyTheta: Float64Array | null
}
