import { isRecord } from '../../base/check.js'
import type { OpenAIClient } from './routed-options.js'

/** What a provider's own status would have said. */
const BAD_GATEWAY = 502
const TEXT_SHOWN = 200

/**
 * A failure that came with status 200, as an error: of the client's own class, where it has one, as for status 502.
 * @param said what the provider says went wrong
 */
export function providerFailure(client: OpenAIClient, said: unknown, response: Response | null): Error {
  const text = typeof said === 'string' ? said : JSON.stringify(said ?? null)
  const message = `expected an answer of a model, got ${text.slice(0, TEXT_SHOWN)}`
  const error = isRecord(said) ? said : { message }
  const { APIError }: { readonly APIError?: unknown } = client.constructor as object
  if (typeof APIError === 'function' && 'generate' in APIError && typeof APIError.generate === 'function')
    return APIError.generate(BAD_GATEWAY, { error }, undefined, response?.headers ?? new Headers())
  const { message: own = message } = error
  return Object.assign(new Error(String(own)), { status: BAD_GATEWAY, error })
}

/** What the client itself throws where a signal broke a request off, with the signal's reason as its cause; the reason, if it has no such error. */
export function abortedBy(client: OpenAIClient, reason: unknown): unknown {
  const { APIUserAbortError }: { readonly APIUserAbortError?: unknown } = client.constructor as object
  if (typeof APIUserAbortError !== 'function') return reason
  const error: object = Reflect.construct(APIUserAbortError, [])
  return Object.defineProperty(error, 'cause', { value: reason, writable: true, configurable: true })
}

/** What an error of the client's says that its provider said in a stream; null: it is another one, of the connection say. */
export function saidIn(error: unknown): unknown {
  if (!(error instanceof Error) || !('error' in error)) return null
  const { status, error: said }: { readonly status?: unknown; readonly error?: unknown } = error
  return status === undefined ? (said ?? null) : null
}
