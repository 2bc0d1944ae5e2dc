import type { TokenKindName } from '../token-kinds.js'

/** The shapes of usage objects that are told apart. */
export const USAGE_PROVIDERS = [
  'openai-chat',
  'openai-responses',
  'anthropic',
  'gemini',
  'bedrock',
  'langchain',
  'ai-sdk',
  'ai-sdk-4',
] as const
export type UsageProvider = (typeof USAGE_PROVIDERS)[number]

/**
 * What a count is of its side: a whole; a part `within` the whole; a part `beside` it, which the whole does not include;
 * or the `rest`, the whole without the parts within it, which is read where the whole is missing.
 */
type Counted = 'whole' | 'within' | 'beside' | 'rest'

/**
 * One field of a usage object. Of several paths the first that has a number above 0 counts: providers have renamed fields.
 * `a.b` is field b of a; `a[k=v].b` the sum of b over the entries of list a whose k is v.
 */
interface UsageField {
  readonly paths: readonly string[]
  readonly kind: TokenKindName
  readonly counted: Counted
  /** The count is the sum of these kinds: what they lack of it is of `kind`. Their own fields stand before. */
  readonly sumOf?: readonly TokenKindName[]
}

/** Where a provider lists tokens by what they encode. Those of a cache are listed once more, and count as cached. */
export interface ModalityCounts {
  readonly side: 'input' | 'output'
  /**
   * `names`: a record with `audio_tokens` and the like. `bare`: one with `audio`. `list`: [{ modality: 'AUDIO', tokenCount }].
   */
  readonly form: 'names' | 'bare' | 'list'
  readonly paths: readonly string[]
  readonly cachedPaths: readonly string[]
}

export interface UsageShape {
  readonly fields: readonly UsageField[]
  readonly modalities: readonly ModalityCounts[]
  /** All tokens of both sides. */
  readonly total: string | null
  /** Where the provider's own usage is, which tells more kinds. */
  readonly raw?: string
}

const whole = (kind: 'input' | 'output', ...paths: string[]): UsageField => ({
  paths,
  kind,
  counted: 'whole',
})
const within = (kind: TokenKindName, ...paths: string[]): UsageField => ({ paths, kind, counted: 'within' })
const rest = (kind: 'input' | 'output', ...paths: string[]): UsageField => ({ paths, kind, counted: 'rest' })
const beside = (kind: TokenKindName, ...paths: string[]): UsageField => ({ paths, kind, counted: 'beside' })
const named = (side: 'input' | 'output', paths: string[], cachedPaths: string[] = []): ModalityCounts => ({
  side,
  form: 'names',
  paths,
  cachedPaths,
})
const listed = (side: 'input' | 'output', path: string, cachedPaths: string[] = []): ModalityCounts => ({
  side,
  form: 'list',
  paths: [path],
  cachedPaths,
})

const bare = (side: 'input' | 'output', path: string): ModalityCounts => ({
  side,
  form: 'bare',
  paths: [path],
  cachedPaths: [],
})

const CACHE_WRITES = { sumOf: ['cacheWrite5m', 'cacheWrite1h'] } as const

const writes = (path: string): UsageField => ({
  ...beside('cacheWrite5m', path),
  ...CACHE_WRITES,
})

/**
 * What was written to a cache, in details of the prompt: Alibaba's (`cache_creation`), LiteLLM's (`cache_creation_token_details`), and
 * new-api's own counts beside them. Several of these names may stand in one usage for the same tokens.
 */
const writesWithin = (details: string, ...sums: string[]): UsageField[] => [
  within(
    'cacheWrite5m',
    `${details}.cache_creation.ephemeral_5m_input_tokens`,
    `${details}.cache_creation_token_details.ephemeral_5m_input_tokens`,
    'claude_cache_creation_5_m_tokens',
  ),
  within(
    'cacheWrite1h',
    `${details}.cache_creation.ephemeral_1h_input_tokens`,
    `${details}.cache_creation_token_details.ephemeral_1h_input_tokens`,
    'claude_cache_creation_1_h_tokens',
  ),
  {
    ...within(
      'cacheWrite5m',
      `${details}.cache_write_tokens`,
      `${details}.cache_creation_tokens`,
      `${details}.cached_creation_tokens`,
      `${details}.cache_creation_input_tokens`,
      ...sums,
    ),
    ...CACHE_WRITES,
  },
]

/**
 * Which field of a provider's usage counts which kind of tokens. Fields that are not here are not read. docs/TOKENS.md
 * has this table with the reasons; a test holds the two together.
 *
 * A cache write whose lifetime is not told is one of five minutes, the default of the providers that sell two.
 */
