import { onAbort } from '../../base/on-abort.js'
import { isAborted, withEvents } from '../../base/stream.js'
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
 * The same stream, of which every event is seen and the end is told. Other members of it are as they were; it is read once.
 * @param first what was read of it already
 * @param signal breaks it off: whoever reads it gets the signal's reason
 */
export function watchedStream<Stream extends AsyncIterable<unknown> & object>(
  stream: Stream,
  source: AsyncIterator<unknown>,
  first: IteratorResult<unknown>,
  seen: (event: unknown) => void,
  end: StreamEnd,
  signal: AbortSignal | undefined,
): Stream {
  const told = once(source, end, signal)
  const ended = () => (isAborted(stream) ? told.aborted() : told.ended())
  return withEvents(stream, eventsOf(source, first, seen, { ...told, ended }, signal))
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
