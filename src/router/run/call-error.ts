import {
  hasNoEndpoints,
  isBeyondLimit,
  isOfOutput,
  isOfSetup,
  isUnfit,
  takesNone,
  takesNoTools,
  unsupportedMember,
} from '../../base/refused-by.js'
import { retryDelayIn } from '../../base/retry-info.js'
import { isTooLong } from '../../base/too-long.js'
import { connectionErrorOf } from '../../base/unreached.js'
import { retryAfterOf } from './retry-after.js'

/** What a call that failed says of its model, and whether another would do better. */
export interface CallFailure {
  /** `caller`: whoever gets this request refuses it. `request`: it is too long for this model alone, or has what it does not take, or this process could open no connection for it. `model`: the model or its provider failed. */
  readonly blames: 'caller' | 'request' | 'model'
  /** How long the provider asks to be left alone, ms. */
  readonly retryAfterMs: number | null
  /** Whether it may have done the work, and send a bill for it. */
  readonly mayBeBilled: boolean
}

/** Statuses of requests that are wrong whoever gets them. */
const CALLERS = new Set([400, 413, 415, 422])
/** What stands between says that the provider took too long, or that its answer was lost: the work may be done. */
const LOST = new Set([408, 504, 520, 524])
/** Of the web and Node, the clients of OpenAI and Anthropic, LangChain, Next.js, Mistral and axios. */
const ABORTS: ReadonlySet<unknown> = new Set([
  'AbortError',
  'APIUserAbortError',
  'ModelAbortError',
  'ResponseAborted',
  'RequestAbortedError',
  'CanceledError',
])
/** What SDKs call the status of HTTP: most of them the first, the AI SDK and Mistral's the second, Ollama's and AWS's the others. */
const STATUSES = ['status', 'statusCode', 'status_code', 'httpStatusCode'] as const
/** Members of an error that may have it: of axios and got, of Hugging Face, of AWS. */
const ANSWERS = ['response', 'httpResponse', '$metadata'] as const
/** Members that have the headers, where the error has none itself. */
const HEADED = ['response', 'httpResponse', '$response', 'rawResponse'] as const
/** Errors that an error was made of. */
const WRAPPED = ['lastError', 'cause'] as const
const DEPTH_MAX = 8

/** What an error of an SDK, of `fetch` or of anything else says. Errors that say nothing are the provider's. */
export function failureOf(error: unknown, now: number): CallFailure {
  const failure = failureOfOne(error, now)
  const tries = memberOf(error, 'errors')
  // The AI SDK asks again by itself, and its error says what became of each time: what the last one says is not what the others cost.
  if (memberOf(error, 'lastError') === undefined || !Array.isArray(tries)) return failure
  const mayBeBilled = failure.mayBeBilled || tries.some((each) => failureOfOne(each, now).mayBeBilled)
  return { ...failure, mayBeBilled }
}

function failureOfOne(error: unknown, now: number): CallFailure {
  // LangChain's, which tells no status where it was made of none.
  if (memberOf(error, 'name') === 'ContextOverflowError')
    return { blames: 'request', retryAfterMs: null, mayBeBilled: false }
  const answered = answeredOf(error)
  if (answered === null) {
    const { isOutOfFiles, isUnreached } = connectionErrorOf(error)
    // Another may be reached by a connection that is there.
    return { blames: isOutOfFiles ? 'request' : 'model', retryAfterMs: null, mayBeBilled: !isUnreached }
  }
  const { status, headers, by } = answered
  const said = saidBy(by)
  const retryAfterMs =
    retryAfterOf((name) => headerOf(headers, name), now) ??
    retryDelayIn([...said.texts, ...said.metadata.map(headersIn)].join('\n'), now)
  const blames = blamedBy(status, said)
  if (blames !== 'model') return { blames, retryAfterMs, mayBeBilled: false }
  // An answer that its client could not read was made, and is billed.
  return { blames: 'model', retryAfterMs, mayBeBilled: status < 300 || LOST.has(status) }
}

