/** Where the page's data is: beside its script, whatever stands before it in the address. */
const DATA = new URL('.', import.meta.url)
const ADMIN = new URL('../admin/', import.meta.url)
const KEY = 'paretobandit admin key'
/** What a header may have: who pastes may have more, and then `fetch` fails as it does where nobody answers. */
const CAN_BE_SENT = /^[\t\x20-\x7e\x80-\xff]*$/

/** What a server refused, in its own words. */
export class RefusedError extends Error {
  readonly status: number
  /** Null: it was not the gateway that answered, but something before it. */
  readonly code: string | null

  constructor(status: number, message: string, code: string | null) {
    super(message)
    this.status = status
    this.code = code
  }
}

/** The admin key of this tab; forgotten when the tab is closed. */
export const keptKey = {
  get: (): string => sessionStorage.getItem(KEY) ?? '',
  /** Without what stands around it where it was copied. */
  set: (given: string): void => {
    const key = given.trim()
    if (key === '') sessionStorage.removeItem(KEY)
    else sessionStorage.setItem(KEY, key)
  },
}

/** @throws RefusedError for a key that no request can carry */
function headers(): Record<string, string> {
  const key = keptKey.get()
  if (!CAN_BE_SENT.test(key))
    throw new RefusedError(
      401,
      'this is not the admin key: it has a character that no request can carry',
      'invalid_admin_key',
    )
  return key === '' ? {} : { authorization: `Bearer ${key}` }
}

/** @param path of the dashboard's data. @throws (the promise is rejected with) RefusedError */
export async function ask<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await fetch(new URL(path, DATA), { headers: headers(), signal: signal ?? null })
  return (await bodyOf(response)) as T
}

/** Opens the stream of updates. @throws (the promise is rejected with) RefusedError */
export async function openStream(signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
  const response = await fetch(new URL('events', DATA), { headers: headers(), signal })
  if (!response.ok || response.body === null) await bodyOf(response)
  return response.body ?? new ReadableStream()
}

/** A call of the admin API. @throws (the promise is rejected with) RefusedError */
export async function administer(
  method: string,
  path: string,
  body?: unknown,
): Promise<Record<string, unknown>> {
  const response = await fetch(new URL(path, ADMIN), {
    method,
    headers: { ...headers(), ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    body: body === undefined ? null : JSON.stringify(body),
  })
  const answer = await bodyOf(response)
  if (typeof answer !== 'object' || answer === null) throw new Error("the answer is not the gateway's")
  return answer as Record<string, unknown>
}

async function bodyOf(response: Response): Promise<unknown> {
  const body: unknown = await response.json().catch(() => null)
  if (response.ok) return body
  const message = textIn(body, 'message') ?? `the server answered ${response.status}`
  throw new RefusedError(response.status, message, textIn(body, 'code'))
}

function textIn(body: unknown, name: 'message' | 'code'): string | null {
  if (typeof body !== 'object' || body === null || !('error' in body)) return null
  const { error } = body
  if (typeof error !== 'object' || error === null || !(name in error)) return null
  return String((error as Record<string, unknown>)[name])
}
