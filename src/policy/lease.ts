/** A rolling pot that processes share moves in this many steps of its window: dollars come back at the next one. */
export const POT_STEPS = 64

/** What this process may spend of money that it shares with others: no part of the fold. */
export interface Lease {
  /** USD that the next request may draw of all caps, the router's and its tenant's. */
  capsUsd(tenant: string | null): number
  /** USD that it may draw of the strict budget of one account, the router's (null) or a tenant's. */
  creditUsd(account: string | null): number
  /** A request was refused that would have drawn `usd`: the next one like it should find it here. */
  miss(tenant: string | null, usd: number): void
  /**
   * Whether what is too little for a request may be enough in a moment: more has been asked for.
   * @returns a promise that resolves when the answer is here, and is never rejected; null: there is enough, or nothing more to be had, or the store is away
   */
  more(tenant: string | null, usd: number): Promise<void> | null
}
