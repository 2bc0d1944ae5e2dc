import type { Json } from '../../base/json.js'
import { estimateTokens } from '../../features/index.js'
import type { GatewayConfig, ModelConfig } from '../config/config.js'
import { type Asked, type ProtocolAdapter, RequestError } from '../protocols/adapter.js'
import { ownParameters, parametersIn } from '../protocols/model-parameters.js'
import { charsOfText, TOKENS_PER_JSON_CHAR } from '../protocols/written-chars.js'

/** Tokens of a prompt. */
export interface PromptTokens {
  /** As estimated. */
  readonly inputTokens: number
  /** A token a byte, of which tokenizers make no more. */
  readonly maxInputTokens: number
}

/** Tokens of a request, as far as one can tell. */
export interface RequestSize extends PromptTokens {
  /** Of one answer; null: it may be without a limit. */
  readonly maxOutputTokens: number | null
  readonly answers: number
  readonly predictedTokens: number
  readonly predictedBytes: number
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
type SizeConfig = Pick<GatewayConfig, 'requests'>

/** What a message costs beside its text. */
const TOKENS_PER_MESSAGE = 4
/** What a provider writes before a prompt, at most: the date, what the model is. And how tools are used: Anthropic charges up to 735 for that. */
const TEMPLATE_TOKENS = 200
const TOOLS_TOKENS = 1000

/** Of these a provider finds a part of the prompt: they count together. */
const KEPT = ['conversation', 'previous_response_id', 'prompt'] as const

/** Members that a model reads, beside the conversation itself. */
const READ_MEMBERS: ReadonlySet<string> = new Set([
  ...KEPT,
  'compaction',
  'documents',
  'functions',
  'instructions',
  'output_config',
  'output_format',
  'response_format',
  'system',
  'text',
  'tools',
])

/** Members that say how much is read and answered. */
export const SIZE_MEMBERS: ReadonlySet<string> = new Set([
  ...READ_MEMBERS,
  'best_of',
  'include',
  'max_completion_tokens',
  'max_output_tokens',
  'max_tokens',
  'n',
  'prediction',
  'reasoning',
  'reasoning_effort',
  'thinking',
  'thinking_budget',
  'tool_choice',
])

/** In place of a conversation, of which no parameters of a model change anything. */
const SHORT: Json = { messages: [{ role: 'user', content: '' }], input: '.' }

const NONE_CHANGED: ReadonlyMap<string, number> = new Map()

/** @param tokens by the client's own words */
export function orderSize(
  adapter: Pick<ProtocolAdapter, 'read' | 'surface'>,
  body: Json,
  asked: Asked,
  tokens: PromptTokens,
  models: readonly ModelConfig[],
  config: SizeConfig,
): OrderSize {
  const client = sizeOf(asked, tokens)
  let most: RequestSize | null = null
  let changed: Map<string, number> | null = null
  let change: ((parameters: Json) => RequestSize | null) | null = null
  for (const model of models) {
    const { id } = model
    const parameters = ownParameters(adapter.surface, model, body)
    const isChanged = Object.keys(parameters).some((name) => SIZE_MEMBERS.has(name))
    if (isChanged) change ??= changer(adapter, body, client, config)
    const sent = isChanged && change !== null ? change(parameters) : null
    const size = sent ?? client
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

/**
 * What a request is with the parameters of a model; null: what the client says, or what no upstream can read either. However long the
 * conversation, it is read once for all models: what is counted here is by how much members differ that take the place of others.
 */
function changer(
  adapter: Pick<ProtocolAdapter, 'read' | 'surface'>,
  body: Json,
  client: RequestSize,
  config: SizeConfig,
): (parameters: Json) => RequestSize | null {
  const others = Object.entries(body).filter(([name]) => !READ_MEMBERS.has(name) && name !== 'prediction')
  const rest: Json = { ...Object.fromEntries(others), ...SHORT }
  const replaced = new Map<string, Asked>()
  return (parameters) => {
    const changes = parametersIn(adapter.surface, parameters, body)
    const names = readMembersOf(changes)
    const own = Object.fromEntries(names.map((name) => [name, body[name]]))
    try {
      const sent = adapter.read({ ...rest, ...own, ...changes })
      const size = sizeOf(sent, client)
      const { predictedTokens, predictedBytes } = Object.hasOwn(changes, 'prediction') ? size : client
      const predicted = { predictedTokens, predictedBytes }
      if (names.length === 0) return { ...size, ...predicted, unbounded: client.unbounded }
      const key = names.join()
      const before = replaced.get(key) ?? adapter.read({ ...rest, ...own })
      replaced.set(key, before)
      if (before.size.unbounded !== null) {
        // Whether the conversation has no bound either, only all of it together shows.
        const whole = adapter.read({ ...body, ...changes })
        return sizeOf(whole, promptTokens(whole, config))
      }
      const [less, more] = [promptTokens(before, config), promptTokens(sent, config)]
      const changed = (name: keyof PromptTokens) => Math.max(0, client[name] - less[name] + more[name])
      const inputTokens = changed('inputTokens')
      const maxInputTokens = changed('maxInputTokens')
      const unbounded = client.unbounded ?? size.unbounded
      return { ...size, ...predicted, unbounded, inputTokens, maxInputTokens }
    } catch (error) {
      if (error instanceof RequestError) return null
      throw error
    }
  }
}

/** Names in order, so that the same ones are the same. */
function readMembersOf(changes: Json): readonly string[] {
  const names = new Set(Object.keys(changes).filter((name) => READ_MEMBERS.has(name)))
  if (KEPT.some((name) => names.has(name))) for (const name of KEPT) names.add(name)
  return [...names].sort()
}

function sizeOf(
  { maxOutputTokens, answers, predictedTokens, predictedBytes, reasoningTokens, size }: Asked,
  { inputTokens, maxInputTokens }: PromptTokens,
): RequestSize {
  return {
    inputTokens,
    maxInputTokens,
    maxOutputTokens,
    answers,
    predictedTokens,
    predictedBytes,
    reasoningTokens,
    unbounded: size.unbounded,
  }
}

function greater(a: RequestSize, b: RequestSize): RequestSize {
  const isLimited = a.maxOutputTokens !== null && b.maxOutputTokens !== null
  return {
    inputTokens: Math.max(a.inputTokens, b.inputTokens),
    maxInputTokens: Math.max(a.maxInputTokens, b.maxInputTokens),
    maxOutputTokens: isLimited ? Math.max(a.maxOutputTokens, b.maxOutputTokens) : null,
    answers: Math.max(a.answers, b.answers),
    predictedTokens: Math.max(a.predictedTokens, b.predictedTokens),
    predictedBytes: Math.max(a.predictedBytes, b.predictedBytes),
    reasoningTokens: Math.max(a.reasoningTokens, b.reasoningTokens),
    unbounded: a.unbounded ?? b.unbounded,
  }
}

/** Of all that a model reads of a request: what is read here as text, and what is not by its size. */
export function promptTokens(
  asked: Asked,
  { requests: { imageTokens, fileTokens } }: SizeConfig,
): PromptTokens {
  const { prompt, size, other } = asked
  let tokens = other.tokens
  let charsRead = 0
  for (const { content } of prompt) {
    tokens += TOKENS_PER_MESSAGE
    if (content === '') continue
    charsRead += charsOfText(content)
    tokens += estimateTokens(content)
  }
  const charsUnread = Math.max(0, size.chars - charsRead)
  const known = size.images * imageTokens + size.knownTokens + size.references * fileTokens
  const inputTokens = Math.ceil(tokens + charsUnread * TOKENS_PER_JSON_CHAR + known)
  const added = TEMPLATE_TOKENS + (asked.needs.has('tools') ? TOOLS_TOKENS : 0)
  return {
    inputTokens,
    maxInputTokens: Math.max(inputTokens, Math.ceil(size.bytes + other.bytes + known + added)),
  }
}
