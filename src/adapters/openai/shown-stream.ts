import type { PlatformSignal } from '../../base/platform.js'
import { isAborted, withEvents } from '../../base/stream.js'

/**
 * A stream without some of its events, which are read all the same. Its other members are as they were.
 * @param ended told when whoever reads it has got all of it
 * @param signal may break it off: then a stream of the client's ends without an error, as the client has it
 */
export function shownStream<Stream extends AsyncIterable<unknown>>(
  stream: Stream,
  isShown: (event: unknown) => boolean,
  ended: () => void = () => {},
  signal?: PlatformSignal,
): Stream {
  return withEvents(stream, shownEvents(stream, isShown, ended, signal))
}

/** Whether an error is what a signal was aborted with. */
export function isReasonOf(signal: PlatformSignal | undefined, error: unknown): boolean {
  return signal?.aborted === true && error === signal.reason
}

async function* shownEvents(
  stream: AsyncIterable<unknown>,
  isShown: (event: unknown) => boolean,
  ended: () => void,
  signal: PlatformSignal | undefined,
): AsyncGenerator<unknown> {
  try {
    for await (const event of stream) if (isShown(event)) yield event
  } catch (error) {
    if (!isReasonOf(signal, error) || !isAborted(stream)) throw error
  }
  if (!isAborted(stream)) ended()
}
