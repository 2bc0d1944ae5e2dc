import { isRecord } from '../../../base/check.js'
import { type Json, numberOf, objectOf, parseObject, textOf } from '../../../base/json.js'
import type { PlatformSignal, StreamLike } from '../../../base/platform.js'
import { retryDelayIn } from '../../../base/retry-info.js'
import { retryAfterOf } from '../../../index.js'
import type { Surface } from '../../logs/request-record.js'
import { RequestError } from '../../protocols/adapter.js'
import { openAiError } from '../../protocols/openai-errors.js'
import type { UpstreamAnswer } from '../call.js'
import { failureOfConnection, failureOfStatus, malformed, UpstreamFailure } from '../failure.js'
import { PartReader, readWhole } from './answer-parts.js'
import { askChat } from './ask-chat.js'
import { askMessages } from './ask-messages.js'
import { askResponses } from './ask-responses.js'
import type { AiSdkCall, AiSdkModel, Asking } from './model.js'
import { ownOptions, thinkingOptions, wantsOneCall } from './own-options.js'
import { withFiles } from './prompt-files.js'
import { chatUsage, messagesUsage, responsesUsage, type Tokens } from './tokens.js'
import { CHAT_WRITER } from './write-chat.js'
import { MESSAGES_WRITER } from './write-messages.js'
import { RESPONSES_WRITER } from './write-responses.js'
import type { Head, Writer } from './writer.js'

/** One request for a model of the AI SDK, in the words of its surface. */
export interface AiSdkUpstreamCall {
  readonly surface: Surface
  /** What the upstream calls the model. */
  readonly modelId: string
  readonly body: string
  readonly isStreamed: boolean
  /** Of the config: what the model's package is told besides, whatever the client says. */
  readonly providerOptions: Json | null
  /** Of the config: the same, where the client says nothing else. */
  readonly defaultOptions: Json | null
  /** Of the config; null: the provider was given in code. */
  readonly package: string | null
  readonly signal: PlatformSignal
  readonly now: () => number
}

/** Providers whose packages of specification v2 count a prompt without its cached tokens. */
const COUNTS_CACHE_BESIDE = /anthropic|bedrock/

interface SurfaceWords {
  readonly ask: (body: Json) => Asking
  readonly writer: Writer
  readonly usage: (tokens: Tokens) => Json
}

const SURFACES: Readonly<Partial<Record<Surface, SurfaceWords>>> = {
  chat: { ask: askChat, writer: CHAT_WRITER, usage: chatUsage },
  messages: { ask: askMessages, writer: MESSAGES_WRITER, usage: messagesUsage },
  responses: { ask: askResponses, writer: RESPONSES_WRITER, usage: responsesUsage },
}

/**
 * Asks a model, and gives its answer as an upstream of the client's own protocol would: what is around it reads, meters and
 * books it like any other.
 * @throws (the promise, or the body's `next`, is rejected with) UpstreamFailure, or what keeps it from being reached
 */
export async function callAiSdk(model: AiSdkModel, call: AiSdkUpstreamCall): Promise<UpstreamAnswer> {
  const surface = SURFACES[call.surface]
  if (surface === undefined)
    throw new UpstreamFailure(
      'operator',
      'upstream_refused',
      502,
      'a model of the AI SDK answers chats alone',
    )
  const { ask, writer, usage } = surface
  const { signal } = call
  const isCacheBeside = model.specificationVersion === 'v2' && COUNTS_CACHE_BESIDE.test(model.provider)
  const failed = (tokens: Tokens | null) =>
    malformed('the model ended with an error', tokens === null ? null : usage(tokens))
  try {
    const body = parseObject(call.body) ?? {}
    const asking = ask(body)
    const hasTools = asking.request.tools !== undefined
    const own = ownOptions(model, call.modelId, call.package, body, hasTools)
    if ('unsupported' in own) return jsonAnswer(400, writer.error(own.unsupported, 400), () => null)
    const options = await optionsOf(model, asking, call, own.options, isThinkingSaid(body))
    const head: Head = {
      id: crypto.randomUUID().replaceAll('-', ''),
      model: call.modelId,
      createdSeconds: Math.floor(call.now() / 1000),
      isOneCall: hasTools && wantsOneCall(body),
    }
    if (call.isStreamed) {
      const { stream } = await unlessAborted(model.doStream(options as never), signal)
      return answerOf(
        200,
        'text/event-stream',
        written(stream, new PartReader(isCacheBeside), writer, head, failed, call),
      )
    }
    const answer = readWhole(await unlessAborted(model.doGenerate(options as never), signal), isCacheBeside)
    if (answer === null) throw malformed('the model answered something else')
    if (answer.finish === 'error') throw failed(answer.tokens)
    return jsonAnswer(200, writer.whole(head, answer), () => null)
  } catch (error) {
    return answerOfError(error, writer, call)
  }
}

