/** Retries that may be made at once, whatever came before. */
const BURST = 10

/** Retries as a share of requests: while everything fails, calls do not multiply. */
export class RetryShare {
  private left = BURST

  /** A request has come. */
  add(share: number): void {
    this.left = Math.min(BURST, this.left + share)
  }

  /** @returns whether one more may be made */
  take(share: number): boolean {
    if (share === 0 || this.left < 1) return false
    this.left--
    return true
  }
}
