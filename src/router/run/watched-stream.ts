/** How a stream ended, told once. */
export interface StreamEnd {
  ended(): void
  failed(error: unknown): void
  /** Whoever read it wants no more of it. */
  left(): void
}

export function isStream(value: unknown): value is AsyncIterable<unknown> & object {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}

/**
 * The same stream, of which every event is seen and the end is told. Other members of it are as they were; it is read once.
 * @param first what was read of it already
 */
export function watchedStream<Stream extends AsyncIterable<unknown> & object>(
  stream: Stream,
  source: AsyncIterator<unknown>,
  first: IteratorResult<unknown>,
  seen: (event: unknown) => void,
  end: StreamEnd,
): Stream {
  const events = eventsOf(source, first, seen, end)
  return new Proxy(stream, {
    get(target, name) {
      if (name === Symbol.asyncIterator) return () => events
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

async function* eventsOf(
  source: AsyncIterator<unknown>,
  first: IteratorResult<unknown>,
  seen: (event: unknown) => void,
  end: StreamEnd,
): AsyncGenerator<unknown, void, void> {
  let isOver = false
  try {
    for (let next = first; next.done !== true; next = await source.next()) {
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
