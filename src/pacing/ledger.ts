/** Dollars: spent, set aside for requests that have not settled, and allowed by the budget so far. */
export class Ledger {
  spendUsd = 0
  reservedUsd = 0
  allowanceUsd = 0
  unsettled = 0
  /** Requests that the allowance is for. */
  allowed = 0

  /** A request was routed: its expected cost is set aside, and the ceiling in force is allowed. */
  reserve(reservedUsd: number, allowanceUsd: number): void {
    this.reservedUsd += reservedUsd
    this.allowanceUsd += allowanceUsd
    this.unsettled++
    if (allowanceUsd > 0) this.allowed++
  }

  /** The reservation gives way to spend: the realised cost, or the reservation itself when it expires. */
  settle(reservedUsd: number, costUsd: number): void {
    this.spendUsd += costUsd
    this.release(reservedUsd)
  }

  /** A request failed: it was none, so the budget allows nothing for it. */
  takeBack(allowanceUsd: number): void {
    if (allowanceUsd === 0) return
    this.allowed--
    this.allowanceUsd = this.allowed === 0 ? 0 : Math.max(0, this.allowanceUsd - allowanceUsd)
  }

  /** A settlement after expiry: the difference to what the expiry had charged. */
  correct(differenceUsd: number): void {
    this.spendUsd = Math.max(0, this.spendUsd + differenceUsd)
  }

  private release(reservedUsd: number): void {
    this.unsettled--
    // Sums of dollars taken and given back leave rounding behind; nothing in flight means nothing is set aside.
    this.reservedUsd = this.unsettled === 0 ? 0 : Math.max(0, this.reservedUsd - reservedUsd)
  }
}
