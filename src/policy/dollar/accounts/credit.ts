import {
  CREDIT_AIM_SHARE,
  CREDIT_FULL_DISCOUNT,
  CREDIT_FULL_SHARE,
  CREDIT_HELD_BACK_SHARE,
  CREDIT_HORIZON_REQUESTS,
  CREDIT_NEAR_LEAST,
  CREDIT_NEAR_REQUESTS,
  CREDIT_SAVING_SHARE,
  CREDIT_SAVING_WORTH,
  CREDIT_SLACK_DEBT_REQUESTS,
  CREDIT_SLACK_SHARE,
  CREDIT_SPARE_REQUESTS,
  CREDIT_START_REQUESTS,
  CREDIT_TAIL_FACTOR,
  CREDIT_TARGET_MAX,
  CREDIT_WORTH_DEBT_REQUESTS,
  DEBT_REQUESTS_MAX,
  FUND_DEBT_REQUESTS,
  FUND_MARGIN,
  FUND_SHARE,
  FUND_START_REQUESTS,
  TARGET_MIN,
  TIGHTNESS,
} from '../tuning.js'

/**
 * The account of a budget: every request pays in its B (USD per request) and draws what it reserves, and later the
 * difference to what it cost. The balance never exceeds `burst` B; what would is lost, and so is
 * what is held back. As long as no request draws more
 * than `limitUsd`, spend + reserved <= sum of B + `burst` B + written off whenever one is routed: credit is charged what was
 * realised, so errors of the predictions do not add up. Why: balance + fund = start + sum of B - lost - drawn + written off,
 * the start is at most 20 B, and the account is never drawn below -(`burst` - 20) B. Where B changes the largest one counts.
 *
 * Part of it may lie in the fund: what newcomers cost above B is paid from there, so that trying a dear model takes
 * nothing from the rest.
 */
export class Credit {
  readonly burst: number
  /** Balance, USD. Below 0 after costs above their reservations. */
  balanceUsd = 0
  /** Saved up for probes, USD. */
  fundUsd = 0
  /** Of bills beyond what the account may owe, USD: bills that turn out lower give this back first. */
  writtenOffUsd = 0
  /** Whether a budget was ever in force: the start is granted once. */
  opened = false

  constructor(burst: number) {
    this.burst = burst
  }

  /** A ceiling was set. The first one grants the start; a later one grants nothing, and a lower one cuts the balance. */
  open(usdPerRequest: number): void {
    if (!this.opened) {
      this.opened = true
      const start = Math.min(CREDIT_START_REQUESTS, this.burst)
      this.fundUsd = Math.min(FUND_START_REQUESTS, start) * usdPerRequest
      this.balanceUsd = start * usdPerRequest - this.fundUsd
    }
    this.balanceUsd = this.capped(this.balanceUsd, usdPerRequest)
  }

  /** What the next request may draw, USD. What the fund owes is owed by all. */
  availableUsd(usdPerRequest: number): number {
    const wholeUsd = this.paidInUsd(usdPerRequest, 1)
    const balanceUsd = this.capped(wholeUsd, usdPerRequest)
    return balanceUsd + Math.min(0, this.fundWith(wholeUsd - balanceUsd))
  }

  /** What the account holds above what it aims to hold, USD. */
  sparedUsd(usdPerRequest: number): number {
    return this.balanceUsd - CREDIT_AIM_SHARE * this.burst * usdPerRequest
  }

  /** What the next requests should cost on average, USD, for the balance to go where it should be. */
  targetUsd(usdPerRequest: number): number {
    const target = TIGHTNESS * usdPerRequest + this.sparedUsd(usdPerRequest) / CREDIT_HORIZON_REQUESTS
    return Math.min(Math.max(target, TARGET_MIN * usdPerRequest), CREDIT_TARGET_MAX * usdPerRequest)
  }

  /**
   * What is not saved of the least that requests can cost, as a share of it. The cheapest model of each prompt is found by
   * predicted costs, and the last of what it saves is mostly their errors, bought with rewards. Debts are paid all the same.
   */
  slack(usdPerRequest: number): number {
    const owed = -this.balanceUsd / (CREDIT_SLACK_DEBT_REQUESTS * usdPerRequest)
    return CREDIT_SLACK_SHARE * (1 - Math.min(Math.max(owed, 0), 1))
  }

