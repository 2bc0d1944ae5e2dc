import type { RequestObserver } from '../logs/request-record.js'
import {
  DURATION_BUCKETS_S,
  FIRST_TOKEN_BUCKETS_S,
  operationOf,
  PER_TOKEN_BUCKETS_S,
  perOutputTokenS,
  TOKEN_BUCKETS,
} from './gen-ai.js'
import type { CounterSeries, HistogramSeries, MetricsRegistry } from './registry.js'

const GEN_AI = ['gen_ai_operation_name', 'gen_ai_provider_name', 'gen_ai_request_model'] as const
const OVERHEAD_BUCKETS_S = [0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5]

/** Kinds of requests whose series are remembered. */
const LABELLED_MAX = 1000

/** The series of requests that have the same labels, each once something was counted on it. */
interface LabelledSeries {
  requests?: CounterSeries
  cost?: CounterSeries
  overhead?: HistogramSeries
  duration?: HistogramSeries
  firstToken?: HistogramSeries
  perToken?: HistogramSeries
  input?: HistogramSeries
  output?: HistogramSeries
}

/** What is counted of requests: by the names of OpenTelemetry's GenAI conventions, and by ours. */
export function requestMetrics(registry: MetricsRegistry): RequestObserver {
  const tokenUsage = registry.histogram(
    'gen_ai_client_token_usage',
    'Tokens of requests, by kind',
    TOKEN_BUCKETS,
    [...GEN_AI, 'gen_ai_token_type'],
  )
  const duration = registry.histogram(
    'gen_ai_server_request_duration_seconds',
    'Time from a request to the end of its answer',
    DURATION_BUCKETS_S,
    [...GEN_AI, 'error_type'],
  )
  const firstToken = registry.histogram(
    'gen_ai_server_time_to_first_token_seconds',
    'Time from a request to the first token of its stream',
    FIRST_TOKEN_BUCKETS_S,
    GEN_AI,
  )
  const perToken = registry.histogram(
    'gen_ai_server_time_per_output_token_seconds',
    'Time of each token of a stream after its first',
    PER_TOKEN_BUCKETS_S,
    GEN_AI,
  )
  const requests = registry.counter('paretobandit_requests_total', 'Requests, by how they ended', [
    'surface',
    'model',
    'outcome',
    'status',
    'code',
  ])
  const cost = registry.counter('paretobandit_cost_usd_total', 'Dollars of requests, all tries included', [
    'model',
    'tenant',
    'key',
  ])
  const retries = registry.counter('paretobandit_retries_total', 'Calls of upstreams beyond the first', [
    'model',
  ])
  const unmeasured = registry.counter(
    'paretobandit_unmeasured_requests_total',
    'Requests billed at their reservation, as no usage came',
    ['model'],
  )
  const overhead = registry.histogram(
    'paretobandit_overhead_seconds',
    'What the gateway itself took of a request',
    OVERHEAD_BUCKETS_S,
    ['surface'],
  )
  const known = new Map<string, LabelledSeries>()
  return (record) => {
    const { surface, outcome, status, tries, costUsd, overheadMs, isMeasured, tokens } = record
    // Whoever looks for paths makes no series.
    if (surface === 'unknown') return
    const code = record.code ?? ''
    // A model that no config has is a text of a client: it is not counted by its name.
    const model = record.model ?? ''
    const tenant = record.tenant ?? ''
    const key = record.key?.name ?? ''
    const provider = record.protocol ?? ''
    // Names may have any character: their lengths tell where each ends.
    const name = `${surface} ${outcome} ${status} ${code.length} ${model.length} ${tenant.length} ${key.length} ${code}${model}${tenant}${key}${provider}`
    let of = known.get(name)
    if (of === undefined) {
      if (known.size >= LABELLED_MAX) known.clear()
      of = {}
      known.set(name, of)
    }
    of.requests ??= requests.of({ surface, model, outcome, status: String(status), code })
    of.requests.add(1)
    if (costUsd !== null) {
      of.cost ??= cost.of({ model, tenant, key })
      of.cost.add(costUsd)
    }
    if (tries > 1) retries.add(tries - 1, { model })
    if (isMeasured === false) unmeasured.add(1, { model })
    if (overheadMs !== null) {
      of.overhead ??= overhead.of({ surface })
      of.overhead.observe(overheadMs / 1000)
    }
    const operation = operationOf(record)
    if (operation === null || record.model === null) return
    const labels = () => ({
      gen_ai_operation_name: operation,
      gen_ai_provider_name: provider,
      gen_ai_request_model: model,
    })
    of.duration ??= duration.of({ ...labels(), error_type: code })
    of.duration.observe(record.latencyMs / 1000)
    if (record.firstTokenMs !== null) {
      of.firstToken ??= firstToken.of(labels())
      of.firstToken.observe(record.firstTokenMs / 1000)
    }
    const each = perOutputTokenS(record)
    if (each !== null) {
      of.perToken ??= perToken.of(labels())
      of.perToken.observe(each)
    }
    if (tokens === null) return
    of.input ??= tokenUsage.of({ ...labels(), gen_ai_token_type: 'input' })
    of.input.observe(tokens.input)
    of.output ??= tokenUsage.of({ ...labels(), gen_ai_token_type: 'output' })
    of.output.observe(tokens.output)
  }
}
