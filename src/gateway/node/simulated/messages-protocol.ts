import { createHash } from 'node:crypto'
import { type Piece, promptTokens, tokensOf } from './answer.js'
import { type Block, blocksOf, isShown, shownOf } from './blocks.js'
import { type Frame, frame, type Job, type Protocol } from './frame.js'
import { type JsonRecord, type JsonValue, listOf, numberOf, parseJson, recordOf, textOf } from './json.js'
import { addTokens } from './tokens.js'
import { messagesInput, messagesUsage } from './usage.js'

const STOP = {
  stop: 'end_turn',
  length: 'max_tokens',
  refusal: 'refusal',
  'content-filter': 'refusal',
} as const

const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
}

export const messages: Protocol = {
  body: messagesBody,
  frames: messagesFrames,
  error: messagesError,
  errorFrame: (_, message) => frame(messagesError(529, 'overloaded', message), { event: 'error' }),
}

function messagesError(status: number, _code: string, message: string): JsonRecord {
  return { type: 'error', error: { type: ERROR_TYPES[status] ?? 'api_error', message }, request_id: null }
}

export const countTokens: Protocol = {
  ...messages,
  body: ({ request, plan }) => ({ input_tokens: plan.tokens.input ?? promptTokens(request.body) }),
  frames: () => [],
}

/** Another model's signature is not valid: a conversation that has one cannot move. */
export function signatureOf(model: string, thinking: string): string {
  const hash = createHash('sha256').update(thinking).digest('base64url')
  return Buffer.from(`${model}:${hash}`).toString('base64')
}

function head({ id, request }: Job): JsonRecord {
  return { id: `msg_${id}`, type: 'message', role: 'assistant', model: request.model }
}

function stopOf({ answer }: Job): string {
  return answer.calls[0].length > 0 && answer.ending === 'stop' ? 'tool_use' : STOP[answer.ending]
}

/** What a reader of the reasoning is shown of it. */
function thinkingOf({ request }: Job, block: Block): string {
  return recordOf(request.body.thinking).display === 'omitted' ? '' : block.text
}

function contentOf(job: Job, block: Block): JsonRecord {
  const { kind, text, call } = block
  if (kind === 'reasoning') {
    const thinking = thinkingOf(job, block)
    return { type: 'thinking', thinking, signature: signatureOf(job.request.model, thinking) }
  }
  if (kind === 'tool') {
    const { id, name } = job.answer.calls[0][call]
    return { type: 'tool_use', id, name, input: parseJson(text) ?? {} }
  }
  // Citations are there only where a document asked for them: clients check that they are a list.
  return { type: 'text', text }
}

function standard(job: Job): string {
  return job.serviceTier === 'default' ? 'standard' : job.serviceTier
}

function messagesBody(job: Job): JsonRecord {
  const { answer, plan } = job
  const blocks = blocksOf(shownOf(answer.pieces, isShown).pieces)
  return {
    ...head(job),
    content: blocks.map((block) => contentOf(job, block)),
    stop_reason: stopOf(job),
    stop_sequence: null,
    ...(plan.usage.place === 'missing' ? {} : { usage: messagesUsage(tokensOf(answer), standard(job)) }),
  }
}

function* messagesFrames(job: Job): Generator<Frame> {
  const { answer, plan } = job
  const { place, repeatsInput } = plan.usage
  const says = place !== 'missing'
  const { pieces, rest } = shownOf(answer.pieces, isShown)
  const event = (data: JsonRecord, more: Partial<Frame> = {}) =>
    frame(data, { event: textOf(data.type), ...more })
  // The count of the answer is of what stands so far, and never to be added to the later one.
  const early = {
    ...messagesUsage({ ...answer.input, output: Math.min(1, tokensOf(answer).output) }, standard(job)),
  }
  const message = { ...head(job), content: [], stop_reason: null, stop_sequence: null }
  yield event({ type: 'message_start', message: says ? { ...message, usage: early } : message })
  yield event({ type: 'ping' })
  const usageOf = (use: typeof answer.input): JsonRecord => {
    const { service_tier: _, ...usage } = messagesUsage(use, '')
    const input = Object.keys(messagesInput(use))
    const kept = Object.entries(usage).filter(([name]) => repeatsInput || !input.includes(name))
    return says ? { usage: Object.fromEntries(kept) } : {}
  }
  let soFar = answer.input
  for (const [index, block] of blocksOf(pieces).entries()) {
    yield event({ type: 'content_block_start', index, content_block: emptied(contentOf(job, block)) })
    for (const piece of block.pieces) {
      const delta = deltaOf(job, piece)
      soFar = addTokens(soFar, piece.tokens)
      yield event({ type: 'content_block_delta', index, delta }, { tokens: piece.tokens, isContent: true })
    }
    if (block.kind === 'reasoning') {
      const signature = signatureOf(job.request.model, thinkingOf(job, block))
      yield event({ type: 'content_block_delta', index, delta: { type: 'signature_delta', signature } })
    }
    yield event({ type: 'content_block_stop', index })
    if (place === 'cumulative')
      yield event({
        type: 'message_delta',
        delta: { stop_reason: null, stop_sequence: null },
        ...usageOf(soFar),
      })
  }
  const delta = { stop_reason: stopOf(job), stop_sequence: null }
  const last = { type: 'message_delta', delta, ...usageOf(tokensOf(answer)) }
  yield event(last, { tokens: rest, hasUsage: says })
  if (place === 'twice') yield event(last)
  yield event({ type: 'message_stop' }, { isLast: true })
}

/** A block as it begins. */
function emptied(content: JsonRecord): JsonRecord {
  const empty: Readonly<Record<string, JsonValue>> = { thinking: '', signature: '', text: '', input: {} }
  return Object.fromEntries(
    Object.entries(content).map(([name, value]) => [name, name === 'type' ? value : (empty[name] ?? value)]),
  )
}

function deltaOf({ request }: Job, { kind, text }: Piece): JsonRecord {
  if (kind === 'tool') return { type: 'input_json_delta', partial_json: text }
  if (kind !== 'reasoning') return { type: 'text_delta', text }
  const isOmitted = recordOf(request.body.thinking).display === 'omitted'
  return { type: 'thinking_delta', thinking: isOmitted ? '' : text }
}

/** What is wrong with a request, as far as this upstream looks; null: nothing. */
export function messagesMistake(
  body: JsonRecord,
  headers: Readonly<Record<string, string>>,
  needsMaxTokens = true,
): string | null {
  if (headers['anthropic-version'] === undefined) return 'anthropic-version: header is required'
  if (needsMaxTokens && (numberOf(body.max_tokens) ?? 0) < 1) return 'max_tokens: Field required'
  const given = listOf(body.messages)
  if (given.length === 0) return 'messages: at least one message is required'
  const blocks = given.flatMap((message) => listOf(recordOf(message).content).map(recordOf))
  const isForged = blocks.some(
    ({ type, thinking, signature }) =>
      type === 'thinking' && signature !== signatureOf(textOf(body.model) ?? '', textOf(thinking) ?? ''),
  )
  return isForged ? 'messages: Invalid `signature` in `thinking` block' : null
}
