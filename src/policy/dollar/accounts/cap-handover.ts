import { type CapSpec, periodOf, type ToldPeriod } from './cap-period.js'
import { HandedDollars, readPair, type SavedHanded } from './handed-dollars.js'
import type { SpendWindow, SpentPart } from './spend-window.js'

/** A cap, as far as what it hands over goes by it. */
interface HandingCap extends Pick<CapSpec, 'usd' | 'per' | 'window' | 'timeZone'> {
  readonly startsAt: number
  readonly endsAt: number
  /** Null of a calendar cap. */
  readonly rolling: SpendWindow | null
  isOver(at: number): boolean
  begin(startsAt: number, endsAt: number): void
  /** What it has counted, the oldest first. */
  counted(at: number): readonly SpentPart[]
}

/** What a cap counts beyond what was drawn for it: of caps that it took the place of, and of the time when it was away. */
export class CapHandover {
  private readonly cap: HandingCap
  private readonly dollars = new HandedDollars()
  /** Of a cap that was taken away: when, and what it had counted of that instant; null while it is in force. */
  private asideFrom: readonly [usd: number, at: number] | null = null

  constructor(cap: HandingCap) {
    this.cap = cap
  }

  /** As of `HandedDollars.hand`. */
  take({ usd, at }: SpentPart, isCredited?: boolean): void {
    this.dollars.hand(usd, at, isCredited)
  }

  /** An operator gave a credit, USD. */
  credit(usd: number): void {
    this.dollars.credit(usd)
  }

  /**
   * The cap is taken away: it limits nothing from now on, and counts for when it is put back.
   * @param periods that of its calendar, for what is routed in it counts though no request has begun it
   */
  putAside(at: number, periods: readonly ToldPeriod[]): void {
    const { cap } = this
    if (this.asideFrom !== null) return
    const period = cap.isOver(at) ? periodOf(cap, periods) : undefined
    if (period !== undefined) cap.begin(period.startsAt, period.endsAt)
    this.asideFrom = [this.countedSince(at, at), at]
  }

  /** The cap is in force again. What was spent meanwhile, replicas have not drawn for it. */
  putBack(at: number): void {
    if (this.asideFrom === null) return
    const [usd, asideAt] = this.asideFrom
    this.asideFrom = null
    const moreUsd = this.countedSince(asideAt, at) - usd
    if (moreUsd <= 0) return
    this.dollars.hand(moreUsd + this.handedUsd(this.cap.startsAt, at), at)
  }

  /** By what the latest credit raised what replicas share of the limit, USD: as it is read right after the credit. */
  get creditedUsd(): number {
    return this.dollars.creditedUsd
  }

  /** Whether the cap was taken away in a period that was over then: what is routed in a later one is not its spend. */
  isPast(at: number): boolean {
    const { startsAt, endsAt } = this.cap
    return this.asideFrom !== null && endsAt > startsAt && at >= endsAt
  }

  /** What replicas share of the limit, USD: in the calendar period that begins at `startsAt`, or now. */
  sharedUsd(startsAt: number, now: number): number {
    return Math.max(0, this.cap.usd - this.handedUsd(startsAt, now))
  }

  /** For `loadAside`. */
  get aside(): readonly [usd: number, at: number] | null {
    return this.asideFrom
  }

  /** Of a new cap. False for what `aside` cannot have given. */
  loadAside(value: unknown): boolean {
    if (value === null) return true
    const pair = readPair(value)
    if (pair === null || !(pair[0] >= 0)) return false
    this.asideFrom = pair
    return true
  }

  /** For `loadHanded`; null where there is nothing. */
  get handed(): SavedHanded {
    return this.dollars.save()
  }

  /** Of a new cap. False for what `handed` cannot have given. */
  loadHanded(value: unknown): boolean {
    return this.dollars.load(value)
  }

  private handedUsd(startsAt: number, now: number): number {
    const { rolling } = this.cap
    return rolling === null ? this.dollars.inPeriod(startsAt) : this.dollars.inWindow(now, rolling.memoryMs)
  }

  private countedSince(since: number, at: number): number {
    return this.cap.counted(at).reduce((sum, part) => (part.at >= since ? sum + part.usd : sum), 0)
  }
}
