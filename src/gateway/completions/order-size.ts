import type { Json } from '../../base/json.js'
import { estimateTokens } from '../../features/index.js'
import type { GatewayConfig, ModelConfig } from '../config/config.js'
import { type Asked, type ProtocolAdapter, RequestError } from '../protocols/adapter.js'
import { parametersIn } from '../protocols/model-parameters.js'
import { TOKENS_PER_JSON_CHAR } from '../protocols/prompt.js'
import { charsOf } from '../protocols/written-chars.js'

/** Tokens of a request, as far as one can tell. */
export interface RequestSize {
  readonly inputTokens: number
  /** Of one answer; null: it may be without a limit. */
  readonly maxOutputTokens: number | null
  readonly answers: number
  readonly predictedTokens: number
  readonly reasoningTokens: number
  /** What in it has no length that is known here; null: nothing. */
  readonly unbounded: string | null
}

/** Parameters of a model take the place of what a client says, so each model may be sent a request of another size. */
export interface OrderSize {
  /** By its client's own words. */
  readonly client: RequestSize
  /** The most of what its models are sent. */
  readonly most: RequestSize
  /** By their ids, what those models read whose parameters change it. */
  readonly changedInputTokens: ReadonlyMap<string, number>
}

/** What sizes go by. */
type SizeConfig = Pick<GatewayConfig, 'requests' | 'routing'>

/** What a message costs beside its text. */
const TOKENS_PER_MESSAGE = 4

/** Members that say how much is read and answered. */
export const SIZE_MEMBERS: ReadonlySet<string> = new Set([
  'best_of',
  'compaction',
  'conversation',
  'documents',
  'functions',
  'include',
  'instructions',
  'max_completion_tokens',
  'max_output_tokens',
  'max_tokens',
  'n',
  'output_config',
  'output_format',
  'prediction',
  'previous_response_id',
  'prompt',
  'reasoning',
  'reasoning_effort',
  'response_format',
  'system',
  'text',
  'thinking',
  'thinking_budget',
  'tool_choice',
  'tools',
])

const NONE_CHANGED: ReadonlyMap<string, number> = new Map()

/** @param inputTokens by the client's own words, as estimated */
export function orderSize(
  adapter: Pick<ProtocolAdapter, 'read' | 'surface'>,
  body: Json,
  asked: Asked,
  inputTokens: number,
  models: readonly ModelConfig[],
  config: SizeConfig,
): OrderSize {
  const client = sizeOf(asked, inputTokens)
  let most: RequestSize | null = null
  let changed: Map<string, number> | null = null
  for (const { id, parameters } of models) {
    const sent = sentTo(adapter, body, parameters)
    const size = sent === null ? client : sizeOf(sent, inputTokensOf(sent, config))
    most = most === null ? size : greater(most, size)
    if (sent === null) continue
    changed ??= new Map()
    changed.set(id, size.inputTokens)
  }
  return { client, most: most ?? client, changedInputTokens: changed ?? NONE_CHANGED }
}

/** Tokens that one model reads of a request: what others would read is no part of its bill. */
export function inputTokensFor(
  { client, changedInputTokens }: OrderSize,
  { id }: Pick<ModelConfig, 'id'>,
): number {
  return changedInputTokens.get(id) ?? client.inputTokens
}

/** What a model is sent; null: what the client says, or what no upstream can read either. */
function sentTo(
  adapter: Pick<ProtocolAdapter, 'read' | 'surface'>,
  body: Json,
  parameters: Json,
): Asked | null {
  if (!Object.keys(parameters).some((name) => SIZE_MEMBERS.has(name))) return null
  try {
    return adapter.read({ ...body, ...parametersIn(adapter.surface, parameters, body) })
  } catch (error) {
    if (error instanceof RequestError) return null
    throw error
  }
}

function sizeOf(
  { maxOutputTokens, answers, predictedTokens, reasoningTokens, size }: Asked,
  inputTokens: number,
): RequestSize {
  return {
    inputTokens,
    maxOutputTokens,
    answers,
    predictedTokens,
    reasoningTokens,
    unbounded: size.unbounded,
  }
}

function greater(a: RequestSize, b: RequestSize): RequestSize {
  const isLimited = a.maxOutputTokens !== null && b.maxOutputTokens !== null
  return {
    inputTokens: Math.max(a.inputTokens, b.inputTokens),
    maxOutputTokens: isLimited ? Math.max(a.maxOutputTokens, b.maxOutputTokens) : null,
    answers: Math.max(a.answers, b.answers),
    predictedTokens: Math.max(a.predictedTokens, b.predictedTokens),
    reasoningTokens: Math.max(a.reasoningTokens, b.reasoningTokens),
    unbounded: a.unbounded ?? b.unbounded,
  }
}

/** Of all that a model reads of a request: what is read here as text, and what is not by its size. */
export function inputTokensOf(
  { prompt, size, otherInputTokens }: Asked,
  { requests: { imageTokens, fileTokens }, routing: { reserve } }: SizeConfig,
): number {
  const tokensOf = reserve === 'worst-case' ? tokensOfWhole : estimateTokens
  let tokens = otherInputTokens
  let charsRead = 0
  for (const { content } of prompt) {
    tokens += (content === '' ? 0 : tokensOf(content)) + TOKENS_PER_MESSAGE
    charsRead += charsOf(content)
  }
  const charsUnread = Math.max(0, size.chars - charsRead)
  return Math.ceil(
    tokens +
      charsUnread * TOKENS_PER_JSON_CHAR +
      size.images * imageTokens +
      size.mediaTokens +
      size.references * fileTokens,
  )
}

/** Texts up to this length are estimated by all of their characters; of longer ones some pieces are read, and a client could choose what stands there. */
const WHOLE_CHARS = 2048
/** As much of one text is read: more holds up others, and fits hardly any model. */
const READ_CHARS_MAX = 4 * 1024 * 1024

/** Tokens of a text by all of its characters. */
function tokensOfWhole(text: string): number {
  const { length } = text
  // Of what is longer than is read, pieces that are evenly apart.
  const step = WHOLE_CHARS * Math.ceil(length / READ_CHARS_MAX)
  let tokens = 0
  let read = 0
  for (let at = 0; at < length; at += step) {
    const piece = text.slice(at, at + WHOLE_CHARS)
    tokens += estimateTokens(piece)
    read += piece.length
  }
  return Math.ceil(Math.max((tokens * length) / read, estimateTokens(text)))
}
