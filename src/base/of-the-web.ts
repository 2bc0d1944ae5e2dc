/**
 * What is of the web, told by what it has and not by its class: packages (undici, node-fetch) and other realms have classes of their
 * own. Nothing of it is called, and the platform's own class, which some load when it is first named, is not asked for.
 */

/** What `fetch` gives, of whoever made it. Never throws. */
export function isResponse(value: unknown): value is Response {
  return (
    has(value, 'ok', 'boolean') &&
    has(value, 'status', 'number') &&
    has(value, 'text', 'function') &&
    has(value, 'json', 'function')
  )
}

/** An `AbortSignal`, of whoever made it. Never throws. */
export function isSignal(value: unknown): value is AbortSignal {
  return (
    has(value, 'aborted', 'boolean') &&
    has(value, 'addEventListener', 'function') &&
    has(value, 'removeEventListener', 'function')
  )
}

function has(value: unknown, name: string, type: 'boolean' | 'number' | 'function'): boolean {
  try {
    return typeof value === 'object' && value !== null && typeof Reflect.get(value, name) === type
  } catch {
    return false
  }
}
