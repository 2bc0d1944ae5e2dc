/** What a client key may do. Keys in the config and keys made at run time are alike. */
export interface KeyRights {
  /** Who pays for its requests; null, the default: the account of all alone. */
  readonly tenant: string | null
  /** Models of these groups alone, pinned ones too. Null, the default: all models. */
  readonly groups: readonly string[] | null
  /** Null, the default: no limit. */
  readonly requestsPerMinute: number | null
  /** Tokens in and out. Null, the default: no limit. */
  readonly tokensPerMinute: number | null
  /** Milliseconds since 1970 UTC; null, the default: never. In a file it is an ISO 8601 time. */
  readonly expiresAt: number | null
  /**
   * Whether rewards of its requests are learned: feedback, verdicts of validators, repeats, the judge's grades. All clients have the models that
   * these rate. False for clients who are strangers; what its requests cost and how long they took is learned all the same. Default true.
   */
  readonly teaches: boolean
}

export interface KeyConfig extends KeyRights {
  /** What logs and metrics call it; unique among keys of the config. */
  readonly name: string
  /** SHA-256 of the key, 64 hexadecimal digits in lower case. A file gives this or `value: $ENV`. */
  readonly sha256: string
}

/** How keys that are made at run time are kept. */
export interface KeyStoreConfig {
  /** How often a process looks for keys that others made or revoked, and tells what keys do here, ms. Default 1,000. */
  readonly refreshMs: number
  /** How old what is known of keys may get while the store is away, ms; then they are refused. Default 60,000. */
  readonly staleMs: number
}

export interface AdminConfig {
  /** SHA-256 of the admin key. Null, the default: no admin API. A file gives `key: $ENV` or `sha256`. */
  readonly sha256: string | null
}
