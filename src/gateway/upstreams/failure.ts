import { isRecord } from '../../base/check.js'
import { type Json, listOf, objectOf, objectsOf, parseJson, textOf } from '../../base/json.js'
import {
  hasNoEndpoints,
  isBeyondLimit,
  isOfOutput,
  isOfSetup,
  isUnfit,
  takesNone,
} from '../../base/refused-by.js'
import { retryDelayIn } from '../../base/retry-info.js'
import { isTooLong } from '../../base/too-long.js'
import { CLOSED_IDLE, connectionErrorOf, PROXY_REFUSES } from '../../base/unreached.js'
import type { UpstreamError } from '../protocols/adapter.js'
import { isTooDeep } from '../protocols/too-deep.js'

/** Why a call brought no answer. */
export type FailureKind =
  /** 429, 5xx, no connection, silence, a malformed answer: the model is left alone for a while. */
  | 'upstream'
  /** What the client asked cannot be: it gets the upstream's own words. */
  | 'caller'
  /** What the client asked this model cannot do, as it says itself: others may. */
  | 'model'
  /** Keys, addresses, names of models: the operator's to mend. Other models may do. */
  | 'operator'

const REFUSED = 'upstream_refused'
/** No model is to blame, and each that has no connection would fail by it. */
export const OUT_OF_SOCKETS = 'gateway_out_of_sockets'
/** Connections of other requests end meanwhile. */
const OUT_OF_SOCKETS_MS = 1000
/** A wait of years is a mistake of units, or of a date. */
const RETRY_MS_MAX = 3_600_000

/** A call that failed, as the rest of the gateway sees it. */
export class UpstreamFailure extends Error {
  override readonly name = 'UpstreamFailure'
  readonly kind: FailureKind
  readonly code: string
  /** What the client gets, where no other model answers. */
  readonly status: number
  readonly retryAfterMs: number | null
  /** Of `caller` and `model`: the body of the upstream's answer. */
  readonly body: Json | null
  /** Whether the upstream may have done the work, and bills it. */
  readonly mayBeBilled: boolean
  /** What it says that it has used; null: nothing, or that came in the answer before it. */
  readonly usage: Json | null
  /** Of `model`: it has read the prompt, and ended. */
  readonly isUnanswered: boolean
  /** Of `upstream`: by all that is known it was the connection, and not the model. */
  readonly isOfConnection: boolean
  /** What clients are not told: the provider's words, or why there was no connection. Empty: the message says all of it. */
  readonly detail: string

  constructor(
    kind: FailureKind,
    code: string,
    status: number,
    message: string,
    more: {
      readonly retryAfterMs?: number | null
      readonly body?: Json | null
      readonly mayBeBilled?: boolean
      readonly usage?: Json | null
      readonly isUnanswered?: boolean
      readonly isOfConnection?: boolean
      readonly detail?: string
    } = {},
  ) {
    super(message)
    this.kind = kind
    this.code = code
    this.status = status
    this.retryAfterMs = more.retryAfterMs ?? null
    this.body = more.body ?? null
    this.mayBeBilled = more.mayBeBilled ?? false
    this.usage = more.usage ?? null
    this.isUnanswered = more.isUnanswered ?? false
    this.isOfConnection = more.isOfConnection ?? false
    this.detail = more.detail ?? ''
  }

  /** Of that, what clients hear: an hour at most, after which the engine asks the model again. */
  get toldRetryMs(): number | null {
    return this.retryAfterMs === null ? null : Math.min(this.retryAfterMs, RETRY_MS_MAX)
  }

  /** Whether the upstream takes no requests of this key, account or model. */
  get isRefusal(): boolean {
    return this.code === REFUSED
  }
}

/** Characters that are looked at of a page. */
const PAGE_MAX = 2000

/** 431: of a client's headers those that its protocol knows are passed on. */
const CALLER = new Set([400, 409, 413, 415, 422, 431])
/** 405: what stands at the address takes no POST there. */
const OPERATOR = new Set([401, 402, 403, 404, 405])
/** What stands between says that the upstream took too long, or that its answer was lost: the work may be done. */
const MAY_BE_BILLED = new Set([408, 504, 520, 524])
/** The same, unless it is the provider's own word, an error of its protocol. */
const LOST_ON_THE_WAY = 502

