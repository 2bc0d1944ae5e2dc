import type { JsonRecord } from './json.js'
import type { ServiceTier } from './prices.js'
import type { TokenUse } from './tokens.js'

export type Surface = 'chat' | 'responses' | 'messages' | 'count_tokens' | 'embeddings' | 'models'

/** Where usage stands in a chat stream. */
export type UsagePlace =
  /** After the finish chunk, in one whose choices are empty: as OpenAI has it. */
  | 'own-chunk'
  /** After the finish chunk, in one that has a choice with an empty delta. */
  | 'own-chunk-with-choice'
  | 'finish-chunk'
  /** In a chunk of its own that comes before the finish chunk. */
  | 'before-finish'
  /** On every chunk, the sum so far: as vLLM's continuous_usage_stats. */
  | 'cumulative'
  /** The whole usage twice: adding them up would charge twice. */
  | 'twice'
  | 'missing'

/** How a usage object names its counts. */
export type UsageStyle =
  | 'openai'
  /** Like openai, with `cost` and cache writes. */
  | 'openrouter'
  /** `cache_read_input_tokens` and `cache_creation_input_tokens` in a chat usage. */
  | 'anthropic-names'
  | 'deepseek'
  /** In `x_groq.usage`. */
  | 'groq'
  /** `prompt_tokens` and `completion_tokens`, nothing else. */
  | 'bare'
  /** The prompt is not counted: 0. */
  | 'no-prompt'

export interface UsagePlan {
  readonly place: UsagePlace
  readonly style: UsageStyle
  /** Whether chunks without usage say `usage: null`. */
  readonly isNullElsewhere: boolean
  /** Whether it is sent to who did not ask for it. */
  readonly isUnasked: boolean
  /** Whether a message_delta repeats the counts of the prompt. */
  readonly repeatsInput: boolean
}

/** What `retry-after` says: seconds, a date some seconds ahead, or `retry-after-ms`. */
export type RetryAfter =
  | { readonly form: 'seconds' | 'date'; readonly seconds: number }
  | { readonly form: 'ms'; readonly ms: number }

/** `failed`: responses have an event of their own, `response.failed`, beside `error`. */
export type ErrorForm = 'error' | 'failed'

/** After this number of pieces of content, or after all but the last event. */
export type After = number | 'all'

/**
 * What goes wrong. `afterPieces` counts pieces of content that were sent before: 0 is after the headers and before the
 * first. In an answer that is not streamed all that is after the headers happens halfway through the body.
 */
export type Fault =
  | {
      readonly kind: 'status'
      readonly status: number
      readonly retryAfter?: RetryAfter
      /** What the body is: an error of the protocol, a proxy's page, or nothing. */
      readonly body?: 'error' | 'html' | 'empty'
      /** Said in the error: providers quote keys there. */
      readonly message?: string
      readonly code?: string
      /** What stands before the provider gave up on an answer that it generated, and bills. */
      readonly isGenerated?: boolean
    }
  /** `isGenerated`: when the answer was there, of which nothing has been sent. */
  | { readonly kind: 'reset-before-headers'; readonly isGenerated?: boolean }
  | { readonly kind: 'reset'; readonly afterPieces: After }
  /** The stream ends well as HTTP, and without its last event. */
  | { readonly kind: 'cut'; readonly afterPieces: After }
  | {
      readonly kind: 'error-event'
      readonly afterPieces: After
      readonly message?: string
      readonly form?: ErrorForm
    }
  /** Malformed JSON: the body, or an event of the stream. */
  | { readonly kind: 'malformed'; readonly afterPieces: After }
  /** 200 with a page. */
  | { readonly kind: 'content-type'; readonly contentType: string }
  /** Nothing more until the caller goes or the upstream is closed or released. */
  | { readonly kind: 'stall-before-headers' }
  | { readonly kind: 'stall'; readonly afterPieces: After }

export interface Delays {
  readonly headersMs: number
  readonly firstTokenMs: number
  readonly betweenTokensMs: number
}

export interface Framing {
  /** How many bytes are written at a time, through characters and lines; null: an event at a time. */
  readonly bytesPerWrite: number | null
  /** Adds a field of this size to the first event with content, or to each. */
  readonly paddingBytes: number
  readonly isEachPadded: boolean
  readonly lineEnd: '\n' | '\r\n' | '\r'
  /** Sends comments between events, as OpenRouter does. */
  readonly hasComments: boolean
}

export type Ending = 'stop' | 'length' | 'refusal' | 'content-filter'

/** How reasoning is shown in a chat answer. */
export type ReasoningShown = 'hidden' | 'reasoning_content' | 'reasoning'

/** What the upstream does for one request. */
export interface Plan {
  /** Counts that are not those of the answer: a prompt from a cache, an answer of a given length. */
  readonly tokens: Partial<TokenUse>
  /** What it says; null: words, a call of a tool, or JSON, as the request asks. */
  readonly text: string | null
  /** Nothing at all: no text, no calls. */
  readonly isEmpty: boolean
  /** How many tools it calls; null: one if it must. */
  readonly toolCalls: number | null
  readonly ending: Ending
  readonly reasoningShown: ReasoningShown
  readonly usage: UsagePlan
  readonly serviceTier: ServiceTier | null
  readonly fault: Fault | null
  readonly delays: Delays
  readonly framing: Framing
  /** More headers of the answer. */
  readonly headers: Readonly<Record<string, string>>
}

export const DEFAULT_PLAN: Plan = {
  tokens: {},
  text: null,
  isEmpty: false,
  toolCalls: null,
  ending: 'stop',
  reasoningShown: 'hidden',
  usage: { place: 'own-chunk', style: 'openai', isNullElsewhere: true, isUnasked: false, repeatsInput: true },
  serviceTier: null,
  fault: null,
  delays: { headersMs: 0, firstTokenMs: 0, betweenTokensMs: 0 },
  framing: { bytesPerWrite: null, paddingBytes: 0, isEachPadded: false, lineEnd: '\n', hasComments: false },
  headers: {},
}

/** A plan that says only what is not as usual. */
export type PartialPlan = Partial<Omit<Plan, 'usage' | 'delays' | 'framing'>> & {
  readonly usage?: Partial<UsagePlan>
  readonly delays?: Partial<Delays>
  readonly framing?: Partial<Framing>
}

/** A later plan says more than an earlier one. */
export function mergePlans(...plans: readonly PartialPlan[]): Plan {
  let merged = DEFAULT_PLAN
  for (const plan of plans) {
    merged = {
      ...merged,
      ...plan,
      tokens: { ...merged.tokens, ...plan.tokens },
      usage: { ...merged.usage, ...plan.usage },
      delays: { ...merged.delays, ...plan.delays },
      framing: { ...merged.framing, ...plan.framing },
      headers: { ...merged.headers, ...plan.headers },
    }
  }
  return merged
}

/** A request as a script sees it. */
export interface UpstreamRequest {
  /** 0 for the first that this upstream got. */
  readonly index: number
  readonly surface: Surface
  readonly model: string
  readonly isStreamed: boolean
  readonly headers: Readonly<Record<string, string>>
  readonly body: JsonRecord
}

export type Script = (request: UpstreamRequest) => PartialPlan | Promise<PartialPlan>
