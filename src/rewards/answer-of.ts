import { checkOneOf, checkRecord } from '../base/check.js'
import { type Json, listOf, objectOf, objectsOf, textOf, textOfContent } from '../base/json.js'
import { reading } from '../base/read-once.js'
import type { PromptMessage } from './judge/grading.js'
import { CollectedAnswer } from './validators/collected-answer.js'
import { ANSWER_FORMATS, type AnswerFormat, type Contract, contractOf } from './validators/contract.js'

/** What was asked for and what came, whoever answered. */
export interface ReadAnswer {
  /** The texts of the request. */
  readonly prompt: readonly PromptMessage[]
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
  const prompt = reading('request', () => promptOf(known, body))
  return { prompt, contract: contractOf(known, body), answer: collected, responseId }
}

/** Of a whole answer, a piece of a chat, or an event that has the answer in it. @throws INVALID_ARGUMENT */
export function responseIdIn(value: Json): string | null {
  checkRecord(value, 'value')
  return reading('value', () => {
    const inner = objectOf(value.response) ?? objectOf(value.message) ?? value
    return textOf(inner.id) || null
  })
}

/** The texts of a request. */
export function promptOf(format: AnswerFormat, body: Json): PromptMessage[] {
  if (format === 'chat') return messagesOf(body.messages)
  const instructions = textOfContent(format === 'responses' ? body.instructions : body.system)
  const system = instructions === '' ? [] : [{ role: 'system', content: instructions }]
  if (format === 'messages') return [...system, ...messagesOf(body.messages)]
  const said =
    typeof body.input === 'string' ? [{ role: 'user', content: body.input }] : messagesOf(body.input)
  return [...system, ...said]
}

function messagesOf(messages: unknown): PromptMessage[] {
  return objectsOf(listOf(messages))
    .filter(({ role }) => typeof role === 'string')
    .map(({ role, content }) => ({ role: textOf(role), content: textOfContent(content) }))
}
