/** Dollars: spent, set aside for requests that have not settled, and allowed by the budget so far. */
export class Ledger {
  spendUsd = 0
  reservedUsd = 0
  allowanceUsd = 0
  /** What of spend and reservations belongs to requests that were routed without a budget. */
  unbudgetedUsd = 0
  unsettled = 0
  /** Requests that the allowance is for. */
  allowed = 0

  /** A request was routed: its expected cost is set aside, and the ceiling in force (0: none) is allowed. */
  reserve(reservedUsd: number, allowanceUsd: number): void {
    this.reservedUsd += reservedUsd
    this.allowanceUsd += allowanceUsd
    this.unsettled++
    if (allowanceUsd > 0) this.allowed++
    else this.unbudgetedUsd += reservedUsd
  }

  /** The reservation gives way to spend: the realised cost, or the reservation itself when it expires. */
  settle(reservedUsd: number, costUsd: number, allowanceUsd: number): void {
    this.unsettled--
    // Sums of dollars taken and given back leave rounding behind; nothing in flight means nothing is set aside.
    this.reservedUsd = this.unsettled === 0 ? 0 : Math.max(0, this.reservedUsd - reservedUsd)
    this.spendUsd += costUsd
    this.move(costUsd - reservedUsd, allowanceUsd)
  }

  /** A settlement after expiry: the difference to what the expiry had charged. */
  correct(differenceUsd: number, allowanceUsd: number): void {
    this.spendUsd = Math.max(0, this.spendUsd + differenceUsd)
    this.move(differenceUsd, allowanceUsd)
  }

  /** Requests were refused: the budget allows for each as for any other, or an account in debt could never get out of it. */
  allow(allowanceUsd: number, requests: number): void {
    this.allowed += requests
    this.allowanceUsd += allowanceUsd * requests
  }

  /** A request failed: the budget allows nothing for it. */
  takeBack(allowanceUsd: number): void {
    if (allowanceUsd === 0) return
    this.allowed--
    this.allowanceUsd = this.allowed === 0 ? 0 : Math.max(0, this.allowanceUsd - allowanceUsd)
  }

  /** Share of the allowance that is spent or set aside by requests under a budget; null where nothing is allowed. */
  get utilisation(): number | null {
    if (this.allowanceUsd <= 0) return null
    return Math.max(0, this.spendUsd + this.reservedUsd - this.unbudgetedUsd) / this.allowanceUsd
  }

  private move(differenceUsd: number, allowanceUsd: number): void {
    if (allowanceUsd === 0) this.unbudgetedUsd = Math.max(0, this.unbudgetedUsd + differenceUsd)
  }
}
