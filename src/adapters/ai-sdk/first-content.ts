import { isRecord } from '../../base/check.js'
import type { Json } from '../../base/json.js'
import type { StreamLike, StreamReaderLike } from '../../base/platform.js'
import { PIECES_BEFORE_MAX } from '../begun-stream.js'

/** Parts that come before anything is said. */
const BEFORE = new Set(['stream-start', 'response-metadata', 'raw', 'text-start', 'reasoning-start'])

/** A stream that has begun to say something. */
export interface Begun {
  readonly parts: readonly Json[]
  readonly reader: StreamReaderLike<Json>
}

/**
 * Reads a stream until something is said, or `PIECES_BEFORE_MAX` parts say nothing.
 * @throws (the promise is rejected with) what the stream says went wrong before that, or what reading it throws
 */
export async function firstContent(stream: StreamLike<Json>): Promise<Begun> {
  const reader = stream.getReader()
  const parts: Json[] = []
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return { parts, reader }
    if (value.type === 'error') {
      reader.cancel().catch(() => {})
      throw value.error
    }
    parts.push(value)
    if (!BEFORE.has(String(value.type)) || parts.length >= PIECES_BEFORE_MAX) return { parts, reader }
  }
}

/** What is to be done with a stream's end. The first that is told counts. */
export interface StreamEnd {
  /**
   * @param usage null: it told none
   * @param finishReason `error`, too, of what went on after an error, or had no last part
   */
  finished(usage: object | null, finishReason: unknown): void
  failed(error: unknown): void
}

/** The rest of a stream, with its beginning; each part as `shown` has it, if it is for whoever reads. */
export function restOf(
  { parts, reader }: Begun,
  shown: (part: Json) => Json,
  isShown: (part: Json) => boolean,
  end: StreamEnd,
): ReadableStream<Json> {
  let failure: unknown
  let tier: string | null = null
  const seen = (part: Json): Json => {
    tier = serviceTierIn(part) ?? tier
    const own = shown(part)
    // Whoever reads it may leave after this one.
    if (part.type === 'finish' && isRecord(part.usage)) {
      const usage = tier === null ? part.usage : { ...part.usage, service_tier: tier }
      end.finished(usage, failure === undefined ? part.finishReason : 'error')
    }
    if (part.type === 'error') failure = part.error ?? new Error('the stream failed')
    return own
  }
  let next = 0
  return new ReadableStream<Json>({
    async pull(controller) {
      try {
        for (;;) {
          const { done, value } =
            next < parts.length ? { done: false, value: parts[next++] } : await reader.read()
          if (done || value === undefined) break
          const part = seen(value)
          if (!isShown(value)) continue
          controller.enqueue(part)
          return
        }
        if (failure === undefined) end.finished(null, 'error')
        else end.failed(failure)
        controller.close()
      } catch (error) {
        end.failed(error)
        controller.error(error)
      }
    },
    cancel(reason) {
      end.failed(failure ?? new DOMException('nobody reads the stream any more', 'AbortError'))
      return reader.cancel(reason)
    },
  })
}

/** How a part says that the call was served: its provider's own event, or what the SDK made of it. */
function serviceTierIn({ type, rawValue, providerMetadata }: Json): string | null {
  const named = isRecord(providerMetadata) ? Object.values(providerMetadata) : []
  const tiers = named.map((each) => (isRecord(each) ? each.serviceTier : undefined))
  if (type === 'raw' && isRecord(rawValue))
    for (const event of [rawValue, rawValue.response]) if (isRecord(event)) tiers.push(event.service_tier)
  const tier = tiers.findLast((each) => typeof each === 'string')
  return typeof tier === 'string' ? tier : null
}
