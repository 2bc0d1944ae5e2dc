import { isRecord } from '../../base/check.js'
import { type Json, objectOf, objectsOf, textOf } from '../../base/json.js'

/** Of a list of parts the types that are none of these; a text alone has none. */
function others(content: unknown, known: ReadonlySet<string>): string | undefined {
  for (const { type } of objectsOf(content)) {
    const name = typeof type === 'string' ? type : 'none'
    if (!known.has(name)) return name
  }
  return undefined
}

function named(what: string, type: string): string {
  return `${what} of type ${JSON.stringify(type.slice(0, 60))}`
}

const TEXTS = new Set(['text', 'input_text', 'output_text', 'refusal'])
const RESULTS = 'results of tools but texts'
const BY_ID = 'files by id'

/** What of the choice of tools no model of the AI SDK is given: it knows one function, or any; null: nothing. */
export function choiceBeyond(choice: unknown): string | null {
  const type = textOf(objectOf(choice)?.type)
  return type === '' || type === 'function' ? null : named('choices of tools', type)
}

const CHAT_ROLES = new Set(['system', 'developer', 'user', 'assistant', 'tool'])
const CHAT_PARTS = new Set(['text', 'image_url', 'input_audio', 'file'])

/** What of the messages of a chat no model of the AI SDK is given; null: nothing. */
export function chatBeyond(messages: readonly Json[]): string | null {
  for (const message of messages) {
    const { role, content, audio, tool_calls: calls } = message
    if (typeof role !== 'string' || !CHAT_ROLES.has(role)) return named('messages', textOf(role))
    if (isRecord(audio)) return 'sound that the provider keeps'
    if (objectsOf(calls).some(({ type = 'function' }) => type !== 'function'))
      return 'calls of tools but functions'
    if (typeof content === 'string') continue
    const other = others(content, role === 'user' ? CHAT_PARTS : TEXTS)
    if (other !== undefined) return role === 'tool' ? RESULTS : named('parts', other)
    if (role === 'user' && objectsOf(content).some(isFileById)) return BY_ID
  }
  return null
}

function isFileById({ type, file }: Json): boolean {
  return type === 'file' && typeof objectOf(file)?.file_data !== 'string'
}

const INPUT_PARTS = new Set(['text', 'input_text', 'input_image', 'input_file'])

/** What of the input of a response no model of the AI SDK is given; null: nothing. */
export function inputBeyond(items: readonly Json[]): string | null {
  for (const { type = 'message', role, content, output } of items) {
    if (type === 'function_call_output' && others(output, TEXTS) !== undefined) return RESULTS
    if (type !== 'message' || typeof content === 'string') continue
    const isAsked = role !== 'assistant' && role !== 'system' && role !== 'developer'
    const other = others(content, isAsked ? INPUT_PARTS : TEXTS)
    if (other !== undefined) return named('parts', other)
    if (isAsked && objectsOf(content).some(isInputById)) return BY_ID
  }
  return null
}

function isInputById({ type, image_url: image, file_data: data, file_url: url }: Json): boolean {
  if (type === 'input_image') return typeof image !== 'string'
  return type === 'input_file' && typeof data !== 'string' && typeof url !== 'string'
}

const SOURCES = new Set(['base64', 'text', 'url'])

/** What of the messages of Anthropic's no model of the AI SDK is given; null: nothing. */
export function blocksBeyond(messages: readonly Json[]): string | null {
  for (const { content } of messages)
    for (const { type, source, content: result, citations } of objectsOf(content)) {
      if (type === 'tool_result' && others(result, TEXTS) !== undefined) return RESULTS
      if (type !== 'image' && type !== 'document') continue
      if (objectOf(citations)?.enabled === true) return 'citations'
      const from = textOf(objectOf(source)?.type)
      if (!SOURCES.has(from)) return from === 'file' ? BY_ID : named('sources', from)
    }
  return null
}
