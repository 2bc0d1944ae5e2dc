import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { ParetoBanditError } from '../../index.js'
import { type Mistake, type Path, pathText } from '../config/mistake.js'

/** Something in a request that must be mended. */
export interface RequestMistake {
  /** As whoever sent it wrote it: `prices.tiers[1]` or `body` of the body, `:id` of the path, a name of the query. */
  readonly path: string
  /** What was expected and what came, or what to do. */
  readonly message: string
}

/** A request of an admin that cannot be granted. */
export class AdminError extends Error {
  override readonly name = 'AdminError'
  readonly status: ContentfulStatusCode
  readonly code: string
  readonly mistakes: readonly RequestMistake[]

  constructor(
    status: ContentfulStatusCode,
    code: string,
    message: string,
    mistakes: readonly RequestMistake[] = [],
    options?: ErrorOptions,
  ) {
    super(message, options)
    this.status = status
    this.code = code
    this.mistakes = mistakes
  }
}

/** For a mistake in one place of a request. */
export function refused(
  status: ContentfulStatusCode,
  code: string,
  path: string,
  message: string,
  cause?: unknown,
): AdminError {
  return new AdminError(status, code, `${path}: ${message}`, [{ path, message }], { cause })
}

/** Of a body that is read by a shape; the message is of the first mistake. */
export function refusedBody(
  mistakes: readonly Mistake[],
  code = 'invalid_request',
  status: ContentfulStatusCode = 400,
): AdminError {
  const told = mistakes.map(({ path, message }) => ({ path: bodyPath(path), message }))
  const [{ path, message }] = told
  return new AdminError(status, code, `${path}: ${message}`, told)
}

/** `body` for the whole of it, and `body[1].usd` where it is a list. */
export function bodyPath(path: Path): string {
  return within('body', pathText(path))
}

/**
 * Does what a request asks of the engine. What the engine refuses is said in the words of the request.
 * @param words of a field of the engine, where it stands in the request: `{ 'options.tenant': ':id' }`
 * @throws AdminError, and what has no field of these
 */
export function asked<T>(words: Readonly<Record<string, string>>, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof ParetoBanditError)) throw error
    const { field, code, message } = error
    const known = Object.entries(words).find(([name]) => field === name || /^[.[]/.test(restOf(field, name)))
    if (known === undefined) throw error
    const [name, place] = known
    const path = within(place, restOf(field, name))
    // It may name other fields beside its own.
    const others = new RegExp(`\\b${name.replaceAll('.', '\\.')}((?:\\.\\w+|\\[\\d+\\])+)`, 'g')
    const text = message.slice(field.length + 2).replace(others, (_, rest: string) => within(place, rest))
    throw refused(statusOf(error), code.toLowerCase(), path, text, error)
  }
}

function restOf(field: string, name: string): string {
  return field.startsWith(name) ? field.slice(name.length) : ''
}

/** A member of a body is called by its own name. */
function within(place: string, rest: string): string {
  if (rest === '' || rest.startsWith('[')) return place + rest
  const name = rest.replace(/^\./, '')
  return place === 'body' ? name : `${place}.${name}`
}

/** What an error of the engine is in HTTP. */
export function statusOf({ code }: ParetoBanditError): ContentfulStatusCode {
  if (code.startsWith('UNKNOWN_') && code !== 'UNKNOWN_OPTION') return 404
  if (code.startsWith('DUPLICATE_')) return 409
  if (code.startsWith('STORE_') || code === 'JOURNAL_FULL') return 503
  return 400
}