/**
 * What a status other than 2xx means.
 * @param text the beginning of its body
 * @param retryAfterMs as its headers ask for; null: they do not
 * @param now ms since 1970
 */
export function failureOfStatus(
  status: number,
  text: string,
  retryAfterMs: number | null,
  now: number,
): UpstreamFailure {
  const body = bodyIn(text)
  const error = objectOf(body?.error)
  const said = saidIn(body)
  const message = said === '' ? `the upstream answered ${status}` : said
  const codes = codesIn(body, error)
  if (CALLER.has(status) && isOfSetup(isOfNoOther(error) ? codes : [], said))
    return failureOfSetup(`the upstream answered ${status}`, said)
  if (CALLER.has(status) || (status === 403 && isUnfit(said, error?.metadata))) {
    const isOfModel =
      isTooLong(codes, said) || isBeyondLimit(said) || isOfOutput(codes, said) || takesNone(said)
    const more = { body: error === null ? null : body }
    return new UpstreamFailure(isOfModel ? 'model' : 'caller', 'upstream_rejected', status, message, more)
  }
  // OpenRouter: nobody whom it asks takes that.
  if (status === 404 && hasNoEndpoints(said))
    return new UpstreamFailure('model', 'upstream_rejected', status, message, { body })
  if (status === 407)
    return failureOfSetup(
      `the upstream answered ${status}`,
      `a proxy on the way wants a user and a password: ${said || pageIn(text)}`,
    )
  if (OPERATOR.has(status)) return failureOfSetup(`the upstream answered ${status}`, said || pageIn(text))
  if (status >= 300 && status < 400)
    return failureOfSetup(
      `the upstream answered ${status}`,
      said || 'a redirection, and none is followed: baseUrl is not the address itself',
    )
  const toldMs = retryAfterMs ?? retryDelayIn(text, now)
  if (status === 429) {
    // Others may be asked what is too much for it, and it may be asked what is not.
    const kind = isBeyondLimit(said) ? 'model' : 'upstream'
    return new UpstreamFailure(kind, 'upstream_rate_limited', 429, message, { retryAfterMs: toldMs })
  }
  const isLost = status === LOST_ON_THE_WAY && error === null
  const more = { retryAfterMs: toldMs, mayBeBilled: isLost || MAY_BE_BILLED.has(status) }
  return new UpstreamFailure('upstream', 'upstream_error', 502, message, more)
}

/** What stands for a code, a type or a reason: of Mistral it stands beside the message, of Gemini in a list. */
function codesIn(body: Json | null, error: Json | null): readonly unknown[] {
  const { code, type, details } = error ?? body ?? {}
  return [code, type, ...objectsOf(details).map(({ reason }) => reason)]
}

/** Whether an error may be of the key, the account or the model's name: it is of no other member of the request. */
function isOfNoOther(error: Json | null): boolean {
  const param = textOf(error?.param)
  return param === '' || param === 'model'
}

/**
 * What a 404 means to a request that refers to something that its provider keeps: a file, a conversation. It may be that which is not there, and
 * another provider may have it.
 * @param text the beginning of its body
 * @param others what the operator may have wrong: the model's name, the path
 * @returns null: it is one of these, or nobody says what it is
 */
export function failureOfReference(text: string, others: readonly string[]): UpstreamFailure | null {
  const body = bodyIn(text)
  const error = objectOf(body?.error)
  const said = textOf(error?.message)
  if (said === '' || /model/.test(`${textOf(error?.code)} ${textOf(error?.param)}`)) return null
  if (others.some((name) => said.includes(name))) return null
  return new UpstreamFailure('model', 'upstream_rejected', 404, said, { body })
}

/** Words of what is no error of a protocol, as servers have it where nobody knows a path. */
function pageIn(text: string): string {
  const words = text
    .slice(0, PAGE_MAX)
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
  return words === '' ? 'it said no more' : words
}

/** What the operator has to mend. @param detail what clients are not told */
export function failureOfSetup(message: string, detail: string): UpstreamFailure {
  return new UpstreamFailure('operator', REFUSED, 502, message, { detail })
}

/** The body of an error. */
export function bodyIn(text: string): Json | null {
  return objectOf(parseJson(text)) ?? listedError(text)
}