async function optionsOf(
  model: AiSdkModel,
  asking: Asking,
  call: AiSdkUpstreamCall,
  ofClient: Readonly<Record<string, Json>>,
  isThinkingSaid: boolean,
): Promise<AiSdkCall> {
  const { request, effort, thinking, cacheControl } = asking
  const prompt = await withFiles(request.prompt, model)
  const isNew = Number(model.specificationVersion.slice(1)) >= 4
  const space = model.provider.split('.')[0]
  const isEffortSaid = isThinkingSaid || effort !== null || thinking !== null
  const providerOptions = mergedOptions(
    withoutEfforts(call.defaultOptions ?? {}, isEffortSaid),
    effort === null || isNew ? {} : { [space]: { reasoningEffort: effort } },
    thinking === null ? {} : thinkingOptions(model.provider, thinking),
    cacheControl === null ? {} : { anthropic: { cacheControl } },
    ofClient,
    call.providerOptions ?? {},
  )
  return {
    ...request,
    prompt,
    abortSignal: call.signal,
    ...(effort !== null && isNew ? { reasoning: effort } : {}),
    ...(Object.keys(providerOptions).length === 0 ? {} : { providerOptions }),
  }
}

/** Also that nothing is thought, which few packages have a word for. */
function isThinkingSaid({ thinking, reasoning }: Json): boolean {
  return objectOf(thinking) !== null || typeof objectOf(reasoning)?.enabled === 'boolean'
}

/** What packages call how much is thought; some go by it before what a call says of that. */
const EFFORTS: ReadonlySet<string> = new Set([
  'effort',
  'reasoningConfig',
  'reasoningEffort',
  'thinking',
  'thinkingConfig',
])

/** Defaults of the config, where the client may have said how much is thought. */
function withoutEfforts(options: Json, isEffortSaid: boolean): Json {
  if (!isEffortSaid) return options
  const left = Object.entries(options).map(([space, own]) => {
    const rest = Object.entries(objectOf(own) ?? {}).filter(([name]) => !EFFORTS.has(name))
    return [space, Object.fromEntries(rest)] as const
  })
  return Object.fromEntries(left.filter(([, own]) => Object.keys(own).length > 0))
}

/** The later ones go above those before: the operator's above the client's. */
function mergedOptions(...all: readonly Json[]): Record<string, Json> {
  const merged: Record<string, Json> = {}
  for (const [name, value] of all.flatMap((each) => Object.entries(each)))
    if (isRecord(value)) merged[name] = { ...merged[name], ...value }
  return merged
}

/** The bytes of a stream, made as they are asked for. */
async function* written(
  stream: StreamLike<unknown>,
  parts: PartReader,
  writer: Writer,
  head: Head,
  failed: (tokens: Tokens | null) => UpstreamFailure,
  { signal, now }: AiSdkUpstreamCall,
): AsyncGenerator<Uint8Array> {
  const out = writer.stream(head)
  const encoder = new TextEncoder()
  const reader = stream.getReader()
  try {
    yield encoder.encode(out.begin())
    for (;;) {
      const { done, value } = await unlessAborted(reader.read(), signal)
      if (done) return
      let text = ''
      for (const piece of parts.read(value)) {
        if (piece.kind === 'error') throw failureOfPart(piece.error, writer, now())
        if (piece.kind === 'finish' && piece.finish === 'error') throw failed(piece.tokens)
        text += out.write(piece)
      }
      if (text !== '') yield encoder.encode(text)
    }
  } finally {
    reader.cancel().catch(() => {})
  }
}

/** Models that do not listen to the signal are left behind. */
async function unlessAborted<T>(promise: PromiseLike<T>, signal: AbortSignal): Promise<T> {
  let forget = () => {}
  const aborted = new Promise<never>((_resolve, reject) => {
    const abort = () => reject(signal.reason ?? new Error('aborted'))
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort)
    forget = () => signal.removeEventListener('abort', abort)
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    forget()
  }
}

