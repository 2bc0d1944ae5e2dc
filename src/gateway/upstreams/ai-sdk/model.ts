import type { Json } from '../../../base/json.js'
import type { PlatformSignal, StreamLike } from '../../../base/platform.js'

/**
 * A language model as packages of the AI SDK have it, of specification v2, v3 or v4: as much of it as is used here. What it
 * answers is read field by field, since it is somebody else's.
 */
export interface AiSdkModel {
  /** `v2`, `v3` or `v4`. */
  readonly specificationVersion: string
  /** The provider's name. */
  readonly provider: string
  /** What it fetches itself, by media type; other files must come with the request. */
  readonly supportedUrls?: unknown
  // Each specification has options of its own type: `AiSdkCall` is what is given, made for the specification.
  /** Gives a whole answer. */
  doGenerate(options: never): PromiseLike<unknown>
  /** Gives the answer in parts. */
  doStream(options: never): PromiseLike<{ readonly stream: StreamLike<unknown> }>
}

/** Gives the model of a name, as `google('gemini-2.5-flash')` does. */
export type AiSdkProvider = (modelId: string) => AiSdkModel | PromiseLike<AiSdkModel>

/** What a model is asked. Parts that are unions in the SDK are records here. */
export interface AiSdkCall extends AiSdkRequest {
  readonly abortSignal: PlatformSignal
  readonly providerOptions?: Readonly<Record<string, Json>>
  readonly reasoning?: string
}

/** The same, as far as the client says it. */
export interface AiSdkRequest {
  readonly prompt: readonly PromptMessage[]
  readonly maxOutputTokens?: number
  readonly temperature?: number
  readonly topP?: number
  readonly topK?: number
  readonly presencePenalty?: number
  readonly frequencyPenalty?: number
  readonly stopSequences?: readonly string[]
  readonly seed?: number
  readonly responseFormat?: Json
  readonly tools?: readonly Json[]
  readonly toolChoice?: Json
}

export type PromptMessage =
  | { readonly role: 'system'; readonly content: string; readonly providerOptions?: Json }
  | { readonly role: 'user' | 'assistant' | 'tool'; readonly content: readonly Json[] }

/** A request in the words of its surface, and what it asks a model of. */
export interface Asking {
  readonly request: AiSdkRequest
  /** `low`, `high` and the like; null: the client does not say. */
  readonly effort: string | null
  /** How much is thought, in tokens, or as much as the model likes; null: the client does not say. */
  readonly thinking: number | 'adaptive' | null
  /** What Anthropic's own models are told about caching all of it; null: the client does not say. */
  readonly cacheControl: Json | null
}
