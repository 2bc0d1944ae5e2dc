import type { Json } from './adapter.js'
import { isObject, listOf, textOf } from './json-read.js'

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
    } else if (isObject(each)) {
      chars += 2
      for (const [name, item] of Object.entries(each)) {
        chars += name.length + 4
        left.push(item)
      }
    } else chars += 4
  }
  return Math.ceil(chars * TOKENS_PER_JSON_CHAR)
}

/** The texts of a content: a text, or parts of which some have one. */
export function textOfContent(content: unknown): string {
  if (typeof content === 'string') return content
  return listOf(content)
    .map((part) => {
      if (typeof part === 'string') return part
      if (!isObject(part)) return ''
      if (typeof part.text === 'string') return part.text
      // A tool's result holds parts of its own.
      return typeof part.content === 'string' ? part.content : partTexts(part.content)
    })
    .filter((text) => text !== '')
    .join('\n')
}

function partTexts(content: unknown): string {
  return listOf(content)
    .map((part) => (isObject(part) ? textOf(part.text) : ''))
    .filter((text) => text !== '')
    .join('\n')
}

/** What the client calls its conversation. */
export function sessionIn(body: Json): string | null {
  const { metadata } = body
  if (!isObject(metadata)) return null
  for (const name of ['session_id', 'user_id'] as const) {
    const value = metadata[name]
    if (typeof value === 'string' && value !== '') return value
  }
  return null
}
