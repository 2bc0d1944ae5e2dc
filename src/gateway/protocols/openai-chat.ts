import { isRecord } from '../../base/check.js'
import { type Json, listOf, objectOf, objectsOf, textOf, textOfContent } from '../../base/json.js'
import { chatNeeds } from '../../index.js'
import { flawOfFinish } from '../../rewards/parts.js'
import { type Asked, type Facts, NO_FACTS, type ProtocolAdapter, RequestError } from './adapter.js'
import { dearerIn } from './dearer.js'
import { inputSize } from './input-size.js'
import { greatestLimit, reasoningBudget, wantedCount, wantedFlag, wantedText } from './json-read.js'
import { chatError, openAiErrorEvent } from './openai-errors.js'
import { chatBeyond, choiceBeyond } from './parts-beyond.js'
import { otherInput, sessionIn, tokensOfJson } from './prompt.js'
import { usageOf, usagePathOf, withoutUsage } from './usage.js'
import { bytesOfJson } from './written-chars.js'

/** `POST /v1/chat/completions`, as OpenAI has it and the many that speak it. */
export const OPENAI_CHAT: ProtocolAdapter = {
  surface: 'chat',
  format: 'chat',
  protocol: 'openai',
  errors: 'openai',
  path: '/chat/completions',
  passedHeaders: ['openai-beta'],
  read,
  changes: (body, { isStreamed }) =>
    isStreamed ? { stream_options: { ...objectOf(body.stream_options), include_usage: true } } : {},
  readAnswer: (answer) => factsOf(answer, 'message'),
  keptAs: () => null,
  readEvent: ({ event, data }, value) => {
    if (data.trim() === '[DONE]') return { ...NO_FACTS, isEnd: true }
    if (value === null) return NO_FACTS
    const isNamed = event === 'error' && value.error === undefined
    return factsOf(isNamed ? { object: 'error', ...value } : value, 'delta')
  },
  shown: (data, value, { wantsUsage }) => (wantsUsage ? data : withoutUsage(data, value)),
  usagePath: usagePathOf,
  errorEvent: openAiErrorEvent,
  endEvent: 'data: [DONE]\n\n',
}

/** As OpenAI has it. */
const ANSWERS_MAX = 128

function read(body: Json): Asked {
  const { messages } = body
  if (!Array.isArray(messages) || messages.length === 0 || !messages.every(isRecord))
    throw new RequestError('messages: expected a list of messages, not empty')
  if (!messages.every(({ role }) => typeof role === 'string'))
    throw new RequestError('messages: expected a role in each')
  // Of xAI: its answer would be fetched later, and nobody here would see what it is billed for.
  if (wantedFlag(body, 'deferred'))
    throw new RequestError('deferred: completions are answered on the connection', 'unsupported')
  const isStreamed = wantedFlag(body, 'stream')
  const most = greatestLimit(body, ['max_completion_tokens', 'max_tokens'])
  const answers = Math.max(wantedAnswers(body, 'n'), wantedAnswers(body, 'best_of'))
  const options = objectOf(body.stream_options)
  return {
    model: wantedText(body, 'model'),
    isStreamed,
    wantsUsage: isStreamed && options?.include_usage === true,
    needs: chatNeeds(body),
    prompt: messages.map(({ role, content }) => ({ role: textOf(role), content: textOfContent(content) })),
    other: otherInput([body.tools, body.functions, body.response_format, body.documents]),
    size: inputSize([messages]),
    maxOutputTokens: most,
    answers,
    predictedTokens: tokensOfJson(objectOf(body.prediction)?.content),
    predictedBytes: bytesOfJson(objectOf(body.prediction)?.content),
    reasoningTokens: reasoningBudget(body),
    dearer: dearerIn(body),
    session: sessionIn(body),
    keptAs: null,
    lock: ['tool', 'function'].includes(textOf(messages.at(-1)?.role)) ? 'open tool calls' : null,
    nativeOnly: nativeOnly(body, answers, messages),
  }
}

/** Who asks for none would get an answer without choices, which looks like a failure of its model. */
function wantedAnswers(body: Json, name: string): number {
  const answers = wantedCount(body, name) ?? 1
  if (answers >= 1 && answers <= ANSWERS_MAX) return answers
  throw new RequestError(`${name}: expected a whole number from 1 to ${ANSWERS_MAX}, got ${answers}`)
}

