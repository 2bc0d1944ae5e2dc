import { checkOneOf, checkRecord, isRecord } from '../base/check.js'
import { type Json, listOf, objectOf, objectsOf, textOf, textOfContent } from '../base/json.js'
import { reading } from '../base/read-once.js'
import type { PromptMessage } from './judge/grading.js'
import { CollectedAnswer } from './validators/collected-answer.js'
import { ANSWER_FORMATS, type AnswerFormat, type Contract, contractOf } from './validators/contract.js'
import { outlineOf } from './validators/outline.js'

/** What was asked for and what came, whoever answered. */
export interface ReadAnswer {
  /** The texts of the request, with a word where something else stands between: `[... a picture is not shown ...]`. */
  readonly prompt: readonly PromptMessage[]
  /** The same for requests that ask the same, with all that is no text. Default: those with the same prompt. */
  readonly asked?: string | undefined
  /** What the request asks its answer to be. */
  readonly contract: Contract
  /** What came. */
  readonly answer: CollectedAnswer
  /** What the provider calls the answer; null: it has no name. */
  readonly responseId: string | null
}

/**
 * Reads a request and its answer.
 * @param request the body that was sent
 * @param answer the body that came, or the events of its stream
 * @throws INVALID_ARGUMENT
 */
export function answerOf(
  format: AnswerFormat,
  request: object,
  answer: object | readonly object[],
): ReadAnswer {
  const known = checkOneOf(format, ANSWER_FORMATS, 'format')
  const body = checkRecord(request, 'request')
  const collected = new CollectedAnswer()
  let responseId: string | null = null
  reading('answer', () => {
    const values = Array.isArray(answer) ? objectsOf(answer) : [checkRecord(answer, 'answer')]
    for (const value of values) {
      collected.add(known, value)
      responseId ??= responseIdIn(value)
    }
  })
  const prompt = promptOf(known, body)
  return { prompt, asked: outlineOf(body), contract: contractOf(known, body), answer: collected, responseId }
}

/** Of a whole answer, a piece of a chat, or an event that has the answer in it. @throws INVALID_ARGUMENT */
export function responseIdIn(value: Json): string | null {
  checkRecord(value, 'value')
  return reading('value', () => {
    const inner = objectOf(value.response) ?? objectOf(value.message) ?? value
    return textOf(inner.id) || null
  })
}

/** The texts of a request, with a word where something else stands between. @throws INVALID_ARGUMENT */
export function promptOf(format: AnswerFormat, body: Json): PromptMessage[] {
  const known = checkOneOf(format, ANSWER_FORMATS, 'format')
  checkRecord(body, 'request')
  return reading('request', () => textsOf(known, body))
}

function textsOf(format: AnswerFormat, body: Json): PromptMessage[] {
  if (format === 'chat') return messagesOf(body.messages)
  const instructions = textOfContent(format === 'responses' ? body.instructions : body.system)
  const system = instructions === '' ? [] : [{ role: 'system', content: instructions }]
  if (format === 'messages') return [...system, ...messagesOf(body.messages)]
  const said =
    typeof body.input === 'string' ? [{ role: 'user', content: body.input }] : messagesOf(body.input)
  const isKept = (body.previous_response_id ?? body.conversation ?? null) !== null
  const before = isKept ? [{ role: 'system', content: hidden('what was said before') }] : []
  return [...system, ...before, ...said]
}

/** Whoever grades an answer on what it does not see would take it for made up. */
function hidden(what: string): string {
  return `[... ${what} is not shown ...]`
}

/** Words for what is no text. */
const HIDDEN: Readonly<Record<string, string>> = {
  image: 'a picture',
  image_url: 'a picture',
  input_image: 'a picture',
  computer_screenshot: 'a picture',
  input_audio: 'sound',
  video_url: 'a video',
  file: 'a file',
  input_file: 'a file',
  document: 'a file',
}

/** Of parts, and of those within the result of a tool. */
function hiddenIn(content: unknown): string[] {
  const parts = isRecord(content) ? [content] : objectsOf(content)
  return parts
    .flatMap((part) => [part, ...objectsOf(part.content)])
    .flatMap(({ type }) => {
      const name = textOf(type)
      return Object.hasOwn(HIDDEN, name) ? [hidden(HIDDEN[name])] : []
    })
}

function messagesOf(messages: unknown): PromptMessage[] {
  return objectsOf(listOf(messages)).flatMap((each) => {
    const { role, content, output } = each
    const calls = callsOf(each)
    if (typeof role === 'string')
      return [{ role, content: joined([textOfContent(content), ...hiddenIn(content), ...calls]) }]
    // Of responses, whose calls and their results are said by no role.
    if (calls.length > 0) return [{ role: 'assistant', content: calls.join('\n') }]
    if (output === undefined) return []
    return [{ role: 'tool', content: joined([textOfContent(output), ...hiddenIn(output)]) }]
  })
}

function joined(texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join('\n')
}

/** Calls of tools: of a message of a chat, an item of responses, or the parts of one of messages. */
function callsOf(message: Json): string[] {
  const parts = objectsOf(listOf(message.content)).filter(({ type }) => type === 'tool_use')
  const functions = objectsOf(listOf(message.tool_calls)).map((call) => objectOf(call.function) ?? call)
  const items = /^(function|custom_tool)_call$/.test(textOf(message.type)) ? [message] : []
  return [...parts, ...functions, ...items].map(({ name, arguments: args, input }) => {
    const given = args ?? input ?? {}
    return `${textOf(name)}(${typeof given === 'string' ? given : JSON.stringify(given)})`
  })
}