  /**
   * The most that a dollar is worth to save it up, in parts of what it is worth at the pace of the budget; Infinity where
   * debts must be paid, or nothing is to be saved up.
   */
  worthOfSaving(usdPerRequest: number): number {
    if (this.sparedUsd(usdPerRequest) >= 0) return Number.POSITIVE_INFINITY
    const share = this.balanceUsd / (this.burst * usdPerRequest)
    const place = (share + CREDIT_SAVING_SHARE) / (2 * CREDIT_SAVING_SHARE)
    return place <= 0 ? Number.POSITIVE_INFINITY : CREDIT_SAVING_WORTH / Math.min(1, place)
  }

  /**
   * The highest shadow price, reward per USD: no B is worth more than a right answer, and as much again for every few that are owed.
   * Where B is what the cheapest model costs no price saves it, and a higher one gives up whole answers for errors of predicted costs.
   */
  priceMax(usdPerRequest: number): number {
    const owed = Math.max(0, -this.balanceUsd) / usdPerRequest
    return (1 + owed / CREDIT_WORTH_DEBT_REQUESTS) / usdPerRequest
  }

  /** What a dollar is worth where the account is nearly full, in parts of what it is worth elsewhere: what comes in then is lost. */
  worthOfDollar(usdPerRequest: number): number {
    // Never above 1 but for a forged state: a balance is cut at what the account may save up.
    const overflow = Math.min(1, this.balanceUsd / (this.burst * usdPerRequest)) - CREDIT_FULL_SHARE
    return 1 - (CREDIT_FULL_DISCOUNT * Math.max(0, overflow)) / (1 - CREDIT_FULL_SHARE)
  }

  /**
   * The most that the next request may draw, USD, of what is available. One that draws no more than B may overdraw the account,
   * by what the start left of the burst: it draws no more than it pays in, and a higher price pays back. So may one that draws
   * little more than on its cheapest model, up to a few B: it draws hardly more than it must.
   * @param leastUsd what the request draws on its cheapest model
   */
  limitUsd(availableUsd: number, usdPerRequest: number, leastUsd = 0): number {
    const nearUsd = Math.min(CREDIT_NEAR_LEAST * leastUsd, CREDIT_NEAR_REQUESTS * usdPerRequest)
    const onCreditUsd = Math.max(usdPerRequest, nearUsd)
    const overdraftUsd = Math.max(0, this.burst - CREDIT_START_REQUESTS) * usdPerRequest
    const roomUsd = this.roomUsd(availableUsd, usdPerRequest)
    return Math.max(roomUsd, Math.min(onCreditUsd, availableUsd + overdraftUsd))
  }

  /** The most that it ever lets one request draw, USD: when it is full. @param leastUsd as of `limitUsd` */
  mostUsd(usdPerRequest: number, leastUsd = 0): number {
    return this.limitUsd(this.burst * usdPerRequest, usdPerRequest, leastUsd)
  }

  /** What to lay by with this request while a newcomer waits, USD: a share of B, and what nobody wants to spend. */
  savingUsd(availableUsd: number, usdPerRequest: number): number {
    const sparedUsd = Math.min(this.sparedUsd(usdPerRequest), usdPerRequest)
    return Math.min(Math.max(FUND_SHARE * usdPerRequest, sparedUsd), Math.max(0, availableUsd))
  }

  /** What the fund must hold for a probe, USD. */
  static fundForUsd(costUsd: number, usdPerRequest: number): number {
    return FUND_MARGIN * Math.max(0, costUsd - usdPerRequest)
  }

  /** Whether the fund, once `savingUsd` has been moved into it, pays for a probe, and the account for its share of it, a B. */
  affordsProbe(costUsd: number, savingUsd: number, availableUsd: number, usdPerRequest: number): boolean {
    return (
      Credit.fundForUsd(costUsd, usdPerRequest) <= this.fundUsd + savingUsd &&
      Math.min(costUsd, usdPerRequest) <= availableUsd - savingUsd
    )
  }

  /** Requests of that ceiling came, until the account is full: what it has no room for pays what the fund owes, or is lost. */
  payIn(usdPerRequest: number, requests = 1): void {
    const wholeUsd = this.paidInUsd(usdPerRequest, requests)
    this.balanceUsd = this.capped(wholeUsd, usdPerRequest)
    this.fundUsd = this.fundWith(wholeUsd - this.balanceUsd)
  }

