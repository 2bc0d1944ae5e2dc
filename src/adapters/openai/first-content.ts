import { begunStream, PIECES_BEFORE_MAX } from '../begun-stream.js'
import { providerFailure, saidIn } from './provider-failure.js'
import type { OpenAIClient } from './routed-options.js'
import type { Surface } from './surface.js'

/**
 * The same stream, read until something is said, or `PIECES_BEFORE_MAX` pieces say nothing.
 * @throws (the promise is rejected with) an error as of status 502 for what its provider says went wrong before, and for a stream without
 *   an event; or what reading it throws
 */
export async function firstContent<Stream extends AsyncIterable<unknown> & object>(
  stream: Stream,
  { failureIn, isBefore }: Surface,
  client: OpenAIClient,
  response: Response | null,
): Promise<Stream> {
  const source = stream[Symbol.asyncIterator]()
  const events: unknown[] = []
  const failed = (said: unknown): Error => {
    const stop = async () => source.return?.()
    stop().catch(() => {})
    return providerFailure(client, said, response)
  }
  for (;;) {
    const { done, value } = await source.next().catch((error: unknown) => {
      const said = saidIn(error)
      throw said === null ? error : failed(said)
    })
    if (done === true) {
      if (events.length === 0) throw failed('a stream without an event')
      break
    }
    const said = failureIn(value)
    if (said !== null) throw failed(said)
    events.push(value)
    if (!isBefore(value) || events.length >= PIECES_BEFORE_MAX) break
  }
  return begunStream(stream, events, source)
}