/** Names of the SDK's errors. They are told by name: each package may have a copy of the classes. */
const MALFORMED = new Set([
  'AI_JSONParseError',
  'AI_TypeValidationError',
  'AI_InvalidResponseDataError',
  'AI_EmptyResponseBodyError',
  'AI_NoContentGeneratedError',
])
const CALLER = new Set(['AI_InvalidPromptError', 'AI_InvalidArgumentError'])
const UNABLE = 'AI_UnsupportedFunctionalityError'
const OPERATOR = new Set([
  'AI_LoadAPIKeyError',
  'AI_LoadSettingError',
  'AI_NoSuchModelError',
  'AI_NoSuchProviderError',
])

/** A status becomes an answer of that status, as one that came over HTTP; anything else is thrown. */
function answerOfError(error: unknown, writer: Writer, { signal, now }: AiSdkUpstreamCall): UpstreamAnswer {
  if (error instanceof UpstreamFailure || signal.aborted) throw error
  const name = nameOf(error)
  const message = messageOf(error)
  if (error instanceof RequestError || name === UNABLE)
    throw new UpstreamFailure('model', 'upstream_rejected', 400, message)
  if (CALLER.has(name)) return jsonAnswer(400, writer.error(message, 400), () => null)
  if (OPERATOR.has(name))
    throw new UpstreamFailure('operator', 'upstream_refused', 502, 'the model is set up wrongly', {
      detail: message,
    })
  const status = isRecord(error) ? numberOf(error.statusCode) : null
  if (MALFORMED.has(name) || (status !== null && status < 300))
    throw malformed('the answer of the model cannot be read')
  if (status === null || status > 599) throw failureOfConnection(error)
  const headers = isRecord(error) ? objectOf(error.responseHeaders) : null
  const toldMs = isRecord(error) ? retryDelayIn(textOf(error.responseBody), now()) : null
  const told: Json = toldMs === null ? {} : { 'retry-after': String(toldMs / 1000) }
  return jsonAnswer(
    status,
    writer.error(message, status),
    (header) => textOf(headers?.[header]) || textOf(told[header]) || null,
  )
}

/** How long an error of a stream asks to wait, ms: in the headers or the body that it has, or in itself, as it stood in an event. */
function askedMs(error: unknown, now: number): number | null {
  if (!isRecord(error)) return null
  const headers = objectOf(error.responseHeaders)
  const byHeader = retryAfterOf((header) => textOf(headers?.[header]) || null, now)
  return byHeader ?? retryDelayIn(textOf(error.responseBody) || writtenOut(error), now)
}

function writtenOut(error: unknown): string {
  try {
    return JSON.stringify(error) ?? ''
  } catch {
    // Packages may give what is no JSON.
    return ''
  }
}

/** An error in the middle of a stream. What the provider itself has said there stands as it came; errors of its package are its own. */
function failureOfPart(error: unknown, writer: Writer, now: number): UpstreamFailure {
  const status = isRecord(error) ? numberOf(error.statusCode) : null
  const isSaid = typeof error === 'string' || (isRecord(error) && !(error instanceof Error))
  const said = isSaid ? openAiError({ error: innermostError(error) }) : null
  const message = said?.message ?? messageOf(error)
  const told = said?.status ?? status
  if (told !== null && told >= 400 && told < 600)
    return failureOfStatus(told, JSON.stringify(writer.error(message, told)), askedMs(error, now), now)
  return new UpstreamFailure('upstream', 'upstream_error', 502, message, { mayBeBilled: said === null })
}

/** As an event has it: alone, under `error`, or under that of a response. */
function innermostError(error: unknown): unknown {
  if (!isRecord(error)) return error
  return objectOf(error.error) ?? objectOf(objectOf(error.response)?.error) ?? error
}

function nameOf(error: unknown): string {
  return isRecord(error) ? textOf(error.name) : ''
}

function messageOf(error: unknown): string {
  if (typeof error === 'string' && error !== '') return error
  return (isRecord(error) && textOf(error.message)) || 'the model failed'
}

function jsonAnswer(status: number, body: Json, header: UpstreamAnswer['header']): UpstreamAnswer {
  const bytes = new TextEncoder().encode(JSON.stringify(body))
  return {
    ...answerOf(status, 'application/json', only(bytes)),
    header: (name) => (name === 'content-type' ? 'application/json' : header(name)),
  }
}

function answerOf(status: number, type: string, body: AsyncIterator<Uint8Array>): UpstreamAnswer {
  return { status, header: (name) => (name === 'content-type' ? type : null), body }
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
