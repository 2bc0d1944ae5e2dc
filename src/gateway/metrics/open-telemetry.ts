import type { Attributes, Context, TextMapGetter, Tracer } from '@opentelemetry/api'
import { messageOf } from '../../base/errors.js'
import type { RequestObserver, RequestRecord } from '../logs/request-record.js'
import {
  DURATION_BUCKETS_S,
  FIRST_TOKEN_BUCKETS_S,
  operationOf,
  PER_TOKEN_BUCKETS_S,
  perOutputTokenS,
  TOKEN_BUCKETS,
} from './gen-ai.js'

type Api = typeof import('@opentelemetry/api')

/**
 * Spans and metrics of requests for whatever SDK the process has registered with `@opentelemetry/api`, by the GenAI
 * conventions.
 * @param onProblem told where the package is there and does not load
 * @param scrub takes secrets out of what clients and upstreams say
 * @returns null where it is not installed, or does not load
 */
export async function openTelemetry(
  onProblem: (message: string) => void,
  load: () => Promise<Api> = importApi,
  scrub: (text: string) => string = (text) => text,
): Promise<RequestObserver | null> {
  try {
    return observerOf(await load(), scrub)
  } catch (error) {
    const message = messageOf(error)
    // Runtimes say in different words that there is no such package.
    if (!/not found|cannot find|no such module|failed to resolve/i.test(message))
      onProblem(`@opentelemetry/api does not load: ${message}`)
    return null
  }
}

async function importApi(specifier = '@opentelemetry/api'): Promise<Api> {
  // Through a variable: bundlers must not look for a package that may be absent.
  const module: { default?: Api } & Partial<Api> = await import(
    /* @vite-ignore */ /* webpackIgnore: true */ specifier
  )
  return module.trace === undefined ? (module.default as Api) : (module as Api)
}

const NAME = 'paretobandit'

function observerOf(api: Api, scrub: (text: string) => string): RequestObserver {
  const tracer = api.trace.getTracer(NAME)
  const meter = api.metrics.getMeter(NAME)
  const histogram = (name: string, unit: string, boundaries: readonly number[]) =>
    meter.createHistogram(name, { unit, advice: { explicitBucketBoundaries: [...boundaries] } })
  const tokenUsage = histogram('gen_ai.client.token.usage', '{token}', TOKEN_BUCKETS)
  const duration = histogram('gen_ai.server.request.duration', 's', DURATION_BUCKETS_S)
  const firstToken = histogram('gen_ai.server.time_to_first_token', 's', FIRST_TOKEN_BUCKETS_S)
  const perToken = histogram('gen_ai.server.time_per_output_token', 's', PER_TOKEN_BUCKETS_S)
  const isTraced = tracedBy(api, tracer)
  // Instruments keep the SDK that was there when they were made.
  const isMetered = meter.constructor !== api.createNoopMeter().constructor
  return (record) => {
    const operation = operationOf(record)
    if (operation === null || !(isMetered || isTraced())) return
    const parent = parentOf(api, record)
    const { at, latencyMs, model } = record
    const name = model === null ? operation : `${operation} ${model}`
    const span = tracer.startSpan(
      name,
      { kind: api.SpanKind.SERVER, startTime: at, attributes: spanAttributes(operation, record, scrub) },
      parent,
    )
    const { outcome } = record
    if (outcome === 'failed' || outcome === 'refused')
      span.setStatus({
        code: api.SpanStatusCode.ERROR,
        ...(record.code === null ? {} : { message: record.code }),
      })
    span.end(at + latencyMs)
    if (model === null) return
    const attributes = commonAttributes(operation, record)
    const failed = record.code === null ? {} : { 'error.type': record.code }
    duration.record(latencyMs / 1000, { ...attributes, ...failed }, parent)
    if (record.firstTokenMs !== null) firstToken.record(record.firstTokenMs / 1000, attributes, parent)
    const each = perOutputTokenS(record)
    if (each !== null) perToken.record(each, attributes, parent)
    if (record.tokens === null) return
    for (const type of ['input', 'output'] as const)
      tokenUsage.record(record.tokens[type], { ...attributes, 'gen_ai.token.type': type }, parent)
  }
}

/** @returns tells whether an SDK takes spans: it may be registered later than this is made */
function tracedBy(api: Api, tracer: Tracer): () => boolean {
  if (!(tracer instanceof api.ProxyTracer)) return () => true
  const nothing = new api.ProxyTracerProvider().getDelegate()
  return () => {
    const provider = api.trace.getTracerProvider()
    return !(provider instanceof api.ProxyTracerProvider && provider.getDelegate() === nothing)
  }
}

const TRACE_HEADERS: TextMapGetter<ReadonlyMap<string, string>> = {
  get: (carrier, key) => carrier.get(key.toLowerCase()),
  keys: (carrier) => [...carrier.keys()],
}

/** The span of the client, where it sent one. */
function parentOf({ context, propagation, ROOT_CONTEXT }: Api, { trace }: RequestRecord): Context {
  if (trace == null) return context.active()
  const carrier = new Map(Object.entries(trace))
  return propagation.extract(ROOT_CONTEXT, carrier, TRACE_HEADERS)
}

function commonAttributes(operation: string, { protocol, model }: RequestRecord): Attributes {
  return present({
    'gen_ai.operation.name': operation,
    'gen_ai.provider.name': protocol,
    'gen_ai.request.model': model,
  })
}

function spanAttributes(
  operation: string,
  record: RequestRecord,
  scrub: (text: string) => string,
): Attributes {
  const { tokens } = record
  const said = (text: string | null | undefined) => (text == null ? null : scrub(text))
  const finishReason = said(record.finishReason)
  return present({
    ...commonAttributes(operation, record),
    'gen_ai.conversation.id': said(record.session),
    'gen_ai.usage.input_tokens': tokens?.input,
    'gen_ai.usage.output_tokens': tokens?.output,
    'gen_ai.response.finish_reasons': finishReason === null ? null : [finishReason],
    'error.type': record.code,
    'http.response.status_code': record.status,
    'paretobandit.requested_model': said(record.requestedModel),
    'paretobandit.decision': record.decision,
    'paretobandit.upstream': record.upstream,
    'paretobandit.tenant': record.tenant,
    'paretobandit.key': record.key?.id,
    'paretobandit.tries': record.tries,
    'paretobandit.cost_usd': record.costUsd,
    'paretobandit.outcome': record.outcome,
  })
}

function present(attributes: Readonly<Record<string, Attributes[string] | null>>): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value != null)) as Attributes
}
