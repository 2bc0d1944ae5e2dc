import { isAborted, withEvents } from '../../base/stream.js'

/**
 * A stream without some of its events, which are read all the same. Its other members are as they were.
 * @param ended told when whoever reads it has got all of it
 */
export function shownStream<Stream extends AsyncIterable<unknown>>(
  stream: Stream,
  isShown: (event: unknown) => boolean,
  ended: () => void = () => {},
): Stream {
  return withEvents(stream, shownEvents(stream, isShown, ended))
}

async function* shownEvents(
  stream: AsyncIterable<unknown>,
  isShown: (event: unknown) => boolean,
  ended: () => void,
): AsyncGenerator<unknown> {
  for await (const event of stream) if (isShown(event)) yield event
  if (!isAborted(stream)) ended()
}
