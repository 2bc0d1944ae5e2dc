import { pipeline, Readable, type Transform } from 'node:stream'
import { constants, createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import type { UpstreamAnswer, UpstreamBody } from '../upstreams/call.js'

/** What has come is given on at once: events of a stream are not held until there are more. */
const SYNC = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH }

const DECODERS: ReadonlyMap<string, () => Transform> = new Map<string, () => Transform>([
  ['gzip', () => createGunzip(SYNC)],
  ['x-gzip', () => createGunzip(SYNC)],
  ['deflate', () => createInflate(SYNC)],
  ['br', () => createBrotliDecompress({ flush: constants.BROTLI_OPERATION_FLUSH })],
])

/** An answer whose bytes are as they were before a server compressed them, which some do though they are asked not to. */
export function decodedAnswer(answer: UpstreamAnswer): UpstreamAnswer {
  const decoder = DECODERS.get((answer.header('content-encoding') ?? '').trim().toLowerCase())
  if (decoder === undefined) return answer
  const { status, body } = answer
  return { status, header: (name) => answer.header(name), body: decodedBody(body, decoder()) }
}

function decodedBody(body: UpstreamBody, decoder: Transform): UpstreamBody {
  // Its error is that of whoever reads on; nobody may.
  pipeline(Readable.from(chunksOf(body), { objectMode: false }), decoder, () => {})
  decoder.on('error', () => {})
  const pieces: AsyncIterator<Uint8Array> = decoder[Symbol.asyncIterator]()
  return {
    next: () => pieces.next(),
    return: async () => {
      await body.return?.()
      decoder.destroy()
      return { done: true, value: undefined }
    },
  }
}

async function* chunksOf(body: UpstreamBody): AsyncGenerator<Uint8Array> {
  for (let next = await body.next(); next.done !== true; next = await body.next()) yield next.value
}
