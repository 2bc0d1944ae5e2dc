import { pipeline, Readable, type Transform } from 'node:stream'
import * as zlib from 'node:zlib'
import type { UpstreamAnswer, UpstreamBody } from '../upstreams/call.js'
import { malformed } from '../upstreams/failure.js'

const { constants } = zlib
/** What has come is given on at once: events of a stream are not held until there are more. */
const SYNC = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH }
/** More encodings, one within the other, are not read. */
const LAYERS_MAX = 3
/** Of what an upstream calls its encoding, so much is told. */
const NAME_CHARS_MAX = 40

const DECODERS: ReadonlyMap<string, () => Transform> = new Map<string, () => Transform>([
  ['gzip', () => zlib.createGunzip(SYNC)],
  ['x-gzip', () => zlib.createGunzip(SYNC)],
  ['deflate', () => zlib.createInflate(SYNC)],
  ['br', () => zlib.createBrotliDecompress({ flush: constants.BROTLI_OPERATION_FLUSH })],
  ...zstd(),
])

/** From Node 22.15 on. */
function zstd(): [string, () => Transform][] {
  const create: unknown = Reflect.get(zlib, 'createZstdDecompress')
  return typeof create === 'function' ? [['zstd', () => create() as Transform]] : []
}

/** Of those that are registered (iana.org, HTTP content codings) what is not read here. What else servers say there are no encodings: `utf-8`. */
const UNREAD: ReadonlySet<string> = new Set(
  ['zstd', 'compress', 'x-compress', 'dcb', 'dcz', 'exi', 'pack200-gzip', 'aes128gcm'].filter(
    (name) => !DECODERS.has(name),
  ),
)

/**
 * An answer whose bytes are as they were before a server compressed them, which some do though they are asked not to. Where that cannot be
 * undone here its head is read all the same, and reading on fails with what it is.
 */
export function decodedAnswer(answer: UpstreamAnswer): UpstreamAnswer {
  const encoding = answer.header('content-encoding') ?? ''
  const names = encoding
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => DECODERS.has(name) || UNREAD.has(name))
  if (names.length === 0) return answer
  const { status, body } = answer
  const header = (name: string) => answer.header(name)
  const decoders = names.map((name) => DECODERS.get(name))
  const known = decoders.filter((decoder) => decoder !== undefined)
  if (known.length < names.length || names.length > LAYERS_MAX)
    return { status, header, body: unreadableBody(body, encoding.slice(0, NAME_CHARS_MAX)) }
  // The last that was done is undone first.
  const decoded = known.reduceRight((inner, decoder) => decodedBody(inner, decoder()), body)
  return { status, header, body: decoded }
}

function unreadableBody(body: UpstreamBody, encoding: string): UpstreamBody {
  const message = `the answer of the upstream is compressed in a way that cannot be read here: content-encoding ${JSON.stringify(encoding)}`
  return {
    next: async () => {
      await body.return?.()
      throw malformed(message)
    },
    return: async () => {
      await body.return?.()
      return { done: true, value: undefined }
    },
  }
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
