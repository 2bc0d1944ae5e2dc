/**
 * An encoder turns a prompt into a context: a vector of `dimension` numbers for the bandit.
 * The last entry is 1, the bias (the ridge intercept); an encoder adds its own.
 */
export interface Encoder {
  /** Identifies the context space: a snapshot is refused by a router whose encoder has another name. */
  readonly name: string
  /** Length of a context, bias included. */
  readonly dimension: number
  /** False: contexts end with no bias, on purpose. Policy `dollar` refuses those of others that do not. Default true. */
  readonly bias?: boolean | undefined
  /**
   * Writes the context of `text` to `out[offset .. offset + dimension)`, allocating nothing it need not.
   * Entries must be finite; the router checks them.
   */
  encodeInto(text: string, out: Float64Array, offset: number): void
}

/** An encoder that has to wait (a network, a neural model). Used through `routeAsync`. */
export interface AsyncEncoder {
  /** Identifies the context space: snapshots and priors belong to it. */
  readonly name: string
  /** Length of a context, bias included. */
  readonly dimension: number
  /** As an `Encoder`'s. */
  readonly bias?: boolean | undefined
  /** A vector of its own for every call: several may be waiting at once. */
  encode(text: string): Promise<ArrayLike<number>>
}

export type AnyEncoder = Encoder | AsyncEncoder

export function isSyncEncoder(encoder: AnyEncoder): encoder is Encoder {
  return 'encodeInto' in encoder
}
