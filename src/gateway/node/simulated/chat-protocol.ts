import { type Piece, tokensOf } from './answer.js'
import { shownOf } from './blocks.js'
import { type Frame, frame, type Job, type Protocol } from './frame.js'
import { type JsonRecord, type JsonValue, listOf, recordOf } from './json.js'
import { addTokens, type TokenUse } from './tokens.js'
import { chatUsage } from './usage.js'

const FINISH = {
  stop: 'stop',
  length: 'length',
  refusal: 'stop',
  'content-filter': 'content_filter',
} as const

export const chat: Protocol = {
  body: chatBody,
  frames: chatFrames,
  error: openAiError,
  errorFrame: (_, message) =>
    frame({ error: { message, type: 'server_error', param: null, code: 'server_error' } }),
}

export function openAiError(status: number, code: string, message: string): JsonRecord {
  return { error: { message, type: errorType(status), param: null, code } }
}

function errorType(status: number): string {
  if (status === 429) return 'rate_limit_error'
  return status >= 500 ? 'server_error' : 'invalid_request_error'
}

function head(job: Job, object: string): JsonRecord {
  const { id, createdS, request, serviceTier } = job
  return {
    id: `chatcmpl-${id}`,
    object,
    created: createdS,
    model: request.model,
    service_tier: serviceTier,
    system_fingerprint: 'fp_simulated',
  }
}

function usageFields(job: Job, use: TokenUse): JsonRecord {
  const { place, style } = job.plan.usage
  if (place === 'missing') return {}
  const usage = chatUsage(use, style, job.costUsd(use))
  return style === 'groq' ? { x_groq: { id: `req_${job.id}`, usage } } : { usage }
}

function chatBody(job: Job): JsonRecord {
  const { answer } = job
  const choices = answer.calls.map((calls, index) => {
    const textOfKind = (kind: Piece['kind'], call = 0) => {
      const pieces = answer.pieces.filter((piece) => piece.choice === index && piece.kind === kind)
      const own = pieces.filter((piece) => piece.call === call)
      return own.length === 0 ? null : own.map((piece) => piece.text).join('')
    }
    const reasoning = textOfKind('reasoning')
    const sound = textOfKind('audio')
    const message: JsonRecord = {
      role: 'assistant',
      content: textOfKind('text'),
      refusal: textOfKind('refusal'),
      annotations: [],
      ...shownReasoning(job, reasoning),
      ...(sound === null
        ? {}
        : { audio: { id: `audio_${job.id}`, data: sound, transcript: '', expires_at: 0 } }),
      ...(calls.length === 0
        ? {}
        : {
            tool_calls: calls.map(({ id, name }, call) => ({
              id,
              type: 'function',
              function: { name, arguments: textOfKind('tool', call) ?? '' },
            })),
          }),
    }
    const spoken = answer.pieces.filter(({ choice, kind }) => choice === index && kind === 'text')
    return {
      index,
      message,
      logprobs: logprobsOf(job, spoken),
      finish_reason: finishOf(job, index),
    }
  })
  return { ...head(job, 'chat.completion'), choices, ...usageFields(job, tokensOf(answer)) }
}

function shownReasoning({ plan }: Job, text: string | null): JsonRecord {
  return text === null || plan.reasoningShown === 'hidden' ? {} : { [plan.reasoningShown]: text }
}

function finishOf({ answer }: Job, choice: number): string {
  return answer.calls[choice].length > 0 && answer.ending === 'stop' ? 'tool_calls' : FINISH[answer.ending]
}

function logprobsOf({ request }: Job, pieces: readonly Piece[]): JsonValue {
  if (request.body.logprobs !== true || pieces.length === 0) return null
  const top = Number(request.body.top_logprobs ?? 0)
  const entry = (token: string, logprob: number) => ({ token, logprob, bytes: [...Buffer.from(token)] })
  return {
    content: pieces.map(({ text }) => ({
      ...entry(text, -0.25),
      top_logprobs: Array.from({ length: top }, (_, i) => entry(i === 0 ? text : `other${i}`, -0.25 - i)),
    })),
    refusal: null,
  }
}

function* chatFrames(job: Job): Generator<Frame> {
  const { plan, request, answer } = job
  const { place, style, isNullElsewhere, isUnasked } = plan.usage
  const isAsked = recordOf(request.body.stream_options).include_usage === true
  const says = place !== 'missing' && (isAsked || isUnasked)
  const total = tokensOf(answer)
  const filler: JsonRecord = says && isNullElsewhere && style !== 'groq' ? { usage: null } : {}
  let soFar = answer.input
  const chunk = (choices: readonly JsonValue[], more: Partial<Frame> = {}, usage?: JsonRecord): Frame => {
    soFar = addTokens(soFar, more.tokens ?? {})
    const counts = usage ?? (says && place === 'cumulative' ? usageFields(job, soFar) : filler)
    return frame({ ...head(job, 'chat.completion.chunk'), choices, ...counts }, more)
  }
  const choice = (index: number, delta: JsonRecord, logprobs: JsonValue = null): JsonValue => ({
    index,
    delta,
    logprobs,
    finish_reason: null,
  })
  for (const index of answer.calls.keys()) {
    yield chunk([choice(index, { role: 'assistant', content: '', refusal: null })])
    for (const [call, { id, name }] of answer.calls[index].entries())
      yield chunk([
        choice(index, {
          tool_calls: [{ index: call, id, type: 'function', function: { name, arguments: '' } }],
        }),
      ])
  }
  const { pieces, rest } = shownOf(answer.pieces, (piece) => deltaOf(job, piece) !== null)
  for (const piece of pieces) {
    const logprobs = logprobsOf(job, piece.kind === 'text' ? [piece] : [])
    const choices = [choice(piece.choice, deltaOf(job, piece) ?? {}, logprobs)]
    yield chunk(choices, { tokens: piece.tokens, isContent: true })
  }
  const usage = usageFields(job, total)
  const told = { hasUsage: true }
  if (says && place === 'before-finish') yield chunk([], { ...told, tokens: rest }, usage)
  for (const index of answer.calls.keys()) {
    const isFinal = index === answer.calls.length - 1
    const finish = { index, delta: {}, logprobs: null, finish_reason: finishOf(job, index) }
    const tokens = isFinal && place !== 'before-finish' ? rest : {}
    if (isFinal && says && place === 'finish-chunk') yield chunk([finish], { ...told, tokens }, usage)
    else yield chunk([finish], { tokens, hasUsage: isFinal && says && place === 'cumulative' })
  }
  if (says && (place === 'own-chunk' || place === 'twice')) yield chunk([], told, usage)
  if (says && place === 'twice') yield chunk([], told, usage)
  if (says && place === 'own-chunk-with-choice') yield chunk([choice(0, {})], told, usage)
  if (says && place === 'cumulative') yield chunk([], told)
  yield frame('[DONE]', { isLast: true })
}

function deltaOf({ plan }: Job, { kind, text, call }: Piece): JsonRecord | null {
  switch (kind) {
    case 'unseen':
      return null
    case 'text':
      return { content: text }
    case 'refusal':
      return { refusal: text }
    case 'audio':
      return { audio: { data: text } }
    case 'tool':
      return { tool_calls: [{ index: call, function: { arguments: text } }] }
    case 'reasoning':
      return plan.reasoningShown === 'hidden' ? null : { [plan.reasoningShown]: text }
  }
}

/** What is wrong with a chat request, as far as this upstream looks; null: nothing. */
export function chatMistake(body: JsonRecord): string | null {
  if (listOf(body.messages).length === 0) return "'messages': expected at least one message"
  return null
}