/** An error that a signal brought about. */
export function isAbort(error: unknown): boolean {
  // The client of OpenAI names the class alone.
  return ABORTS.has(memberOf(error, 'name')) || ABORTS.has(memberOf(memberOf(error, 'constructor'), 'name'))
}

/** What the provider has answered, as the error says, or one that it was made of; null: nothing. */
function answeredOf(
  error: unknown,
  depth = 0,
): { readonly status: number; readonly headers: unknown; readonly by: unknown } | null {
  if (typeof error !== 'object' || error === null || depth > DEPTH_MAX) return null
  for (const holder of [error, ...ANSWERS.map((name) => memberOf(error, name))]) {
    const status = STATUSES.map((name) => memberOf(holder, name)).find(isStatus)
    if (status !== undefined) return { status, headers: headersOf(error), by: error }
  }
  for (const name of WRAPPED) {
    const answered = answeredOf(memberOf(error, name), depth + 1)
    if (answered !== null) return answered
  }
  return null
}

/** What an answer that is no success says: its status, and where that is not enough its words. */
function blamedBy(status: number, { codes, messages, texts, metadata }: Said): CallFailure['blames'] {
  const says = (is: (text: string) => boolean) => texts.some(is)
  if (status === 403 && (says((text) => isUnfit(text, null)) || metadata.some((each) => isUnfit('', each))))
    return 'caller'
  if (status === 429 && says(isBeyondLimit)) return 'request'
  if (status === 404 && says(hasNoEndpoints)) return 'request'
  if (!CALLERS.has(status)) return 'model'
  // Some refuse a key, an account or the name of a model with 400.
  if (isOfSetup(codes, '') || says((text) => isOfSetup([], text))) return 'model'
  const isOfModel = isTooLong(codes, texts.join('\n')) || isOfOutput(codes, '')
  if (isOfModel || codes.some((code) => unsupportedMember(code, '') !== null)) return 'request'
  return says(isOfOneModel) || messages.some(takesNone) ? 'request' : 'caller'
}

function isOfOneModel(text: string): boolean {
  if (isBeyondLimit(text) || isOfOutput([], text)) return true
  return takesNoTools(text) || unsupportedMember('', text) !== null
}

interface Said {
  readonly codes: readonly unknown[]
  readonly messages: readonly string[]
  /** These, and the whole body of an answer, which may quote what a client has written. */
  readonly texts: readonly string[]
  /** Of OpenRouter: why, and headers. */
  readonly metadata: readonly unknown[]
}

function headersIn(metadata: unknown): string {
  return quietly(() => JSON.stringify(memberOf(metadata, 'headers'))) ?? ''
}

/** In an error's own words, and those of its provider's answer. */
function saidBy(error: unknown): Said {
  const [body, data] = ['error', 'data'].map((name) => memberOf(error, name))
  const all = [error, body, memberOf(body, 'error'), memberOf(data, 'error')]
  const codes = all.flatMap((each) => [memberOf(each, 'code'), memberOf(each, 'type')])
  const messages = all.map((each) => memberOf(each, 'message')).filter((text) => typeof text === 'string')
  const answer = memberOf(error, 'responseBody')
  const metadata = all.map((each) => memberOf(each, 'metadata'))
  return { codes, messages, texts: typeof answer === 'string' ? [...messages, answer] : messages, metadata }
}

function isStatus(value: unknown): value is number {
  return typeof value === 'number' && value >= 100 && value < 600
}

function headersOf(error: object): unknown {
  const own = memberOf(error, 'headers') ?? memberOf(error, 'responseHeaders')
  if (own !== undefined && own !== null) return own
  return HEADED.map((name) => memberOf(memberOf(error, name), 'headers')).find((each) => each !== undefined)
}

function headerOf(headers: unknown, name: string): string | null {
  const get = memberOf(headers, 'get')
  const value = typeof get === 'function' ? quietly(() => get.call(headers, name)) : memberOf(headers, name)
  return typeof value === 'string' ? value : null
}

function memberOf(value: unknown, name: string): unknown {
  const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function'
  return isObject ? quietly(() => Reflect.get(value, name)) : undefined
}

/** What cannot be read says nothing: a call that failed is booked, whatever its error is. */
function quietly<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
