import { onAbort } from '../../base/on-abort.js'
import { isAborted, quietMember, withEvents } from '../../base/stream.js'
import { untilAborted } from './until-aborted.js'

/** How a stream ended, told once. */
export interface StreamEnd {
  ended(): void
  failed(error: unknown): void
  /** Whoever read it wants no more of it. */
  left(): void
  /** The signal broke it off, whether somebody waits for an event or not; or whoever read it, by the stream's own `controller`. */
  aborted(): void
}

/** Whoever gives events may stop; one that does not answer is not waited for. */
export function leave(source: AsyncIterator<unknown>): void {
  const stop = async () => source.return?.()
  stop().catch(() => {})
}

/**
 * A stream of the helpers of OpenAI's and Anthropic's clients (`messages.stream`): it reads itself, whoever waits for it, and gives its
 * events to each who asks. Most ask for what it comes to alone (`finalMessage`).
 */
export interface SelfReadStream {
  /** Resolves at its end; rejected with what broke it. */
  done(): Promise<unknown>
}

export function isSelfRead(stream: object): stream is SelfReadStream {
  return ['done', 'on', 'abort'].every((name) => typeof quietMember(stream, name) === 'function')
}

/**
 * The same stream, of which every event is seen and the end is told. Other members of it are as they were; it is read once.
 * @param first what was read of it already
 * @param signal breaks it off: whoever reads it gets the signal's reason
 * @param own of one that reads itself its events once more, the first one too: its end is told whether somebody reads it or not
 */
export function watchedStream<Stream extends AsyncIterable<unknown> & object>(
  stream: Stream,
  source: AsyncIterator<unknown>,
  first: IteratorResult<unknown>,
  seen: (event: unknown) => void,
  end: StreamEnd,
  signal: AbortSignal | undefined,
  own: AsyncIterator<unknown> | null,
): Stream {
  const told = once(source, end, signal)
  const ended = () => (isAborted(stream) ? told.aborted() : told.ended())
  if (own === null || !isSelfRead(stream))
    return withEvents(stream, eventsOf(source, first, seen, { ...told, ended }, signal))
  const failed = (error: unknown) => (isAborted(stream) ? told.aborted() : told.failed(error))
  const isOver = follow(stream, own, seen, { ended, failed })
  const toldApart = { ended: () => {}, failed: () => {}, left: told.left }
  return withEvents(
    stream,
    before(
      isOver,
      eventsOf(source, first, () => {}, toldApart, signal),
    ),
  )
}

/** Sees all of a stream that reads itself, and tells its end. Never rejected. */
async function follow(
  stream: SelfReadStream,
  own: AsyncIterator<unknown>,
  seen: (event: unknown) => void,
  end: Pick<StreamEnd, 'ended' | 'failed'>,
): Promise<void> {
  try {
    for (let next = await own.next(); next.done !== true; next = await own.next()) seen(next.value)
    await stream.done()
  } catch (error) {
    end.failed(error)
    return
  }
  end.ended()
}

/** Whoever reads events to their end finds it booked. */
async function* before(
  isOver: Promise<void>,
  events: AsyncGenerator<unknown, void, void>,
): AsyncGenerator<unknown, void, void> {
  yield* events
  await isOver
}

/** The first end counts: it may be the signal's, while nobody reads. */
function once(source: AsyncIterator<unknown>, end: StreamEnd, signal: AbortSignal | undefined): StreamEnd {
  let isOver = false
  const over = (tell: () => void): void => {
    if (isOver) return
    isOver = true
    forget?.()
    tell()
  }
  const abort = (): void =>
    over(() => {
      end.aborted()
      leave(source)
    })
  const forget = signal === undefined ? null : onAbort(signal, abort)
  return {
    ended: () => over(end.ended),
    failed: (error) => over(() => end.failed(error)),
    left: () => over(end.left),
    aborted: () => over(end.aborted),
  }
}

async function* eventsOf(
  source: AsyncIterator<unknown>,
  first: IteratorResult<unknown>,
  seen: (event: unknown) => void,
  end: Omit<StreamEnd, 'aborted'>,
  signal: AbortSignal | undefined,
): AsyncGenerator<unknown, void, void> {
  let isOver = false
  try {
    for (let next = first; next.done !== true; next = await untilAborted(() => source.next(), signal)) {
      if (signal?.aborted === true) throw signal.reason
      seen(next.value)
      yield next.value
    }
    isOver = true
    end.ended()
  } catch (error) {
    isOver = true
    end.failed(error)
    throw error
  } finally {
    if (!isOver) {
      end.left()
      await source.return?.()
    }
  }
}
