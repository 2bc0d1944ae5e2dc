import { tokensOf } from './answer.js'
import { type Block, blocksOf, isShown, shownOf } from './blocks.js'
import { openAiError } from './chat-protocol.js'
import { type Frame, frame, type Job, type Protocol } from './frame.js'
import { type JsonRecord, listOf, recordOf } from './json.js'
import { addTokens, NO_TOKENS } from './tokens.js'
import { responsesUsage } from './usage.js'

export const responses: Protocol = {
  body: (job) => finished(job),
  frames: responsesFrames,
  error: openAiError,
  errorFrame: (job, message, form, next) => {
    const error = { code: 'server_error', message }
    const numbered = next.data === '[DONE]' ? {} : { sequence_number: next.data.sequence_number }
    const data: JsonRecord =
      form === 'failed'
        ? { type: 'response.failed', ...numbered, response: { ...begun(job), status: 'failed', error } }
        : { type: 'error', ...numbered, ...error, param: null }
    return frame(data, { event: form === 'failed' ? 'response.failed' : 'error' })
  },
}

/** An item of an output, and how it is written and told. */
interface Item {
  readonly id: string
  readonly block: Block
}

function begun({ id, createdS, request, serviceTier }: Job): JsonRecord {
  const { body, model } = request
  return {
    id: `resp_${id}`,
    object: 'response',
    created_at: createdS,
    status: 'in_progress',
    error: null,
    incomplete_details: null,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    metadata: body.metadata ?? {},
    model,
    output: [],
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    previous_response_id: body.previous_response_id ?? null,
    reasoning: body.reasoning ?? { effort: null, summary: null },
    service_tier: serviceTier,
    store: body.store ?? true,
    temperature: body.temperature ?? 1,
    text: body.text ?? { format: { type: 'text' } },
    tool_choice: body.tool_choice ?? 'auto',
    tools: body.tools ?? [],
    top_p: body.top_p ?? 1,
    truncation: 'disabled',
    usage: null,
  }
}

const INCOMPLETE = { length: 'max_output_tokens', 'content-filter': 'content_filter' } as const

function finished(job: Job): JsonRecord {
  const { ending } = job.answer
  const reason = ending === 'length' || ending === 'content-filter' ? INCOMPLETE[ending] : null
  const usage = job.plan.usage.place === 'missing' ? null : responsesUsage(tokensOf(job.answer))
  return {
    ...begun(job),
    status: reason === null ? 'completed' : 'incomplete',
    incomplete_details: reason === null ? null : { reason },
    output: itemsOf(job).items.map((item) => outputOf(job, item, 'completed')),
    usage,
  }
}

function itemsOf(job: Job): { items: Item[]; rest: Frame['tokens'] } {
  const { pieces, rest } = shownOf(job.answer.pieces, isShown)
  const prefix = { reasoning: 'rs', tool: 'fc' } as const
  const items = blocksOf(pieces).map((block, index) => {
    const word = block.kind === 'reasoning' || block.kind === 'tool' ? prefix[block.kind] : 'msg'
    return { id: `${word}_${job.id}_${index}`, block }
  })
  return { items, rest }
}

function isSummed({ request }: Job): boolean {
  const { summary } = recordOf(request.body.reasoning)
  return summary !== undefined && summary !== null
}

/** @param status `in_progress`: as it begins, without content */
function outputOf(job: Job, { id, block }: Item, status: 'in_progress' | 'completed'): JsonRecord {
  const { kind, call, text } = block
  const isDone = status === 'completed'
  if (kind === 'reasoning') {
    const summary = isDone && isSummed(job) ? [{ type: 'summary_text', text }] : []
    const isSealed = listOf(job.request.body.include).includes('reasoning.encrypted_content')
    const sealed = isSealed && isDone ? { encrypted_content: Buffer.from(text).toString('base64') } : {}
    return { id, type: 'reasoning', summary, ...sealed }
  }
  if (kind === 'tool') {
    const { id: call_id, name } = job.answer.calls[0][call]
    return { id, type: 'function_call', call_id, name, arguments: isDone ? text : '', status }
  }
  return { id, type: 'message', status, role: 'assistant', content: isDone ? [partOf(block, text)] : [] }
}