export const USAGE_SHAPES: Readonly<Record<UsageProvider, UsageShape>> = {
  'openai-chat': {
    fields: [
      whole('input', 'prompt_tokens', 'input_tokens'),
      rest('input', 'prompt_cache_miss_tokens'),
      within(
        'cachedInput',
        'prompt_tokens_details.cached_tokens',
        'prompt_token_details.cached_tokens',
        'cached_tokens',
        'num_cached_tokens',
        'prompt_cache_hit_tokens',
        'cache_read_input_tokens',
      ),
      ...writesWithin('prompt_tokens_details', 'cache_creation_input_tokens'),
      whole('output', 'completion_tokens', 'output_tokens'),
      within('reasoning', 'completion_tokens_details.reasoning_tokens', 'reasoning_tokens'),
    ],
    modalities: [
      named('input', ['prompt_tokens_details'], ['prompt_tokens_details.cached_tokens_details']),
      named('output', ['completion_tokens_details']),
    ],
    total: 'total_tokens',
  },
  'openai-responses': {
    fields: [
      whole('input', 'input_tokens'),
      within('cachedInput', 'input_tokens_details.cached_tokens', 'input_token_details.cached_tokens'),
      ...writesWithin('input_tokens_details'),
      whole('output', 'output_tokens'),
      within('reasoning', 'output_tokens_details.reasoning_tokens', 'output_token_details.reasoning_tokens'),
    ],
    modalities: [
      named(
        'input',
        ['input_tokens_details', 'input_token_details'],
        ['input_tokens_details.cached_tokens_details', 'input_token_details.cached_tokens_details'],
      ),
      named('output', ['output_tokens_details', 'output_token_details']),
    ],
    total: 'total_tokens',
  },
  anthropic: {
    fields: [
      whole('input', 'input_tokens'),
      beside('cachedInput', 'cache_read_input_tokens'),
      beside('cacheWrite5m', 'cache_creation.ephemeral_5m_input_tokens', 'claude_cache_creation_5_m_tokens'),
      beside('cacheWrite1h', 'cache_creation.ephemeral_1h_input_tokens', 'claude_cache_creation_1_h_tokens'),
      writes('cache_creation_input_tokens'),
      whole('output', 'output_tokens'),
      within('reasoning', 'output_tokens_details.thinking_tokens'),
    ],
    modalities: [],
    total: null,
  },
  gemini: {
    fields: [
      whole('input', 'promptTokenCount'),
      whole('input', 'toolUsePromptTokenCount'),
      within('cachedInput', 'cachedContentTokenCount'),
      whole('output', 'candidatesTokenCount', 'responseTokenCount'),
      beside('reasoning', 'thoughtsTokenCount'),
    ],
    modalities: [
      listed('input', 'promptTokensDetails', ['cacheTokensDetails']),
      listed('input', 'toolUsePromptTokensDetails'),
      listed('output', 'candidatesTokensDetails'),
      listed('output', 'responseTokensDetails'),
    ],
    total: 'totalTokenCount',
  },
  bedrock: {
    fields: [
      whole('input', 'inputTokens'),
      beside('cachedInput', 'cacheReadInputTokens'),
      beside('cacheWrite5m', 'cacheDetails[ttl=5m].inputTokens'),
      beside('cacheWrite1h', 'cacheDetails[ttl=1h].inputTokens'),
      writes('cacheWriteInputTokens'),
      whole('output', 'outputTokens'),
    ],
    modalities: [],
    total: 'totalTokens',
  },
  langchain: {
    fields: [
      whole('input', 'input_tokens'),
      within('cachedInput', 'input_token_details.cache_read'),
      within('cacheWrite5m', 'raw.cache_creation.ephemeral_5m_input_tokens'),
      within('cacheWrite1h', 'raw.cache_creation.ephemeral_1h_input_tokens'),
      {
        ...within('cacheWrite5m', 'input_token_details.cache_creation'),
        ...CACHE_WRITES,
      },
      whole('output', 'output_tokens'),
      within('reasoning', 'output_token_details.reasoning'),
    ],
    modalities: [bare('input', 'input_token_details'), bare('output', 'output_token_details')],
    total: 'total_tokens',
    raw: 'raw',
  },
  'ai-sdk': {
    fields: [
      whole('input', 'inputTokens.total', 'inputTokens'),
      rest('input', 'inputTokens.noCache', 'inputTokenDetails.noCacheTokens'),
      within(
        'cachedInput',
        'inputTokens.cacheRead',
        'inputTokenDetails.cacheReadTokens',
        'cachedInputTokens',
      ),
      within('cacheWrite5m', 'inputTokens.cacheWrite', 'inputTokenDetails.cacheWriteTokens'),
      whole('output', 'outputTokens.total', 'outputTokens'),
      rest('output', 'outputTokens.text', 'outputTokenDetails.textTokens'),
      within('reasoning', 'outputTokens.reasoning', 'outputTokenDetails.reasoningTokens', 'reasoningTokens'),
    ],
    modalities: [],
    total: 'totalTokens',
    raw: 'raw',
  },
  'ai-sdk-4': {
    fields: [whole('input', 'promptTokens'), whole('output', 'completionTokens')],
    modalities: [],
    total: 'totalTokens',
  },
}
