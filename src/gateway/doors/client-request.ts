/** Headers of a request, by name in lower case. `Headers` of the web are such. */
export interface HeaderReader {
  /** Null: it is missing. */
  get(name: string): string | null
}

/** A request of a client, by whatever server it came. */
export interface ClientRequest {
  /** What came before its body. */
  readonly headers: HeaderReader
  /** Whether nobody waits for an answer any more. */
  readonly isGone: boolean
  /** Calls back once, when nobody waits any more and the answer has not all been sent. */
  onGone(listener: () => void): void
  /**
   * The body, in one piece.
   * @param bytesMax a longer one is not read
   * @throws (the promise is rejected with) BodyTooLong; anything else where the client goes away in the middle
   */
  body(bytesMax: number): Promise<Uint8Array>
}

/** A body of more bytes than may be. */
export class BodyTooLong extends Error {
  override readonly name = 'BodyTooLong'
}
