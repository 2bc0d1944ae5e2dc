/** What requests may take of this process. */
export interface LimitsConfig {
  /** Longest request body. Default 32 MiB. */
  readonly bodyBytesMax: number
  /** Members, objects and lists of a request body, at whatever depth: reading them holds up all others. Default 200,000. */
  readonly bodyMembersMax: number
  /** What has come of bodies that are not whole yet, of all requests; one key has half of it at most, or one body. Default 256 MiB. */
  readonly bodiesBytesMax: number
  /** Longest header of a request, all fields. Default 16 KiB. */
  readonly headerBytesMax: number
  /** Requests of one key at a time. Default 256. */
  readonly streamsPerKeyMax: number
  /** Requests of all at a time. Default 4,096. */
  readonly streamsMax: number
  /** Longest upstream answer that is not streamed; of one that is, longest event, and longest beginning without content. Default 32 MiB. */
  readonly answerBytesMax: number
  /** What of a stream may wait for a slow client before its upstream is slowed. Default 256 KiB. */
  readonly streamBufferBytesMax: number
}

export interface TimeoutsConfig {
  /** A client may take so long to send its request, ms. Default 30,000. */
  readonly requestMs: number
  /** From the call of an upstream to its first token, or to its whole answer where it is not streamed, ms. Default 120,000. */
  readonly firstTokenMs: number
  /** Default 60,000. */
  readonly betweenTokensMs: number
  /** A request with all its tries, ms. Default 600,000. */
  readonly totalMs: number
  /** After SIGTERM streams may go on for so long, ms. Default 30,000. */
  readonly drainMs: number
}

export interface RetriesConfig {
  /** Tries of one request, the first included, 1 to 10: each asks another model, but for the one after a connection that was closed as it was used again. Default 3. */
  readonly triesMax: number
  /** Retries of all requests, as a share of requests, in [0, 1]. Default 0.2. */
  readonly shareMax: number
  /** How long a model that failed gets nothing, ms; `retry-after` of the upstream comes first; one failure after fifty answers, or further ones of one client alone, begin no pause. Default 10,000. */
  readonly cooldownMs: number
}

export interface SessionsConfig {
  /** A conversation without a request for so long is forgotten, ms. Default 1 h. */
  readonly ttlMs: number
  /** Conversations that are remembered. Default 100,000. */
  readonly sessionsMax: number
  /** What becomes of the upstream's stream when its client goes away. Default `cancel`. */
  readonly onClientGone: OnClientGone
  /** `drain`: for so long at most, ms. Default 30,000. */
  readonly drainMs: number
}

export const ON_CLIENT_GONE = ['cancel', 'drain'] as const
export type OnClientGone = (typeof ON_CLIENT_GONE)[number]
