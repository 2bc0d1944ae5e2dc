const LINE_FEED = 10
const CARRIAGE_RETURN = 13
/** Of events of their own kind (Bedrock), whose lengths come before them. */
const BINARY_EVENTS = 'application/vnd.amazon.eventstream'

/**
 * The fetch of provider packages. It follows no redirection: a key and a prompt go to the addresses of config and package alone. Of what comes
 * it takes so much as may be: packages hold all of an answer, and all of an event.
 * @param bytesMax of an answer in one piece, and of one event of a stream
 */
export function providerFetch(bytesMax: () => number): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, { ...init, redirect: 'manual' })
    // A redirection that is not followed has no status on the web.
    if (response.type === 'opaqueredirect') return new Response(null, { status: 302 })
    const { body, status, statusText, headers } = response
    const type = headers.get('content-type')?.toLowerCase() ?? ''
    if (body === null || type.startsWith(BINARY_EVENTS)) return response
    const isStream = type.startsWith('text/event-stream')
    return new Response(body.pipeThrough(bounded(bytesMax(), isStream)), { status, statusText, headers })
  }
}

/** @param isStream whether it is the bytes of an event that are counted, up to an empty line */
function bounded(bytesMax: number, isStream: boolean): TransformStream<Uint8Array, Uint8Array> {
  let bytes = 0
  let isLineEmpty = true
  const countEvents = (chunk: Uint8Array) => {
    for (const byte of chunk)
      if (byte === LINE_FEED) {
        bytes = isLineEmpty ? 0 : bytes + 1
        isLineEmpty = true
      } else if (byte !== CARRIAGE_RETURN) {
        bytes++
        isLineEmpty = false
      }
  }
  return new TransformStream({
    transform(chunk, controller) {
      if (isStream) countEvents(chunk)
      else bytes += chunk.byteLength
      if (bytes > bytesMax) controller.error(new Error('the answer of the upstream is too long'))
      else controller.enqueue(chunk)
    },
  })
}
