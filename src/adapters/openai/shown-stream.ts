/**
 * A stream without some of its events, which are read all the same. Its other members are as they were.
 * @param ended told when whoever reads it has got all of it
 */
export function shownStream<Stream extends AsyncIterable<unknown>>(
  stream: Stream,
  isShown: (event: unknown) => boolean,
  ended: () => void = () => {},
): Stream {
  return new Proxy(stream, {
    get(target, name) {
      if (name === Symbol.asyncIterator) return () => shownEvents(target, isShown, ended)
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

async function* shownEvents(
  stream: AsyncIterable<unknown>,
  isShown: (event: unknown) => boolean,
  ended: () => void,
): AsyncGenerator<unknown> {
  for await (const event of stream) if (isShown(event)) yield event
  ended()
}
