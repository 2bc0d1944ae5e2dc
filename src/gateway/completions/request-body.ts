import { type Json, objectOf } from '../../base/json.js'
import { BodyTooLong, type TakeBytes } from '../doors/client-request.js'
import { DEARER_NAMES } from '../protocols/dearer.js'
import { excessIn, repeatedKey } from '../protocols/json-text.js'
import type { Exchange } from './exchange.js'
import { Refused } from './refused.js'

export interface RequestBody {
  readonly text: string
  readonly json: Json
}

/** Members and items of lists: tokens of embeddings are numbers, hundreds of thousands of them. */
const VALUES_MAX = 1_000_000

/**
 * The body of a request: an object of JSON in UTF-8, of at most `bytesMax` bytes.
 * @param membersMax members, objects and lists that it may have
 * @param take has room for it. Default: there is room
 * @throws Refused, and `take` throws no other
 */
export async function readJsonBody(
  exchange: Pick<Exchange, 'request' | 'body'>,
  bytesMax: number,
  membersMax: number,
  take?: TakeBytes,
): Promise<RequestBody> {
  const encoding = exchange.request.headers.get('content-encoding')
  if (encoding !== null && !isUncompressed(encoding))
    throw new Refused(415, 'unsupported_encoding', 'expected a body that is not compressed')
  const text = decoded(await bytesOf(exchange, bytesMax, take))
  const valuesMax = Math.max(membersMax, VALUES_MAX)
  const excess = excessIn(text, membersMax, valuesMax)
  if (excess !== null) {
    const most =
      excess === 'parts'
        ? `${membersMax} members, objects and lists together`
        : `${valuesMax} values together`
    throw new Refused(413, 'body_too_large', `expected a body of at most ${most}`)
  }
  let json: Json | null
  try {
    json = objectOf(JSON.parse(text))
  } catch {
    throw new Refused(400, 'invalid_json', 'expected a body of JSON')
  }
  if (json === null) throw new Refused(400, 'invalid_json', 'expected an object of JSON')
  const other = Object.keys(json).find((name) => !READ_NAMES.has(name) && READ_NAMES.has(folded(name)))
  if (other !== undefined)
    throw new Refused(
      400,
      'invalid_request',
      `expected ${JSON.stringify(folded(other))}, in small letters, got ${JSON.stringify(other)}`,
    )
  const key = repeatedKey(text, json)
  if (key !== null)
    throw new Refused(
      400,
      'invalid_json',
      `expected each name once, got ${JSON.stringify(key.slice(0, 60))} twice`,
    )
  return { text, json }
}

/** Whether a header says that nothing was done to a body: in letters of any case, more than once, or with no word at all. */
function isUncompressed(encoding: string): boolean {
  return encoding.split(',').every((each) => /^(?:identity)?$/i.test(each.trim()))
}

/** Names that choose the model, its price or how much it does. */
const READ_NAMES: ReadonlySet<string> = new Set([
  ...DEARER_NAMES,
  'background',
  'best_of',
  'compaction',
  'conversation',
  'deferred',
  'documents',
  'functions',
  'input',
  'instructions',
  'max_completion_tokens',
  'max_output_tokens',
  'max_tokens',
  'messages',
  'metadata',
  'model',
  'n',
  'prediction',
  'previous_response_id',
  'reasoning',
  'reasoning_effort',
  'response_format',
  'stream',
  'stream_options',
  'system',
  'text',
  'thinking',
])

/** As servers in Go compare names: whatever their case, a long s and the Kelvin sign among the letters. */
function folded(name: string): string {
  return name.toUpperCase().toLowerCase()
}

async function bytesOf(
  exchange: Pick<Exchange, 'body'>,
  bytesMax: number,
  take?: TakeBytes,
): Promise<Uint8Array> {
  try {
    return await exchange.body(bytesMax, take)
  } catch (error) {
    if (error instanceof Refused) throw error
    if (error instanceof BodyTooLong)
      throw new Refused(413, 'body_too_large', `expected a body of at most ${bytesMax} bytes`)
    // A client that goes away in the middle of its request.
    throw new Refused(400, 'request_broken_off', 'the request has no end')
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true })

function decoded(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes)
  } catch {
    throw new Refused(400, 'invalid_json', 'expected a body in UTF-8')
  }
}
