import { isRecord } from '../../base/check.js'
import { ParetoBanditError } from '../../base/errors.js'
import type { Json } from '../../base/json.js'
import { type Chat, textOfChat } from '../../features/chat.js'
import { unfolded } from './values.js'

/** What LiteLLM writes in the place of a prompt that it was told not to keep. */
const REDACTED = 'redacted-by-litellm'

/** Fields of messages and of requests, whoever writes them. */
const OF_REQUESTS = ['role', 'content', 'contents', 'parts', 'messages', 'input', 'prompt', 'lc']

/**
 * The text that `route` would encode of a request: of its messages (chat completions, Anthropic), its input (responses) or
 * its prompt (completions). Null for a request without a text that can be read.
 */
export function promptOfRequest(request: Json): string | null {
  const messages = opened(request.messages)
  if (Array.isArray(messages)) return textOf(messages, request.system)
  if (typeof messages === 'string') return said(messages)
  const input = opened(request.input)
  // Items without a role are calls of tools and their results, as the adapter of the responses API has them.
  if (Array.isArray(input)) {
    const items = input.filter((item) => isRecord(item) && typeof item.role === 'string')
    return textOf(items, request.instructions)
  }
  if (typeof input === 'string') return textOf([{ role: 'user', content: input }], request.instructions)
  return typeof request.prompt === 'string' ? said(request.prompt) : null
}

/** The same of what a log calls the input of a call: a text, messages, a message, or a request. */
export function promptOfInput(value: unknown): string | null {
  const input = opened(value)
  if (typeof input === 'string') return said(input)
  // LangChain has a list of chats.
  if (Array.isArray(input))
    return textOf(input.length === 1 && Array.isArray(input[0]) ? input[0] : input, undefined)
  if (!isRecord(input)) return null
  const message = withRole(input)
  return typeof message.role === 'string' ? textOf([message], undefined) : promptOfRequest(input)
}

/** Messages or a request that stand in a text; other JSON in a text is what somebody asked about. */
function opened(value: unknown): unknown {
  const found = unfolded(value)
  return typeof value === 'string' && !isOfRequest(found) ? value : found
}

/** What is empty stands for a request that was not kept. */
function isOfRequest(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0 || value.some(isOfRequest)
  if (!isRecord(value)) return false
  return Object.keys(value).length === 0 || OF_REQUESTS.some((name) => Object.hasOwn(value, name))
}

/** A message of LangChain says its type in place of a role, with what it says in a record of its own where it was stored. */
function withRole(message: Json): Json {
  if (typeof message.role === 'string') return message
  const inside = [message.kwargs, message.data].find(isRecord) ?? message
  const role = [inside.type, message.type].find((type) => typeof type === 'string')
  return role !== undefined && Object.hasOwn(inside, 'content') ? { role, content: inside.content } : message
}

function textOf(messages: readonly unknown[], system: unknown): string | null {
  const first =
    typeof system === 'string' || Array.isArray(system) ? [{ role: 'system', content: system }] : []
  try {
    const chat = messages.map((message) => (isRecord(message) ? withRole(message) : message))
    return said(textOfChat([...first, ...chat] as Chat, 'messages'))
  } catch (error) {
    if (error instanceof ParetoBanditError) return null
    throw error
  }
}

function said(text: string): string | null {
  return text.trim() === '' || text.includes(REDACTED) ? null : text
}
