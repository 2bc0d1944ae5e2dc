import { readClock } from '../../base/clock.js'

/** What grading may cost. */
export interface JudgeCap {
  /** Dollars per period, > 0. */
  readonly usd: number
  /** Hours and days of UTC. */
  readonly per: 'hour' | 'day'
  /** The most that one grade may cost, USD, > 0: it is set aside before the model is asked, and booked where a reply has no cost. */
  readonly usdPerGrade: number
}

const MS = { hour: 3_600_000, day: 86_400_000 } as const

/** Dollars of a judge: those of the period, and those set aside. No grade is begun that could go beyond the cap. */
export class JudgeAccount {
  private period = Number.NaN
  private spent = 0
  private reserved = 0

  /** @param now milliseconds since 1970 UTC */
  constructor(private readonly now: () => number) {}

  /** Spent in this period, USD. */
  spentUsd({ per }: JudgeCap): number {
    this.begin(per)
    return this.spent
  }

  /** @returns whether there is room for one more grade, which is set aside then */
  reserve({ usd, per, usdPerGrade }: JudgeCap): boolean {
    this.begin(per)
    if (this.spent + this.reserved + usdPerGrade > usd) return false
    this.reserved += usdPerGrade
    return true
  }

  /** @param costUsd null: it is not known, and what was set aside is booked */
  book({ per, usdPerGrade }: JudgeCap, costUsd: number | null): void {
    this.begin(per)
    this.reserved = Math.max(0, this.reserved - usdPerGrade)
    this.spent += costUsd ?? usdPerGrade
  }

  private begin(per: JudgeCap['per']): void {
    const period = Math.floor(readClock(this.now) / MS[per])
    // Clocks are set back a little, and then have the same beginning before them again.
    if (period === this.period || period === this.period - 1) return
    this.period = period
    this.spent = 0
  }
}
