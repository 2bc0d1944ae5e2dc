import type { Json } from '../json.js'

/** What is used of a model of the AI SDK, specification v3 or v4: `LanguageModelV3` and `LanguageModelV4` are such. */
export interface AnyLanguageModel {
  readonly specificationVersion: string
  readonly provider: string
  readonly modelId: string
  readonly supportedUrls: unknown
  doGenerate(options: never): PromiseLike<unknown>
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
  readonly stream: ReadableStream<Json>
}