function partOf({ kind }: Block, text: string): JsonRecord {
  if (kind === 'refusal') return { type: 'refusal', refusal: text }
  return { type: 'output_text', text, annotations: [], logprobs: [] }
}

function* responsesFrames(job: Job): Generator<Frame> {
  let sequence_number = 0
  const event = (type: string, data: JsonRecord, more: Partial<Frame> = {}) =>
    frame({ type, sequence_number: sequence_number++, ...data }, { event: type, ...more })
  yield event('response.created', { response: begun(job) })
  yield event('response.in_progress', { response: begun(job) })
  const { items, rest } = itemsOf(job)
  for (const [output_index, item] of items.entries()) {
    const at = { item_id: item.id, output_index }
    const { kind, text, pieces } = item.block
    const begins = outputOf(job, item, 'in_progress')
    yield event('response.output_item.added', { output_index, item: begins })
    const [before, delta, after] = eventsOf(job, item)
    for (const { type, data } of before) yield event(type, { ...at, ...data })
    for (const piece of delta === null ? [] : pieces) {
      const logprobs = kind === 'text' ? { logprobs: [] } : {}
      const data = { ...at, ...delta?.data, delta: piece.text, ...logprobs }
      yield event(delta?.type ?? '', data, { tokens: piece.tokens, isContent: true })
    }
    for (const { type, data } of after(text)) yield event(type, { ...at, ...data })
    // Reasoning that is not summed up shows nothing while it lasts.
    const silent =
      delta === null ? pieces.reduce((sum, piece) => addTokens(sum, piece.tokens), NO_TOKENS) : {}
    const done = { output_index, item: outputOf(job, item, 'completed') }
    yield event('response.output_item.done', done, { tokens: silent })
  }
  const response = finished(job)
  const isMissing = job.plan.usage.place === 'missing'
  yield event(
    `response.${String(response.status)}`,
    { response },
    { tokens: rest, hasUsage: !isMissing, isLast: true },
  )
}

interface Told {
  readonly type: string
  readonly data: JsonRecord
}

/** Events of an item: those before its pieces, that of a piece (null: none), those after them. */
function eventsOf(job: Job, { block }: Item): [Told[], Told | null, (text: string) => Told[]] {
  const content = { content_index: 0 }
  const summary = { summary_index: 0 }
  switch (block.kind) {
    case 'tool': {
      const { name } = job.answer.calls[0][block.call]
      const type = 'response.function_call_arguments'
      return [
        [],
        { type: `${type}.delta`, data: {} },
        (text) => [{ type: `${type}.done`, data: { name, arguments: text } }],
      ]
    }
    case 'reasoning': {
      if (!isSummed(job)) return [[], null, () => []]
      const part = (text: string) => ({ ...summary, part: { type: 'summary_text', text } })
      return [
        [{ type: 'response.reasoning_summary_part.added', data: part('') }],
        { type: 'response.reasoning_summary_text.delta', data: summary },
        (text) => [
          { type: 'response.reasoning_summary_text.done', data: { ...summary, text } },
          { type: 'response.reasoning_summary_part.done', data: part(text) },
        ],
      ]
    }
    default: {
      const isRefusal = block.kind === 'refusal'
      const type = isRefusal ? 'response.refusal' : 'response.output_text'
      return [
        [{ type: 'response.content_part.added', data: { ...content, part: partOf(block, '') } }],
        { type: `${type}.delta`, data: content },
        (text) => [
          {
            type: `${type}.done`,
            data: { ...content, ...(isRefusal ? { refusal: text } : { text, logprobs: [] }) },
          },
          { type: 'response.content_part.done', data: { ...content, part: partOf(block, text) } },
        ],
      ]
    }
  }
}

/** What is wrong with a request, as far as this upstream looks; null: nothing. */
export function responsesMistake(body: JsonRecord): string | null {
  const isElsewhere =
    (body.input ?? null) === null && (body.prompt ?? body.previous_response_id ?? null) !== null
  if (!isElsewhere && (typeof body.input === 'string' ? body.input === '' : listOf(body.input).length === 0))
    return "'input': expected a text or at least one item"
  return null
}
