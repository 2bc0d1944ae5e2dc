import type { Json } from '../../../base/json.js'
import type { Piece, WholeAnswer } from './answer-parts.js'

/** What an answer says of itself. */
export interface Head {
  /** Of letters and digits, without the prefix that a surface gives it. */
  readonly id: string
  readonly model: string
  /** Seconds since 1970 UTC. */
  readonly createdSeconds: number
  /** Whether the client wanted one call of a tool at most. */
  readonly isOneCall: boolean
}

/** Writes answers in the words of one surface. */
export interface Writer {
  whole(head: Head, answer: WholeAnswer): Json
  stream(head: Head): StreamWriter
  error(message: string, status: number): Json
}

/** The text of each piece of one stream, as it goes to the client. */
export interface StreamWriter {
  begin(): string
  write(piece: Exclude<Piece, { readonly kind: 'error' }>): string
}

export function dataLine(value: Json): string {
  return `data: ${JSON.stringify(value)}\n\n`
}

/** An event whose name stands in its data too. */
export function namedEvent(value: Json & { readonly type: string }): string {
  return `event: ${value.type}\n${dataLine(value)}`
}

const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  422: 'invalid_request_error',
  429: 'rate_limit_error',
}

export function errorTypeOf(status: number): string {
  return TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error')
}

export function openAiErrorBody(message: string, status: number): Json {
  // A number: what is read of an event is the status that the error would have had.
  return { error: { message, type: errorTypeOf(status), param: null, code: status } }
}
