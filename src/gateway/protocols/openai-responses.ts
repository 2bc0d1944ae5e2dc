import { isRecord } from '../../base/check.js'
import { type Json, objectOf, objectsOf, textOf, textOfContent } from '../../base/json.js'
import { type Capability, responsesNeeds } from '../../index.js'
import { isWork } from '../../rewards/parts.js'
import {
  type Asked,
  type Facts,
  type InputSize,
  NO_FACTS,
  type ProtocolAdapter,
  RequestError,
} from './adapter.js'
import { dearerIn } from './dearer.js'
import { inputSize } from './input-size.js'
import { greatestLimit, reasoningBudget, wantedFlag, wantedText } from './json-read.js'
import { openAiError, statusOfType } from './openai-errors.js'
import { choiceBeyond, inputBeyond } from './parts-beyond.js'
import { otherInput, type PromptMessage, sessionIn } from './prompt.js'
import { usageOf, usagePathOf } from './usage.js'

/** `POST /v1/responses`. State is the client's: what a provider would keep goes back to the model that it came from. */
export const OPENAI_RESPONSES: ProtocolAdapter = {
  surface: 'responses',
  format: 'responses',
  protocol: 'openai',
  errors: 'openai',
  path: '/responses',
  passedHeaders: ['openai-beta'],
  read,
  changes: () => ({}),
  readAnswer: (answer) => readResponse(answer, false),
  keptAs: (value) => {
    const response = objectOf(value.response) ?? value
    return response.store === false ? null : textOf(response.id) || null
  },
  readEvent: (_event, data) => (data === null ? NO_FACTS : readEvent(data)),
  shown: (data) => data,
  usagePath: usagePathOf,
  errorEvent: (message, code, latest) => {
    // Clients that check events take none without a number.
    const before = latest?.sequence_number
    const sequence_number = typeof before === 'number' ? before + 1 : 0
    const data = { type: 'error', sequence_number, code, message, param: null }
    return `event: error\ndata: ${JSON.stringify(data)}\n\n`
  },
  endEvent: '',
}

function read(body: Json): Asked {
  const { input = null, instructions } = body
  const isElsewhere = isRecord(body.prompt) || keptIn(body) !== null
  if (
    !(input === null && isElsewhere) &&
    typeof input !== 'string' &&
    !(Array.isArray(input) && input.length > 0 && input.every(isRecord))
  )
    throw new RequestError('input: expected a text, or a list of items that is not empty')
  if (wantedFlag(body, 'background'))
    throw new RequestError('background: responses are answered on the connection', 'unsupported')
  const items: readonly Json[] = typeof input === 'string' ? [] : objectsOf(input)
  const types = items.map(({ type }) => textOf(type))
  const needs = responsesNeeds(body)
  const prompt: PromptMessage[] = []
  if (typeof instructions === 'string') prompt.push({ role: 'system', content: instructions })
  if (typeof input === 'string') prompt.push({ role: 'user', content: input })
  for (const { role, content, output, arguments: given } of items)
    prompt.push({
      role: textOf(role) || 'user',
      content: textOfContent(content ?? output) || textOf(given),
    })
  return {
    model: wantedText(body, 'model'),
    isStreamed: wantedFlag(body, 'stream'),
    wantsUsage: true,
    needs,
    prompt,
    other: otherInput([body.tools, body.text]),
    size: sizeOf(body),
    maxOutputTokens: greatestLimit(body, ['max_output_tokens']),
    answers: 1,
    predictedTokens: 0,
    predictedBytes: 0,
    reasoningTokens: reasoningBudget(body),
    dearer: dearerIn(body),
    session: sessionIn(body),
    keptAs: keptIn(body),
    lock: lockOf(body, items, types),
    nativeOnly: nativeOnly(body, items, types, needs),
  }
}

/** What the provider keeps the conversation so far as. */
function keptIn({ previous_response_id: previous, conversation }: Json): string | null {
  return textOf(previous) || textOf(conversation) || textOf(objectOf(conversation)?.id) || null
}

/** A conversation or a template that the provider keeps is part of the prompt, and nobody here knows how long it is. */
function sizeOf({
  instructions,
  input,
  prompt,
  previous_response_id: previous,
  conversation,
}: Json): InputSize {
  const size = inputSize([instructions, input, objectOf(prompt)?.variables])
  const isKept = typeof previous === 'string' || (conversation ?? null) !== null
  const items = objectsOf(input)
  const kept = isKept ? 'a conversation' : isRecord(prompt) ? 'a prompt' : null
  const unknown = items.some(isElsewhere) ? 'an item' : kept
  if (unknown === null) return size
  return {
    ...size,
    references: size.references + (kept === null ? 0 : 1) + items.filter(isBare).length,
    unbounded: size.unbounded ?? `${unknown} that the provider keeps`,
  }
}

/** Items of these types are found by their ids where they hold nothing: messages, thoughts, pictures; and of none, as a reference may be. */
const FOUND_BY_ID = new Set(['', 'message', 'reasoning', 'image_generation_call'])
const HELD = ['content', 'encrypted_content', 'result']

