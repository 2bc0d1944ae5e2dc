import { isRecord } from '../../base/check.js'
import type { Json } from '../../base/json.js'

/** Of each message so much is routed by; of a long conversation its beginning and its latest messages. */
const MESSAGE_CHARS_MAX = 8192
const MESSAGES_MAX = 16
/** What a character of a schema or of JSON is taken for. */
export const TOKENS_PER_JSON_CHAR = 0.3

export interface PromptMessage {
  readonly role: string
  readonly content: string
}

/** What the router reads: so long a prompt that reading it would hold up others is cut. */
export function routedPrompt(messages: readonly PromptMessage[]): PromptMessage[] {
  const shown =
    messages.length <= MESSAGES_MAX ? messages : [messages[0], ...messages.slice(1 - MESSAGES_MAX)]
  const cut = shown.map(({ role, content }) => ({ role, content: content.slice(0, MESSAGE_CHARS_MAX) }))
  return cut.length === 0 ? [{ role: 'user', content: '' }] : cut
}

/** Tokens of a text, roughly, without reading it. */
export function tokensOfChars(chars: number): number {
  return Math.ceil(chars / 4)
}

/** Tokens of what a member holds that is no message: schemas of tools, say. */
export function tokensOfJson(value: unknown): number {
  if (value === undefined || value === null) return 0
  let chars = 0
  // Not by recursion: a client chooses how deep it goes.
  const left: unknown[] = [value]
  while (left.length > 0) {
    const each = left.pop()
    if (typeof each === 'string') chars += each.length + 2
    else if (Array.isArray(each)) {
      chars += 2 + each.length
      for (const item of each) left.push(item)
    } else if (isRecord(each)) {
      chars += 2
      for (const [name, item] of Object.entries(each)) {
        chars += name.length + 4
        left.push(item)
      }
    } else chars += 4
  }
  return Math.ceil(chars * TOKENS_PER_JSON_CHAR)
}

/** What the client calls its conversation. */
export function sessionIn(body: Json): string | null {
  const { metadata } = body
  if (!isRecord(metadata)) return null
  for (const name of ['session_id', 'user_id'] as const) {
    const value = metadata[name]
    if (typeof value === 'string' && value !== '') return value
  }
  return null
}
