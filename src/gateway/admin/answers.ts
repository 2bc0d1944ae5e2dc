import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { ParetoBanditError } from '../../index.js'
import { type Mistake, pathText } from '../config/mistake.js'
import { type Reading, type Shape, WRONG } from '../config/shape.js'
import { KeyError } from '../keys/stored-key.js'

/** Longest body that an admin sends. */
const BODY_BYTES_MAX = 1024 * 1024

/** A request of an admin that cannot be granted. */
export class AdminError extends Error {
  override readonly name = 'AdminError'
  readonly status: ContentfulStatusCode
  readonly code: string
  readonly mistakes: readonly Mistake[]

  constructor(
    status: ContentfulStatusCode,
    code: string,
    message: string,
    mistakes: readonly Mistake[] = [],
    options?: ErrorOptions,
  ) {
    super(message, options)
    this.status = status
    this.code = code
    this.mistakes = mistakes
  }
}

/** The body of a request, JSON. @throws AdminError */
export async function jsonBody({ req }: Context): Promise<unknown> {
  const text = await textWithin(req.raw, BODY_BYTES_MAX)
  try {
    return JSON.parse(text)
  } catch {
    throw new AdminError(400, 'invalid_json', 'expected a body of JSON')
  }
}

async function textWithin(request: Request, bytesMax: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of request.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > bytesMax) throw new AdminError(413, 'body_too_large', `expected at most ${bytesMax} bytes`)
    chunks.push(chunk)
  }
  const whole = new Uint8Array(bytes)
  let offset = 0
  for (const chunk of chunks) {
    whole.set(chunk, offset)
    offset += chunk.byteLength
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(whole)
  } catch {
    throw new AdminError(400, 'invalid_json', 'expected a body in UTF-8')
  }
}

/** What a body says by a shape. @throws AdminError with every mistake */
export async function bodyAs<T>(context: Context, shape: Shape<T>): Promise<T> {
  const value = await jsonBody(context)
  const reading: Reading = { env: null, mistakes: [] }
  const read = shape.read(value, [], reading)
  if (read === WRONG) throw invalid(reading.mistakes)
  return read
}

export function invalid(mistakes: readonly Mistake[]): AdminError {
  const [first] = mistakes
  const where = first === undefined ? '' : pathText(first.path)
  return new AdminError(
    400,
    'invalid_request',
    where === '' ? (first?.message ?? '') : `${where}: ${first.message}`,
    mistakes,
  )
}

/** What is kept of keys and models. @throws AdminError where their store does not take it, which the log tells */
export async function inRecords<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof KeyError) throw error
    const message = 'the store of keys and models cannot be reached or is full; the log says why'
    throw new AdminError(503, 'records_unavailable', message, [], { cause: error })
  }
}

/** The answer to what went wrong. */
export function errorAnswer(context: Context, error: unknown): Response {
  const { status, code, message, mistakes } = described(error)
  const list = mistakes.map(({ path, message }) => ({ path: pathText(path), message }))
  return context.json({ error: { code, message, ...(list.length === 0 ? {} : { mistakes: list }) } }, status)
}

interface Described {
  readonly status: ContentfulStatusCode
  readonly code: string
  readonly message: string
  readonly mistakes: readonly Mistake[]
}

function described(error: unknown): Described {
  if (error instanceof AdminError) return error
  if (error instanceof KeyError)
    return {
      status: error.code === 'unknown_key' ? 404 : 400,
      code: error.code,
      message: error.message,
      mistakes: error.mistakes,
    }
  if (error instanceof ParetoBanditError)
    return { status: statusOf(error), code: error.code.toLowerCase(), message: error.message, mistakes: [] }
  // Whatever it is, it may quote what nobody should read.
  return {
    status: 500,
    code: 'internal_error',
    message: 'the gateway failed; its log says why',
    mistakes: [],
  }
}

function statusOf({ code }: ParetoBanditError): ContentfulStatusCode {
  if (code.startsWith('UNKNOWN_') && code !== 'UNKNOWN_OPTION') return 404
  if (code.startsWith('DUPLICATE_')) return 409
  if (code.startsWith('STORE_') || code === 'JOURNAL_FULL') return 503
  return 400
}
