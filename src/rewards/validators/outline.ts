import { checkRecord, isRecord } from '../../base/check.js'
import { reading } from '../../base/read-once.js'
import { textHash } from '../../base/text-hash.js'

/** Of a text its length is read, and so much of its beginning and of its end: pictures are long. */
const CHARS_EACH = 2048
/** What a request asks with: its words, what came with them, and what its provider keeps. */
const ASKED = ['messages', 'input', 'system', 'instructions', 'previous_response_id', 'conversation'] as const

/**
 * The same for requests that ask the same: with their pictures, sounds and results of tools, which are no texts, and after the same conversation
 * where the provider keeps it.
 * @param request the body that is sent
 * @throws INVALID_ARGUMENT
 */
export function outlineOf(request: object): string {
  const body: Readonly<Record<string, unknown>> = checkRecord(request, 'request')
  return reading('request', () => textHash(written(ASKED.map((name) => body[name]))))
}

/** Not by recursion: a client chooses how deep it goes. */
function written(value: unknown): string {
  const parts: string[] = []
  const seen = new Set<object>()
  const left: unknown[] = [value]
  while (left.length > 0) {
    const each = left.pop()
    if (typeof each === 'string') parts.push(shortened(each))
    else if (ArrayBuffer.isView(each)) parts.push(ofBytes(each))
    else if (each instanceof URL) parts.push(shortened(each.href))
    else if (typeof each !== 'object' || each === null) parts.push(String(each))
    else if (!seen.has(each)) {
      seen.add(each)
      if (Array.isArray(each)) {
        parts.push(`[${each.length}`)
        for (const item of each) left.push(item)
      } else if (isRecord(each)) {
        const names = Object.keys(each)
        parts.push(`{${names.join()}`)
        for (const name of names) left.push(each[name])
      }
    }
  }
  return parts.join('\n')
}

function shortened(text: string): string {
  const ends = text.length <= 2 * CHARS_EACH ? text : text.slice(0, CHARS_EACH) + text.slice(-CHARS_EACH)
  return `${text.length}:${ends}`
}

function ofBytes({ buffer, byteOffset, byteLength }: ArrayBufferView): string {
  const bytes = new Uint8Array(buffer, byteOffset, byteLength)
  return `${byteLength}:${bytes.subarray(0, CHARS_EACH).join()};${bytes.subarray(-CHARS_EACH).join()}`
}
