/** What a client gets, by whatever server it came. */
export interface ClientAnswer {
  /** Of HTTP. */
  readonly status: number
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /**
   * Null: an answer without a body. A stream holds its reservation and its place in the limits of its key until it has ended: whoever
   * serves it begins and pulls it, or cancels it where it cannot be sent.
   */
  readonly body: string | AnswerStream | null
  /** To be called once, when all else is on its way or cannot be sent: the rest of the work, for which no client has to wait. */
  sent?(): void
}

/** An answer that comes in pieces. */
export interface AnswerStream {
  /** Bytes that may wait for the client before no more are asked for. */
  readonly waitingBytesMax: number
  /** Called once, before anything is asked for: where pieces go, and they may go there unasked. */
  begin(sink: AnswerSink): void
  /**
   * Asks for more: something is sent, or it ends. Only one is asked for at a time.
   * @returns undefined: nobody reads any more, or it has ended. The promise is never rejected
   */
  pull(): Promise<void> | undefined
  /** The client has gone, or it cannot be sent; begun or not, and more than once. */
  cancel(): void
}

/** Where the pieces of an answer go. Both do nothing where the client has gone. */
export interface AnswerSink {
  /** The next piece. */
  send(text: string): void
  /** That was all. */
  end(): void
}

/** It is not sent: what it holds is free again. */
export function dropAnswer({ body }: ClientAnswer): void {
  if (body !== null && typeof body === 'object') body.cancel()
}

/** An answer of JSON. */
export function jsonAnswer(
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): ClientAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  }
}
