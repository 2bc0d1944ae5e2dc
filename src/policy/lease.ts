/** What this process may spend of money that it shares with others: no part of the fold. */
export interface Lease {
  /** USD that the next request may draw of all caps, the router's and its tenant's. */
  capsUsd(tenant: string | null): number
  /** USD that it may draw of the strict budget of one account, the router's (null) or a tenant's. */
  creditUsd(account: string | null): number
  /**
   * A model was too dear for what is here, and not for the caps and accounts themselves: next time it should be here.
   * @param isRefusal whether the request was refused for that, not given to a cheaper model
   */
  miss(tenant: string | null, usd: number, isRefusal: boolean): void
}
