import { withEvents } from '../base/stream.js'

/** Pieces that say nothing are kept up to this many; a stream that goes on so is handed over as it is. */
export const PIECES_BEFORE_MAX = 1024

/** The same stream, of which events were read already: they come first. */
export function begunStream<Stream extends AsyncIterable<unknown> & object>(
  stream: Stream,
  events: readonly unknown[],
  source: AsyncIterator<unknown>,
): Stream {
  return withEvents(stream, withBeginning(events, source))
}

function withBeginning(events: readonly unknown[], source: AsyncIterator<unknown>): AsyncIterator<unknown> {
  let at = 0
  return {
    next: async () => (at < events.length ? { done: false, value: events[at++] } : source.next()),
    return: async () => (await source.return?.()) ?? { done: true, value: undefined },
  }
}