function nativeOnly(body: Json, answers: number, messages: readonly Json[]): string | null {
  if (answers > 1) return 'several answers (n)'
  if (objectsOf(body.functions).length > 0) return 'functions; tools took their place'
  if (listOf(body.documents).length > 0) return 'documents beside the messages'
  if (messages.some(({ role }) => role === 'function')) return 'messages of role function'
  if (objectsOf(body.tools).some(({ type }) => type !== 'function')) return 'tools but functions'
  if (Array.isArray(body.modalities) && body.modalities.some((each) => each !== 'text'))
    return 'modalities but text'
  if (body.logprobs === true || typeof body.top_logprobs === 'number') return 'logprobs'
  return choiceBeyond(body.tool_choice) ?? chatBeyond(messages)
}

/** Fields of a message or delta that hold what was generated: the answer, and the thinking before it. */
const ANSWERS = ['content', 'refusal'] as const
const THOUGHTS = ['reasoning_content', 'reasoning'] as const

function factsOf(value: Json, place: 'message' | 'delta'): Facts {
  const error = chatError(value)
  if (error !== null) return { ...NO_FACTS, usage: usageOf(value), error }
  const choices = objectsOf(value.choices)
  let text = ''
  let thought = ''
  let finish: string | null = null
  let isRefusal = false
  let isTruncated = false
  let hasMedia = false
  for (const choice of choices) {
    const said = objectOf(choice[place]) ?? objectOf(choice.message)
    if (said !== null) {
      for (const name of ANSWERS) text += textOfContent(said[name])
      thought += thoughtIn(said)
      hasMedia ||= objectsOf(said.images).length > 0 || objectsOf(said.content).some(isMedia)
      for (const call of objectsOf(said.tool_calls)) text += textOfCall(call.function ?? call.custom)
      text += textOfCall(said.function_call)
      if (isRecord(said.audio)) text += textOf(said.audio.transcript) || textOf(said.audio.data)
      if (textOf(said.refusal) !== '') isRefusal = true
    }
    text += textOf(choice.text)
    // Some servers send an empty one until the last.
    const reason = textOf(choice.finish_reason)
    if (reason === '') continue
    finish = reason
    isRefusal ||= flawOfFinish(finish) === 'refused_answer'
    isTruncated ||= flawOfFinish(finish) === 'truncated_answer'
  }
  return {
    text: thought + text,
    hasContent: thought !== '' || text !== '' || hasMedia,
    hasAnswer: text !== '' || hasMedia,
    usage: usageOf(value),
    isUsageWhole: true,
    serviceTier: textOf(value.service_tier) || null,
    finish,
    answers: answersOf(choices),
    isRefusal,
    isTruncated,
    error: null,
    isEnd: false,
  }
}

/** Of most events: the first choice, and no other. */
const FIRST_GOES_ON: Facts['answers'] = [{ index: 0, isEnded: false }]

function answersOf(choices: readonly Json[]): Facts['answers'] {
  if (choices.length === 1 && choices[0].index === 0 && textOf(choices[0].finish_reason) === '')
    return FIRST_GOES_ON
  return choices.map(({ index, finish_reason: reason }) => ({
    index: typeof index === 'number' ? index : 0,
    isEnded: textOf(reason) !== '',
  }))
}

/** By the fields that most have, as OpenRouter's list of details has it where it has that alone, and as Mistral puts it into the content. */
function thoughtIn(said: Json): string {
  let thought = ''
  for (const name of THOUGHTS) thought += textOfContent(said[name])
  if (thought === '')
    for (const { text, summary } of objectsOf(said.reasoning_details))
      thought += textOf(text) || textOf(summary)
  for (const { thinking } of objectsOf(said.content)) thought += textOfContent(thinking)
  return thought
}

/** Of the parts of a content that are no text: pictures and the like. */
function isMedia({ type }: Json): boolean {
  return typeof type === 'string' && !['text', 'output_text', 'refusal', 'thinking'].includes(type)
}

/** Of a function, or of a tool that takes a text as it is. */
function textOfCall(call: unknown): string {
  return isRecord(call) ? textOf(call.name) + textOf(call.arguments) + textOf(call.input) : ''
}
