import { isSignal } from './of-the-web.js'

export function isStream(value: unknown): value is AsyncIterable<unknown> & object {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}

/**
 * The same stream with these events in place of its own; it is read once, and one of the clients of OpenAI and Anthropic says so to whoever
 * reads it again. Whatever reads it reads these: a `ReadableStream` is one still, for
 * `new Response`, `pipeThrough` and `tee`, and so do `tee` and `toReadableStream` of the clients of OpenAI and Anthropic. Other members are
 * as they were.
 */
export function withEvents<Stream extends AsyncIterable<unknown> & object>(
  stream: Stream,
  events: AsyncIterator<unknown>,
): Stream {
  const source = toldWhenLeft(events)
  if (typeof ReadableStream === 'function' && stream instanceof ReadableStream)
    return webStreamOf(source, stream)
  const begin = controllerOf(stream) === null ? () => source : firstAndThen(source, stream)
  if (controllerOf(stream) !== null)
    // Their methods take the events from there.
    for (const name of ['iterator', Symbol.asyncIterator])
      if (Object.hasOwn(stream, name)) Reflect.set(stream, name, begin)
  return new Proxy(stream, {
    get(target, name) {
      if (name === Symbol.asyncIterator) return begin
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** Gives these events first, and then what the stream itself gives whoever reads it again: an error, where it has been read. */
function firstAndThen(
  source: AsyncIterator<unknown>,
  stream: AsyncIterable<unknown> & object,
): () => AsyncIterator<unknown> {
  const own: unknown = Reflect.get(stream, 'iterator')
  let hasBegun = false
  return () => {
    if (hasBegun && typeof own === 'function') return own.call(stream)
    hasBegun = true
    return source
  }
}

/** Whether whoever reads it has broken it off by `stream.controller.abort()`, which ends it as if it were whole. */
export function isAborted(stream: object): boolean {
  return controllerOf(stream)?.signal.aborted === true
}

/** Of a stream of the clients of OpenAI and Anthropic; null of one whose members cannot be looked at. */
function controllerOf(stream: object): { readonly signal: AbortSignal } | null {
  try {
    const controller: unknown = Reflect.get(stream, 'controller')
    const signal: unknown =
      typeof controller === 'object' && controller !== null ? Reflect.get(controller, 'signal') : null
    return isSignal(signal) ? { signal } : null
  } catch {
    return null
  }
}

/** A generator that was not begun is not told that nobody reads it: it is begun first. */
function toldWhenLeft(events: AsyncIterator<unknown>): AsyncIterableIterator<unknown> {
  let hasBegun = false
  return {
    next: () => {
      hasBegun = true
      return events.next()
    },
    return: async () => {
      if (!hasBegun) await events.next().catch(() => {})
      hasBegun = true
      return (await events.return?.()) ?? { done: true, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

/** Nothing is read ahead. Members of the stream's own class are there. */
function webStreamOf<Stream extends object>(source: AsyncIterator<unknown>, stream: Stream): Stream {
  const made: object = new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await source.next()
        if (done === true) controller.close()
        else controller.enqueue(value)
      },
      cancel: async () => void (await source.return?.()),
    },
    { highWaterMark: 0 },
  )
  Object.setPrototypeOf(made, Object.getPrototypeOf(stream))
  if (!isStream(made)) Object.defineProperty(made, Symbol.asyncIterator, { value: () => source })
  return made as Stream
}
