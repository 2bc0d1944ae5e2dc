/**
 * Types of the web that callers give and get, for declarations that they compile against. Each is the platform's own where its types are
 * there (`lib.dom`, `@types/node`, those of Workers), and elsewhere what is used of it: an application that has none of these
 * compiles too.
 */

/** `AbortSignal`. */
export type PlatformSignal = typeof globalThis extends {
  readonly AbortSignal: { readonly prototype: infer T }
}
  ? T
  : SignalLike

/** `URL`. */
export type PlatformUrl = typeof globalThis extends { readonly URL: { readonly prototype: infer T } }
  ? T
  : UrlLike

/** `Request`. */
export type PlatformRequest = typeof globalThis extends { readonly Request: { readonly prototype: infer T } }
  ? T
  : RequestLike

/** `Response`. */
export type PlatformResponse = typeof globalThis extends {
  readonly Response: { readonly prototype: infer T }
}
  ? T
  : ResponseLike

/** `fetch`. */
export type PlatformFetch = typeof globalThis extends { readonly fetch: infer T } ? T : FetchLike

/** As much of a `ReadableStream` as is used of those that others give. */
export interface StreamLike<T> {
  /** Nobody else reads the stream from then on. */
  getReader(): StreamReaderLike<T>
}

/** As much of a `ReadableStreamDefaultReader` as is used. */
export interface StreamReaderLike<T> {
  /** The next piece; rejects if the stream has failed. */
  read(): Promise<
    { readonly done: false; readonly value: T } | { readonly done: true; readonly value?: T | undefined }
  >
  /** Nobody reads on. */
  cancel(reason?: unknown): Promise<void>
}

interface SignalLike {
  readonly aborted: boolean
  readonly reason: unknown
  throwIfAborted(): void
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

interface UrlLike {
  readonly href: string
  readonly origin: string
  readonly protocol: string
  readonly username: string
  readonly password: string
  readonly host: string
  readonly hostname: string
  readonly pathname: string
  readonly search: string
}

interface HeadersLike {
  get(name: string): string | null
  forEach(each: (value: string, name: string) => void): void
}

interface BodyLike {
  readonly headers: HeadersLike
  readonly body: StreamLike<Uint8Array> | null
  text(): Promise<string>
  json(): Promise<unknown>
}

interface RequestLike extends BodyLike {
  readonly method: string
  readonly url: string
  readonly signal: SignalLike
}

interface ResponseLike extends BodyLike {
  readonly ok: boolean
  readonly status: number
}

type FetchLike = (
  url: string | UrlLike,
  init?: {
    readonly method?: string
    readonly redirect?: 'manual'
    readonly headers?: Readonly<Record<string, string>>
    readonly body?: string
    readonly signal?: SignalLike
  },
) => Promise<ResponseLike>