/** Whether an item has an id and nothing else: how long what its provider finds by that is nobody here knows. */
function isElsewhere(item: Json): boolean {
  if (typeof item.id !== 'string' || !FOUND_BY_ID.has(textOf(item.type))) return false
  return HELD.every((name) => isNothing(item[name]))
}

function isNothing(value: unknown): boolean {
  return (value ?? '') === '' || (Array.isArray(value) && value.length === 0)
}

/** A reference whose type is left out. */
function isBare(item: Json): boolean {
  return textOf(item.type) === '' && textOf(item.role) === '' && isElsewhere(item)
}

const ITEMS = new Set(['', 'message', 'reasoning', 'function_call', 'function_call_output'])

function nativeOnly(
  body: Json,
  items: readonly Json[],
  types: readonly string[],
  needs: ReadonlySet<Capability>,
): string | null {
  if (typeof body.previous_response_id === 'string' || (body.conversation ?? null) !== null)
    return 'state of the provider'
  if (objectsOf(body.tools).some(({ type }) => type !== 'function')) return 'tools but functions'
  const other = types.find((type) => !ITEMS.has(type))
  if (other !== undefined) return `items of type ${JSON.stringify(other.slice(0, 60))}`
  return needs.has('logprobs') ? 'logprobs' : (choiceBeyond(body.tool_choice) ?? inputBeyond(items))
}

/** Thinking that only whoever thought it can read: it stands there encrypted, or at the provider, which finds it by its id. */
function isSigned({ type, id, encrypted_content: encrypted }: Json): boolean {
  return type === 'reasoning' && (typeof encrypted === 'string' || typeof id === 'string')
}

function lockOf(body: Json, items: readonly Json[], types: readonly string[]): Asked['lock'] {
  if (typeof body.previous_response_id === 'string' || (body.conversation ?? null) !== null)
    return 'state of the provider'
  if (items.some((item) => textOf(item.type) === 'item_reference' || isBare(item)))
    return 'state of the provider'
  if (items.some(isSigned)) return 'thinking signatures'
  return (types.at(-1) ?? '').endsWith('_call_output') ? 'open tool calls' : null
}

function readResponse(response: Json, isEvent: boolean): Facts {
  const error = openAiError(response)
  const usage = usageOf(response)
  if (error !== null) return { ...NO_FACTS, usage, error }
  const items = objectsOf(response.output)
  const parts = items.flatMap(partsOf)
  const text = textOfParts(parts)
  const reason = textOf(objectOf(response.incomplete_details)?.reason)
  const hasWork = items.some(isWork)
  const refused = parts.some((part) => textOf(part.refusal) !== '')
  return {
    ...NO_FACTS,
    // A stream has had its text already.
    text: isEvent ? '' : text,
    hasContent: hasWork || text !== '',
    hasAnswer:
      hasWork || textOfParts(items.filter(({ type }) => type !== 'reasoning').flatMap(partsOf)) !== '',
    usage,
    serviceTier: textOf(response.service_tier) || null,
    finish: textOf(response.status) || 'completed',
    isRefusal: refused || reason === 'content_filter',
    isTruncated: response.status === 'incomplete' && reason !== 'content_filter',
    isEnd: isEvent,
  }
}

function partsOf(item: Json): readonly Json[] {
  const work = isWork(item) ? JSON.stringify(item.action ?? item.operation ?? '') : ''
  const called = textOf(item.name) + textOf(item.arguments) + textOf(item.input) + textOf(item.result) + work
  return [{ text: called }, ...objectsOf(item.content), ...objectsOf(item.summary)]
}

function textOfParts(parts: readonly Json[]): string {
  return parts.map(({ text, refusal }) => textOf(text) + textOf(refusal)).join('')
}

function readEvent(value: Json): Facts {
  const type = textOf(value.type)
  const response = objectOf(value.response)
  if (type === 'error') {
    const code = textOf(value.code)
    const error = { message: textOf(value.message) || 'an error', type: code, status: statusOfType(code) }
    return { ...NO_FACTS, error: openAiError(value) ?? error }
  }
  if (response !== null && (type === 'response.failed' || type === 'response.cancelled')) {
    const message = type === 'response.failed' ? 'the response failed' : 'the response was cancelled'
    const error = openAiError(response) ?? { message, type: '', status: null }
    return { ...NO_FACTS, usage: usageOf(response), error }
  }
  if (response !== null && (type === 'response.completed' || type === 'response.incomplete'))
    return readResponse(response, true)
  if (type.endsWith('.delta')) {
    const text = textOf(value.delta)
    const hasContent = text !== ''
    const hasAnswer = hasContent && !type.startsWith('response.reasoning')
    return { ...NO_FACTS, text, hasContent, hasAnswer, isRefusal: type === 'response.refusal.delta' }
  }
  const item = type === 'response.output_item.done' ? objectOf(value.item) : null
  const hasWork = item !== null && isWork(item)
  return hasWork || type === 'response.image_generation_call.partial_image'
    ? { ...NO_FACTS, hasContent: true, hasAnswer: true }
    : NO_FACTS
}
