import type { Context } from 'hono'
import { ParetoBanditError } from '../../index.js'
import { show } from '../config/mistake.js'
import { type Reading, type Shape, WRONG } from '../config/shape.js'
import { BodyTooLong } from '../doors/client-request.js'
import { requestOf } from '../doors/web-door.js'
import { KeyError } from '../keys/stored-key.js'
import { repeatedKey } from '../protocols/json-text.js'
import { AdminError, refused, refusedBody, statusOf } from './request-error.js'

/** Longest body that an admin sends. */
const BODY_BYTES_MAX = 1024 * 1024

/** The body of a request, JSON. @throws AdminError */
export async function jsonBody({ req }: Context): Promise<unknown> {
  const text = await textWithin(req.raw, BODY_BYTES_MAX)
  const value = parsed(text)
  const name = repeatedKey(text, value)
  if (name === null) return value
  throw refused(400, 'invalid_json', 'body', `expected each name once, got ${show(name)} twice`)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    const what = text.trim() === '' ? 'nothing' : `${text.length} characters of something else`
    throw refused(400, 'invalid_json', 'body', `expected JSON, got ${what}`)
  }
}

async function textWithin(request: Request, bytesMax: number): Promise<string> {
  const bytes = await requestOf(request)
    .body(bytesMax)
    .catch((error: unknown) => {
      if (!(error instanceof BodyTooLong)) throw error
      throw refused(413, 'body_too_large', 'body', `expected at most ${bytesMax} bytes, got more`)
    })
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw refused(400, 'invalid_json', 'body', 'expected text in UTF-8, got other bytes')
  }
}

/** What a body says by a shape. @throws AdminError with every mistake */
export async function bodyAs<T>(context: Context, shape: Shape<T>): Promise<T> {
  const value = await jsonBody(context)
  const reading: Reading = { env: null, mistakes: [] }
  const read = shape.read(value, [], reading)
  if (read === WRONG) throw refusedBody(reading.mistakes)
  return read
}

/** What is kept of keys and models. @throws AdminError where their store does not take it, which the log tells */
export async function inRecords<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof KeyError) throw keyRefusal(error)
    const message = 'the store of keys and models cannot be reached or is full; the log says why'
    throw new AdminError(503, 'records_unavailable', message, [], { cause: error })
  }
}

/** What is wrong with a key that an admin wants, or with the id of one. */
function keyRefusal({ code, message, mistakes }: KeyError): AdminError {
  if (code === 'invalid_key_request') return refusedBody(mistakes, code)
  if (code === 'duplicate_key') return refusedBody(mistakes, code, 409)
  return refused(code === 'unknown_key' ? 404 : 409, code, ':id', message)
}

/** The answer to what went wrong. */
export function errorAnswer(context: Context, error: unknown): Response {
  const { status, code, message, mistakes } = described(error)
  return context.json({ error: { code, message, ...(mistakes.length === 0 ? {} : { mistakes }) } }, status)
}

function described(error: unknown): Pick<AdminError, 'status' | 'code' | 'message' | 'mistakes'> {
  if (error instanceof AdminError) return error
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
