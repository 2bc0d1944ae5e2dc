import type {
  Capability,
  CapOptions,
  KernelName,
  LatencyOptions,
  ModelPrice,
  PolicyName,
  QualityOptions,
  ReserveMode,
} from '../../index.js'
import type { PriceFormat, PriceService, UnpricedTokens } from '../../prices/index.js'
import type { AdminConfig, KeyConfig, KeyStoreConfig } from './key-config.js'
import type { LimitsConfig, RetriesConfig, SessionsConfig, TimeoutsConfig } from './limit-config.js'
import type { RewardsConfig } from './reward-config.js'
import type { Secret } from './secret.js'
import type { StoreConfig } from './store-config.js'

/**
 * The config of a gateway as the rest of it sees it: checked whole, every default filled in, secrets read from the
 * environment. `readConfig` makes one; frozen. What a file leaves out has the default that is named here. Units stand last
 * in names: Ms milliseconds, Bytes bytes, Tokens tokens, Usd dollars.
 */
export interface GatewayConfig {
  /** Where clients reach it. */
  readonly listen: ListenConfig
  /** Where its log is kept. */
  readonly store: StoreConfig
  /** Ceiling of the mean spend per request; null, the default: none. */
  readonly budget: BudgetConfig | null
  /** Dollars that all together may spend in an hour, a day, a week or a month. Default []. */
  readonly caps: readonly CapOptions[]
  /** How the engine decides. */
  readonly routing: RoutingConfig
  /**
   * Path of warm-up priors, from the folder of the process: what is known of models before their first request. `serve` reads it when it
   * starts; a program of its own gives `createRouter` the priors. Null, the default: models start cold.
   */
  readonly priors: string | null
  /** At least one; ids are unique. */
  readonly upstreams: readonly UpstreamConfig[]
  /** At least one; ids are unique. */
  readonly models: readonly ModelConfig[]
  /**
   * What clients may call them besides, and what that means: `auto`, `auto:GROUP` or the id of a model. `*`: whatever else they say. Default
   * none.
   */
  readonly aliases: Readonly<Record<string, string>>
  /** Null, the default: models cost what their entries say. */
  readonly prices: PricesConfig | null
  /** Default []. Ids are unique. */
  readonly tenants: readonly TenantConfig[]
  /** Keys that stand in the config; others are created at run time and kept by the store. Default []. */
  readonly keys: readonly KeyConfig[]
  /** Where keys that are made at run time are kept. */
  readonly keyStore: KeyStoreConfig
  /** Who may use the admin API. */
  readonly admin: AdminConfig
  /** What requests may take of this process. */
  readonly limits: LimitsConfig
  /** What requests may hold and ask for. */
  readonly requests: RequestsConfig
  /** How long upstreams are waited for. */
  readonly timeouts: TimeoutsConfig
  /** How often, and where else, a call is made again. */
  readonly retries: RetriesConfig
  /** How long a conversation keeps its model. */
  readonly sessions: SessionsConfig
  /** Where rewards come from, and how they are combined. */
  readonly rewards: RewardsConfig
  /** What is written of requests. */
  readonly logging: LoggingConfig
  /** What is counted for monitoring. */
  readonly metrics: MetricsConfig
}

/** Where clients reach it. */
export interface ListenConfig {
  /** Default `127.0.0.1`: this machine alone. `0.0.0.0` in a container. */
  readonly host: string
  /** 0 to 65535; 0 takes a free one. Default 8787. */
  readonly port: number
}

export interface BudgetConfig {
  /** USD, > 0. Null: none, of a log that keeps another `burst` than the default. */
  readonly usdPerRequest: number | null
  /** How many requests' worth of it may be saved up, >= 1. Default 50. Cannot be changed at run time. */
  readonly burst?: number
}

