import { isSignal } from './of-the-web.js'

export function isStream(value: unknown): value is AsyncIterable<unknown> & object {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}

/**
 * The same stream with these events in place of its own; it is read once, and one of the clients of OpenAI and Anthropic says so to whoever
 * reads it again. Whatever reads it reads these: a `ReadableStream` is one still, for
 * `new Response`, `pipeThrough` and `tee`, a stream of Node for `pipe` and `on('data')`, a generator for `next`, and so do `tee` and `toReadableStream` of the clients of OpenAI and Anthropic. Other members are
 * as they were.
 */
export function withEvents<Stream extends AsyncIterable<unknown> & object>(
  stream: Stream,
  events: AsyncIterator<unknown>,
): Stream {
  const source = toldWhenLeft(events)
  if (typeof ReadableStream === 'function' && stream instanceof ReadableStream)
    return webStreamOf(source, stream)
  const from = nodeMakerOf(stream)
  if (from !== null) return nodeStreamOf(source, stream, from)
  const isIterator = typeof quietMember(stream, 'next') === 'function'
  const begin = controllerOf(stream) === null ? () => source : firstAndThen(source, stream)
  if (controllerOf(stream) !== null)
    // Their methods take the events from there.
    for (const name of ['iterator', Symbol.asyncIterator])
      if (name !== 'iterator' || Object.hasOwn(stream, name)) Reflect.set(stream, name, begin)
  return new Proxy(stream, {
    get(target, name) {
      if (name === Symbol.asyncIterator) return begin
      if (isIterator && isStep(name)) return source[name]
      return boundMember(target, name)
    },
  })
}

function isStep(name: string | symbol): name is 'next' | 'return' | 'throw' {
  return name === 'next' || name === 'return' || name === 'throw'
}

function boundMember(owner: object, name: string | symbol): unknown {
  const value: unknown = Reflect.get(owner, name, owner)
  return typeof value === 'function' ? value.bind(owner) : value
}

/** Undefined too where it cannot be looked at. */
function quietMember(owner: object, name: string): unknown {
  try {
    return Reflect.get(owner, name)
  } catch {
    return undefined
  }
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

/**
 * What goes on by itself, and has other ways to what comes of it than to read its events: `on`, `finalMessage`. So do the helpers of the
 * clients of OpenAI and Anthropic. Their readers get the events from when they begin.
 */
export interface SelfReading extends AsyncIterable<unknown> {
  /** Resolves at its end; rejected with what broke it off. */
  done(): PromiseLike<void>
}

export function readsItself<Stream extends AsyncIterable<unknown> & object>(
  stream: Stream,
): stream is Stream & SelfReading {
  return ['done', 'on', 'abort'].every((name) => typeof quietMember(stream, name) === 'function')
}

/** Of a stream of the clients of OpenAI and Anthropic; null of one whose members cannot be looked at. */
function controllerOf(stream: object): { readonly signal: AbortSignal } | null {
  const controller = quietMember(stream, 'controller')
  const signal =
    typeof controller === 'object' && controller !== null ? quietMember(controller, 'signal') : null
  return isSignal(signal) ? { signal } : null
}

/** A generator that was not begun is not told that nobody reads it: it is begun first. */
function toldWhenLeft(events: AsyncIterator<unknown>): Required<AsyncIterableIterator<unknown>> {
  let hasBegun = false
  const leave = async (): Promise<IteratorResult<unknown>> => {
    if (!hasBegun) await events.next().catch(() => {})
    hasBegun = true
    return (await events.return?.()) ?? { done: true, value: undefined }
  }
  return {
    next: () => {
      hasBegun = true
      return events.next()
    },
    return: leave,
    throw: async (error) => {
      await leave()
      throw error
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

/** `Readable.from`, of Node or of the package `readable-stream`. */
type NodeMaker = (events: AsyncIterable<unknown>, options: { readonly objectMode: boolean }) => object

/** Found by the stream itself: there are places without Node. Null: it is none of Node's. */
function nodeMakerOf(stream: object): NodeMaker | null {
  if (['pipe', 'on', 'destroy'].some((name) => typeof quietMember(stream, name) !== 'function')) return null
  let found: NodeMaker | null = null
  // The last one is the class of all of them: that of a `Duplex` takes no options.
  for (let of: unknown = stream; typeof of === 'object' && of !== null; of = Object.getPrototypeOf(of)) {
    const made = quietMember(of, 'constructor')
    const from = typeof made === 'function' ? quietMember(made, 'from') : undefined
    if (typeof from === 'function') found = (...args) => from.apply(made, args)
  }
  return found
}

/** One is read ahead. What its own class has besides (the headers of an answer) is there. */
function nodeStreamOf<Stream extends object>(
  source: AsyncIterable<unknown>,
  stream: Stream,
  from: NodeMaker,
): Stream {
  const made = from(source, { objectMode: quietMember(stream, 'readableObjectMode') === true })
  return new Proxy(stream, {
    get: (target, name) => boundMember(name in made ? made : target, name),
  })
}
