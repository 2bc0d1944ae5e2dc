/** Which surface a request came to. */
export type Surface =
  | 'chat'
  | 'messages'
  | 'responses'
  | 'embeddings'
  | 'count_tokens'
  | 'route'
  | 'feedback'
  | 'models'
  /** None: there is no such path. */
  | 'unknown'

/**
 * How it ended. `refused`: nothing was sent upstream, or what the client asked was refused there; `cancelled`: the client went away.
 * The gateway's own end is a failure.
 */
export type Outcome = 'answered' | 'refused' | 'failed' | 'cancelled'

/** Tokens as the bill has them; a kind that is not known has none. */
export interface RecordTokens {
  /** All that were read. */
  readonly input: number
  /** All that were generated. */
  readonly output: number
  /** Of the input, those read from a cache. */
  readonly cachedInput?: number
  /** Of the output, those of reasoning. */
  readonly reasoning?: number
}

/** All that is reported about one request, once, when it is over: a log line, metrics and a span are made of it. */
export interface RequestRecord {
  /** `x-request-id`. */
  readonly id: string
  /** When it came, ms since 1970 UTC. */
  readonly at: number
  /** Which of the paths it came by. */
  readonly surface: Surface
  /** HTTP status that the client got; of a stream that broke off, that of its head. */
  readonly status: number
  /** How it ended. */
  readonly outcome: Outcome
  /** Stable code of a refusal or failure; null: none occurred. */
  readonly code: string | null
  /** What went wrong, for people. */
  readonly error?: string | null
  /** Whether a stream was asked for. */
  readonly isStreamed: boolean
  /** Id and name of the client's key. */
  readonly key: { readonly id: string; readonly name: string } | null
  /** Of its key; null: none. */
  readonly tenant: string | null
  /** What its conversation is called; null: it has no name. */
  readonly session?: string | null
  /** As the client said it: `auto`, `auto:GROUP`, or an id. */
  readonly requestedModel: string | null
  /** The model that answered, or was tried last. */
  readonly model: string | null
  /** Id of the upstream that answered, or was tried last; null: none was. */
  readonly upstream: string | null
  /** `openai`, `anthropic`: what it speaks. */
  readonly protocol: string | null
  /** Of the router; null: it made none. */
  readonly decision: string | null
  /** Calls of upstreams, the first included. */
  readonly tries: number
  /** As billed; null: they are not known. */
  readonly tokens: RecordTokens | null
  /** What the ledger has for it, all tries together, USD. */
  readonly costUsd: number | null
  /** Whether the cost is that of measured tokens; false: of the reservation. */
  readonly isMeasured?: boolean
  /** Why the answer ended, as the upstream says it. */
  readonly finishReason?: string | null
  /** From its first byte to the last of the answer. */
  readonly latencyMs: number
  /** To the first token that the client was sent; null: no token was sent, or it is not a stream. */
  readonly firstTokenMs: number | null
  /** Of `latencyMs`, what the gateway itself took. */
  readonly overheadMs: number | null
  /** W3C trace context of the request, as it came. */
  readonly trace?: { readonly traceparent: string; readonly tracestate?: string } | null
  /** What was asked and answered; logged where the operator has turned that on, and nowhere else. */
  readonly content?: { readonly prompt?: string; readonly answer?: string } | null
}

/** A text, or none. */
type Text = string | null | undefined

/**
 * What a record says of its request, without contents and trace, to be written as JSON.
 * Member by member: to copy an object of that many by a spread takes longer than to write it.
 * @param clean of all texts but a few fixed words
 */
export function fieldsOf(
  record: RequestRecord,
  at: number | string,
  key: unknown,
  clean: (text: string) => string = asItIs,
): Record<string, unknown> & { readonly [F in Exclude<keyof RequestRecord, 'content' | 'trace'>]: unknown } {
  return {
    at,
    id: clean(record.id),
    surface: record.surface,
    status: record.status,
    outcome: record.outcome,
    code: cleaned(record.code, clean),
    error: cleaned(record.error, clean),
    isStreamed: record.isStreamed,
    tenant: cleaned(record.tenant, clean),
    session: cleaned(record.session, clean),
    requestedModel: cleaned(record.requestedModel, clean),
    model: cleaned(record.model, clean),
    upstream: cleaned(record.upstream, clean),
    protocol: record.protocol,
    decision: cleaned(record.decision, clean),
    tries: record.tries,
    tokens: record.tokens,
    costUsd: record.costUsd,
    isMeasured: record.isMeasured,
    finishReason: cleaned(record.finishReason, clean),
    latencyMs: record.latencyMs,
    firstTokenMs: record.firstTokenMs,
    overheadMs: record.overheadMs,
    key,
  }
}

function asItIs(text: string): string {
  return text
}

function cleaned(text: Text, clean: (text: string) => string): Text {
  return text == null ? text : clean(text)
}

/** Called with each request that is over. Must not throw. */
export type RequestObserver = (record: RequestRecord) => void
