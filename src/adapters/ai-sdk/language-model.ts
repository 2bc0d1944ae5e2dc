import type { Json } from '../../base/json.js'
import type { StreamLike } from '../../base/platform.js'

/** What is used of a model of the AI SDK, specification v3 or v4: `LanguageModelV3` and `LanguageModelV4` are such. */
export interface AnyLanguageModel {
  /** `v3` or `v4`. */
  readonly specificationVersion: string
  /** The provider's name. */
  readonly provider: string
  /** What the provider calls it. */
  readonly modelId: string
  /** What it fetches itself, by media type. */
  readonly supportedUrls: unknown
  /** Gives a whole answer. */
  doGenerate(options: never): PromiseLike<unknown>
  /** Gives the answer in parts. */
  doStream(options: never): PromiseLike<unknown>
}

/** Options of a call, as far as they are read. */
export interface CallOptions extends Json {
  readonly prompt: readonly Json[]
}

/** An answer, as far as it is read. */
export interface Generated extends Json {
  readonly content: readonly Json[]
}

export interface Streamed extends Json {
  readonly stream: StreamLike<Json>
}
