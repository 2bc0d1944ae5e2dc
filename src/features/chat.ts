import { isRecord } from '../base/check.js'
import { expected } from '../base/errors.js'

/**
 * A literal with fields that are not named here. Interfaces of other packages, which have no index signature, are taken as
 * they are: so it stands beside the plain type, and not in its place.
 */
type WithMore<T> = T | (T & { readonly [field: string]: unknown })

/** A message of a chat as providers take it; what else it holds (names, tool calls) is not read. */
export interface ChatMessage {
  /** Who says it: `user`, `system`, `assistant`. */
  readonly role: string
  /** Null where there is no text, as beside tool calls. Of parts, those with a text count. */
  readonly content?: string | readonly (string | WithMore<ChatPart>)[] | null | undefined
}

/** A text, or an image, a file or a tool's result, which has none. */
export interface ChatPart {
  /** `text`, or what else it is. */
  readonly type?: string | undefined
  /** Of a text. */
  readonly text?: unknown
}

/** Messages of a chat. */
export type Chat = readonly WithMore<ChatMessage>[]

/** Whether an input is a chat and no vector. */
export function isChat(input: unknown): input is Chat {
  return Array.isArray(input) && typeof input[0] === 'object' && input[0] !== null
}

/**
 * The texts of a chat in their order, an empty line between: one message is the same as its text alone.
 * @throws INVALID_ARGUMENT naming the message
 */
export function textOfChat(messages: Chat, field: string): string {
  const texts: string[] = []
  const { length } = messages
  for (let i = 0; i < length; i++) {
    const path = `${field}[${i}]`
    const message: unknown = messages[i]
    if (!isRecord(message)) throw expected('INVALID_ARGUMENT', path, 'a message {role, content}', message)
    const { role, content } = message
    if (typeof role !== 'string') throw expected('INVALID_ARGUMENT', `${path}.role`, 'a string', role)
    if (typeof content === 'string') texts.push(content)
    else if (Array.isArray(content)) addParts(content, `${path}.content`, texts)
    else if (content !== null && (content !== undefined || !('tool_calls' in message)))
      throw expected('INVALID_ARGUMENT', `${path}.content`, 'a text, an array of parts or null', content)
  }
  return texts.join('\n\n')
}

function addParts(parts: readonly unknown[], field: string, texts: string[]): void {
  const { length } = parts
  for (let i = 0; i < length; i++) {
    const part = parts[i]
    if (typeof part === 'string') texts.push(part)
    else if (!isRecord(part))
      throw expected('INVALID_ARGUMENT', `${field}[${i}]`, 'a text or a part {type, text}', part)
    else if (typeof part.text === 'string') texts.push(part.text)
    else if (part.type === 'text')
      throw expected('INVALID_ARGUMENT', `${field}[${i}].text`, 'a string', part.text)
  }
}