/** How the engine decides: options of `createRouter`, with its defaults where they are left out. */
export interface RoutingConfig {
  /** Default `dollar`. */
  readonly policy?: PolicyName
  /** Refuse what no account can pay for, instead of giving it to the cheapest model. Default false. */
  readonly strict?: boolean
  /** What is set aside for a request: `expected` or `worst-case`. Default `expected`. */
  readonly reserve?: ReserveMode
  /** A limit on the mean latency, or on that of a share of requests. Default: none. */
  readonly latency?: LatencyOptions | null
  /** A floor of the mean reward, to be met at the least cost. Default: none. */
  readonly quality?: QualityOptions | null
  /** Expected reward, in parts of its range, that no dollar is paid for. Default 0.001. */
  readonly indifference?: number
  /** Weight of the exploration bonus. Default 0.05 without priors. */
  readonly alpha?: number
  /** Forgetting factor a request. Default 0.9997 with policy `dollar`. */
  readonly gamma?: number
  /** Regularization. Default 1. */
  readonly lambda0?: number
  /** Requests after which old outcomes count little. Default: from `gamma`. */
  readonly adaptationHorizon?: number
  /** Requests that a newcomer gets to be known, as long as it may be worth its price. Default 20. */
  readonly forcedExploration?: number
  /** Share of decisions left to chance, in [0, 1]. Default 0. */
  readonly epsilon?: number
  /** Of all draws. Default 0. */
  readonly seed?: number
  /** What computes: `js`, `wasm`, `native`, or the fastest there is. Default `auto`. */
  readonly kernel?: KernelName | 'auto'
  /** Tokens assumed for a request of unknown size. Default 300 in, 300 out. */
  readonly expectedTokens?: { readonly input: number; readonly output: number }
  /** How many of the latest requests may still get feedback. Default 65,536. */
  readonly pendingCapacity?: number
  /** After so long without a settlement a reservation becomes spend, ms. Default 24 h. */
  readonly pendingTtlMs?: number
}

export const PROTOCOLS = ['openai', 'anthropic', 'ai-sdk'] as const
export type Protocol = (typeof PROTOCOLS)[number]

/** A provider, or a server of one's own, that answers requests. */
export interface UpstreamConfig {
  /** What models call it. Unique. */
  readonly id: string
  /**
   * What it speaks. `openai` covers all that is compatible: vLLM, Ollama, OpenRouter, llama.cpp, Groq, Mistral. `ai-sdk` is
   * called by a provider of the AI SDK, which answers every surface for chats.
   */
  readonly protocol: Protocol
  /**
   * http or https, without a slash at its end, a query or a user: `https://api.openai.com/v1`, to which `/chat/completions`,
   * `/responses`, `/embeddings` are added; `https://api.anthropic.com/v1`, to which `/messages` is. Of `ai-sdk` empty, the
   * default: the package knows it.
   */
  readonly baseUrl: string
  /** Sent as `authorization: Bearer` (openai) or `x-api-key` (anthropic). Null, the default: none is sent. */
  readonly apiKey: Secret | null
  /** More headers of each request, names in lower case. Values may be secrets. Default none. */
  readonly headers: Readonly<Record<string, string | Secret>>
  /** Of `ai-sdk`: what is installed and makes it, `@ai-sdk/google`. Null, the default: it is given in code. */
  readonly package: string | null
  /** The function of the package that makes it: `createVertex`. Null, the default: its only one that is called `create...`. */
  readonly factory: string | null
  /** What that function is told besides: `region`, `resourceName`. Values may be secrets. Default none. */
  readonly options: Readonly<Record<string, string | boolean | Secret>>
}

export const MODEL_KINDS = ['chat', 'embeddings'] as const
export type ModelKind = (typeof MODEL_KINDS)[number]