/** Gemini's endpoint for clients of OpenAI's puts an error into a list. Null: the text is not one. */
export function listedError(text: string): Json | null {
  // Answers are long: most are looked at no further.
  if (!/^\s*\[\s*\{\s*"error"/.test(text)) return null
  return objectOf(listOf(parseJson(text))[0])
}

/** Of what an upstream says at length, so much. */
const SAID_CHARS_MAX = 2000

/** The words of an error: OpenAI's, Anthropic's, and of servers whose checks are made by pydantic (Mistral, vLLM), which give a list. */
export function saidIn(body: Json | null): string {
  const error = objectOf(body?.error)
  const all = [error?.message, body?.message, textOf(body?.error), body?.detail]
  for (const each of all) {
    const said = typeof each === 'string' ? each : listed(each)
    if (said !== '') return said
  }
  return ''
}

function listed(value: unknown): string {
  if (!Array.isArray(value) && !isRecord(value)) return ''
  try {
    return JSON.stringify(value).slice(0, SAID_CHARS_MAX)
  } catch (error) {
    if (isTooDeep(error)) return ''
    throw error
  }
}

/** An error that came in an answer of status 200. @param now ms since 1970 */
export function failureOfError(
  { message, status }: UpstreamError,
  body: Json | null,
  now: number,
): UpstreamFailure {
  if (status === null) return new UpstreamFailure('upstream', 'upstream_error', 502, message)
  return failureOfStatus(
    status,
    JSON.stringify({ ...body, error: { ...objectOf(body?.error), message } }),
    null,
    now,
  )
}

/** What is wrong on this side, where a model seems to fail. */
const OWN_LIMITS: ReadonlyMap<string, string> = new Map([
  ['EMFILE', 'this process may open no more files and sockets: raise its limit (ulimit -n, LimitNOFILE)'],
  ['ENFILE', 'this machine may open no more files and sockets: raise its limit (fs.file-max)'],
  ['EADDRNOTAVAIL', 'this machine has no port left for another connection (net.ipv4.ip_local_port_range)'],
])

/**
 * What a connection that fails means. Addresses are not told to clients. Where a request was sent and the connection ended, before
 * the head of an answer or after it, the upstream may have done the work.
 * @param isSent false: it is known that nothing was sent
 */
export function failureOfConnection(error: unknown, isSent = true): UpstreamFailure {
  const { code, isOutOfFiles, isUnreached } = connectionErrorOf(error)
  const why = whyOf(error)
  if (code === PROXY_REFUSES) return failureOfSetup('the upstream cannot be reached', why)
  const limit = OWN_LIMITS.get(code)
  const detail = limit === undefined ? why : `${why}: ${limit}`
  if (isOutOfFiles)
    return new UpstreamFailure('operator', OUT_OF_SOCKETS, 503, 'this gateway can open no more connections', {
      detail,
      retryAfterMs: OUT_OF_SOCKETS_MS,
    })
  if (!isSent || isUnreached)
    return new UpstreamFailure('upstream', 'upstream_unreachable', 502, 'the upstream cannot be reached', {
      detail,
    })
  const more = { mayBeBilled: true, detail, isOfConnection: code === CLOSED_IDLE }
  return new UpstreamFailure(
    'upstream',
    'upstream_broke_off',
    502,
    'the upstream closed the connection',
    more,
  )
}

/** Of an error without words: those of its cause, or its code. */
function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  const { cause } = error
  if (error.message === 'fetch failed' && cause instanceof Error) return whyOf(cause)
  return error.message === '' ? connectionErrorOf(error).code : error.message
}

/**
 * Of an answer without anything in it but a usage that counts the prompt: so Gemini ends one that it blocks. The model does not fail by that, unless it
 * answers nothing else; others may answer.
 */
export function unanswered(): UpstreamFailure {
  const message = 'the upstream read the prompt and gave no answer, as providers do that block one'
  return new UpstreamFailure('model', 'upstream_rejected', 400, message, {
    mayBeBilled: true,
    isUnanswered: true,
  })
}

/** Of an answer that does not follow its protocol: it may be billed all the same. */
export function malformed(message: string, usage: Json | null = null): UpstreamFailure {
  return new UpstreamFailure('upstream', 'upstream_malformed', 502, message, { mayBeBilled: true, usage })
}
