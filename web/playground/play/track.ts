/** Points that the charts show at most: the latest ones. */
export const TRACK_POINTS = 600
/** Points a second at the set rate, so that the charts show the latest 20 seconds or so. */
const POINTS_PER_SECOND = 30
const STRIDE_MAX = 1000

/** One moment of a session. */
export interface TrackPoint {
  readonly request: number
  readonly budgetUsd: number
  readonly shadowPrice: number
  /** Recent means of the router and of policy `paper` beside it. */
  readonly costUsd: number
  readonly reward: number
  readonly paperCostUsd: number
  readonly paperReward: number
  /** Recent shares of the router by place in the world. */
  readonly shares: readonly number[]
}

/** The latest moments of a session, a bounded number of them. */
export class Track {
  private kept: TrackPoint[] = []

  /** How many requests lie between two points at a rate: at one that no machine reaches, what some reach. */
  static strideAt(requestsPerSecond: number): number {
    return Math.max(1, Math.min(STRIDE_MAX, Math.round(requestsPerSecond / POINTS_PER_SECOND)))
  }

  add(point: TrackPoint): void {
    this.kept.push(point)
    // Twice as many are kept for a while: moving them one by one would cost more than a decision.
    if (this.kept.length >= 2 * TRACK_POINTS) this.kept = this.kept.slice(-TRACK_POINTS)
  }

  points(): readonly TrackPoint[] {
    return this.kept.slice(-TRACK_POINTS)
  }
}