/** An arm: a model of an upstream, with the parameters that it is called with. */
export interface ModelConfig {
  /** What clients call it. Not `auto`, nothing that begins with `auto:`. */
  readonly id: string
  /** Id of its upstream. */
  readonly upstream: string
  /** What the upstream calls it. Default: `id`. */
  readonly upstreamModel: string
  /** Default `chat`. An embeddings model is called by its id alone. */
  readonly kind: ModelKind
  /** USD per million tokens. Null: unknown. Such a model is refused while a budget or a cap is in force. */
  readonly prices: ModelPrice | null
  /** Longest prompt and answer together, tokens. Null, the default: not known, so nothing is refused for it. */
  readonly contextTokens: number | null
  /** Longest prompt, tokens, where that is less: of 400,000 tokens a model may read 272,000 and keep the rest for its answer. Null, the default: not known. */
  readonly maxInputTokens: number | null
  /** Longest answer, tokens. Null, the default: not known. */
  readonly maxOutputTokens: number | null
  /** Default `[tools, jsonSchema]` of a chat model, none of an embeddings model. */
  readonly capabilities: readonly Capability[]
  /** Where it runs, as a request asks for it: `eu`. Null, the default: not known, so it is left out where a region is asked for. */
  readonly region: string | null
  /** `auto:GROUP` routes among the models of a group. Default []. */
  readonly groups: readonly string[]
  /** Merged into each request body, over what the client says: `reasoning_effort: low`. Default {}. */
  readonly parameters: Readonly<Record<string, unknown>>
  /** Merged into each request body that says nothing of the same: `temperature: 0.2`. Default {}. */
  readonly defaultParameters: Readonly<Record<string, unknown>>
  /** Whether requests may go to it. Default true. */
  readonly enabled: boolean
}

/**
 * A list that prices are taken from, at the start and again and again. Those of the models' own entries are in force until it has been
 * read, and where it has nothing that can be taken.
 */
export interface PricesConfig {
  /** A path, from the folder of the process, or a URL. A secret, as an address may have a token in it. */
  readonly source: Secret
  /** Null, the default: recognised. */
  readonly format: PriceFormat | null
  /** How often it is read again, ms; in a file `30m`, `6h`, `1d`. Default 6 h. */
  readonly refreshMs: number
  /** Ids of models and what the list calls them; others keep their prices. Null, the default: all, by what their upstreams call them. */
  readonly models: Readonly<Record<string, string>> | null
  /** Whose prices are taken. Default `standard`. */
  readonly service: PriceService
  /** Kinds of tokens that a model has and the list does not price. Default `refuse`: the model keeps its prices. */
  readonly unpriced: UnpricedTokens
  /** Whether discounts of batch and flex requests are taken. Default false. */
  readonly discounts: boolean
  /** Ids of models whose prices are meant as they stand in the list, however far off. Default []. */
  readonly accept: readonly string[]
  /** How long a read of a URL may take, ms. Default 30,000. */
  readonly timeoutMs: number
}

/** Who pays: a team or a customer, with an account of its own beside that of all. */
export interface TenantConfig {
  /** 1 to 200 characters. */
  readonly id: string
  /** Ceiling of the mean spend of its requests; null, the default: none. */
  readonly budget: { readonly usdPerRequest: number } | null
  /** Default []. */
  readonly caps: readonly CapOptions[]
}

export const UNKNOWN_MEMBERS = ['pass', 'refuse'] as const
export type UnknownMembers = (typeof UNKNOWN_MEMBERS)[number]

/** What clients may say in a request, and what is set aside for what nobody here can read. */
export interface RequestsConfig {
  /**
   * Members and tools of providers that may make a request dearer than is set aside for it, and are let through all the same:
   * `service_tier`, `tools.web_search`; and addresses of files that a provider may read with the rights of its account: `files.gs`. What they cost beyond tokens is on the ledger where their usage says a `cost`. Default [].
   */
  readonly allow: readonly string[]
  /** Members that nobody here knows. Default `pass`. */
  readonly unknownMembers: UnknownMembers
  /** What an image is taken for, tokens. Default 1,300: 1024 pixels square at OpenAI and Anthropic. */
  readonly imageTokens: number
  /** What is taken for a file, a page or a conversation that stands at the provider, tokens. Default 10,000. */
  readonly fileTokens: number
  /**
   * Whether a reservation is in the store before its call is made: no crash can lose one then, and while the store is away
   * requests are refused. Default false: calls of the last moments before a crash may be missing.
   */
  readonly waitForStore: boolean
}

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export interface LoggingConfig {
  /** Default `info`: a line a request. */
  readonly level: LogLevel
  /** Whether prompts and answers are in it. Default false. */
  readonly content: boolean
  /** Of each prompt and answer at most so much, where `content` is true. Default 4,096. */
  readonly contentBytesMax: number
}

export interface MetricsConfig {
  /** Whether `/metrics` is there for everybody; it takes the admin key otherwise. Default false. */
  readonly open: boolean
}