  /**
   * A request was routed under a ceiling.
   * @param savedUsd moved from the balance to the fund; the fund's all goes back where it is negative
   */
  route(usdPerRequest: number, reservedUsd: number, savedUsd: number, probe: boolean): void {
    this.payIn(usdPerRequest)
    if (savedUsd < 0) {
      this.balanceUsd = this.capped(this.balanceUsd + this.fundUsd, usdPerRequest)
      this.fundUsd = 0
    } else {
      this.balanceUsd -= savedUsd
      this.fundUsd += savedUsd
    }
    this.draw(reservedUsd, usdPerRequest, probe)
  }

  /** What a request of that ceiling really cost: what was reserved above or below it is made good. */
  settle(reservedUsd: number, costUsd: number, usdPerRequest: number, probe: boolean): void {
    this.draw(-reservedUsd, usdPerRequest, probe)
    this.draw(costUsd, usdPerRequest, probe)
    this.boundDebt(usdPerRequest)
    this.balanceUsd = this.capped(this.balanceUsd, usdPerRequest)
  }

  /**
   * Another bill takes the place of one that was booked. One that is lower gives back first what was written off, as far as
   * it was beyond the largest debt itself: what was written off for another is that one's to give back.
   */
  rebook(bookedUsd: number, costUsd: number, usdPerRequest: number, probe: boolean): void {
    const beyondUsd = Math.max(0, bookedUsd - DEBT_REQUESTS_MAX * usdPerRequest)
    const writtenOffUsd = Math.min(this.writtenOffUsd, beyondUsd, Math.max(0, bookedUsd - costUsd))
    this.writtenOffUsd -= writtenOffUsd
    this.settle(bookedUsd - writtenOffUsd, costUsd, usdPerRequest, probe)
    // What the balance had taken over of the fund's debt comes back to it.
    const backUsd = Math.min(Math.max(0, this.fundUsd), Math.max(0, -this.balanceUsd))
    this.fundUsd -= backUsd
    this.balanceUsd += backUsd
  }

  /** An operator's credit, or a debit where it is negative. */
  adjust(usd: number, usdPerRequest: number): void {
    this.balanceUsd += usd
    this.boundDebt(usdPerRequest)
    this.balanceUsd = this.capped(this.balanceUsd, usdPerRequest)
  }

  /** What the fund owes beyond its share is owed by the balance; what both owe beyond theirs is written off. */
  boundDebt(usdPerRequest: number): void {
    const fundUsd = -FUND_DEBT_REQUESTS * usdPerRequest
    if (this.fundUsd < fundUsd) {
      this.balanceUsd += this.fundUsd - fundUsd
      this.fundUsd = fundUsd
    }
    const beyondUsd = -(this.balanceUsd + Math.min(0, this.fundUsd)) - DEBT_REQUESTS_MAX * usdPerRequest
    if (beyondUsd <= 0) return
    this.writtenOffUsd += beyondUsd
    this.balanceUsd += beyondUsd
  }

  /** A failed request does not count: its B goes back. */
  takeBack(usdPerRequest: number): void {
    this.balanceUsd -= usdPerRequest
  }

  /** What one request may draw of that much, USD, so that there is room for the tail of its bill and for some requests more. */
  private roomUsd(availableUsd: number, usdPerRequest: number): number {
    const roomUsd = (availableUsd - CREDIT_SPARE_REQUESTS * usdPerRequest) / CREDIT_TAIL_FACTOR
    return Math.min(roomUsd, availableUsd)
  }

  /** The balance with what that many requests pay in, full or not. */
  private paidInUsd(usdPerRequest: number, requests: number): number {
    // In full while the account holds no more than it aims to, and in part above.
    const sparedUsd = this.sparedUsd(usdPerRequest)
    const whole = sparedUsd > 0 ? 0 : Math.min(requests, Math.floor(-sparedUsd / usdPerRequest) + 1)
    const parts = whole + (1 - CREDIT_HELD_BACK_SHARE) * (requests - whole)
    return this.balanceUsd + parts * usdPerRequest
  }

  /** The fund with what the balance has no room for: no more of it than the fund owes. */
  private fundWith(overflowUsd: number): number {
    return this.fundUsd < 0 ? Math.min(0, this.fundUsd + overflowUsd) : this.fundUsd
  }

  /** A probe's cost above B is the fund's. */
  private draw(costUsd: number, usdPerRequest: number, probe: boolean): void {
    const share = probe ? Math.min(Math.abs(costUsd), usdPerRequest) * Math.sign(costUsd) : costUsd
    this.balanceUsd -= share
    this.fundUsd -= costUsd - share
  }

  private capped(amountUsd: number, usdPerRequest: number): number {
    return Math.min(amountUsd, this.burst * usdPerRequest)
  }
}
