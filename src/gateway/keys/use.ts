/** What one key did: requests, and tokens in and out. */
export interface Use {
  /** Requests that were let in. */
  readonly requests: number
  /** Tokens in and out. */
  readonly tokens: number
}

/** What all processes did in one second of the store's clock, by the ids of keys. */
export interface SecondOfUse {
  /** Seconds since 1970 UTC, by the store's clock. */
  readonly second: number
  /** By the ids of keys. */
  readonly uses: ReadonlyMap<string, Use>
}

/** Where processes tell each other what their keys do. */
export interface UseExchange {
  /**
   * Adds what this process did since the last time to the second that it is now, and tells of the latest seconds, that one
   * first. @throws (the promise is rejected) while the store is away; nothing counts as added then
   */
  exchange(own: ReadonlyMap<string, Use>): Promise<readonly SecondOfUse[]>
}
