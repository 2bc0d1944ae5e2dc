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
   * @param take called with what has come, before it is kept; where it throws no more is read
   * @throws (the promise is rejected with) BodyTooLong; what `take` throws; anything else where the client goes away in the middle
   */
  body(bytesMax: number, take?: TakeBytes): Promise<Uint8Array>
}

/** Called with how many bytes more have come. @throws where there is no room for them */
export type TakeBytes = (bytes: number) => void

/** A body of more bytes than may be. */
export class BodyTooLong extends Error {
  override readonly name = 'BodyTooLong'
}
