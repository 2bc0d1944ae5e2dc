import { isRecord } from '../../base/check.js'
import type { Json } from '../../base/json.js'
import type { OtherInput } from './adapter.js'
import { bytesOfJson, charsOfJson, TOKENS_PER_JSON_CHAR } from './written-chars.js'

/** Of each message so much is routed by; of a long conversation its beginning and its latest messages. */
const MESSAGE_CHARS_MAX = 8192
const MESSAGES_MAX = 16

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
  return Math.ceil(charsOfJson(value) * TOKENS_PER_JSON_CHAR)
}

/** @param values members beside the conversation @param moreTokens that a provider adds to them */
export function otherInput(values: readonly unknown[], moreTokens = 0): OtherInput {
  let tokens = moreTokens
  let bytes = moreTokens
  for (const value of values) {
    tokens += tokensOfJson(value)
    bytes += bytesOfJson(value)
  }
  return { tokens, bytes }
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
