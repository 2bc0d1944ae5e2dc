import * as api from '@opentelemetry/api'
import { describe, expect, it } from 'vitest'
import { openTelemetry } from '../../../src/gateway/metrics/open-telemetry.js'
import { record } from '../logs/records.js'

type Told = { readonly what: string; readonly value: unknown }[]

/** An API whose SDK writes down what it is told. */
function recordingApi(told: Told): typeof api {
  const tracer = {
    startSpan(name: string, options: api.SpanOptions, context: api.Context) {
      const parent = api.trace.getSpanContext(context)?.traceId
      told.push({ what: `span ${name}`, value: { ...options, parent } })
      return {
        setStatus: (status: unknown) => told.push({ what: 'status', value: status }),
        end: (at: unknown) => told.push({ what: 'end', value: at }),
      }
    },
  }
  const meter = {
    createHistogram: (name: string, { unit }: api.MetricOptions) => ({
      record: (value: number, attributes: unknown) =>
        told.push({ what: `${name} ${unit}`, value: [value, attributes] }),
    }),
  }
  const propagation = {
    extract: (context: api.Context, carrier: unknown, getter: api.TextMapGetter) => {
      const [, traceId = '', spanId = ''] = String(getter.get(carrier, 'traceparent')).split('-')
      return api.trace.setSpanContext(context, { traceId, spanId, traceFlags: 1 })
    },
  }
  return {
    ...api,
    trace: { getTracer: () => tracer },
    metrics: { getMeter: () => meter },
    propagation,
  } as unknown as typeof api
}

const unexpected = (message: string): never => {
  throw new Error(message)
}

describe('OpenTelemetry', () => {
  it('has no secret in a span, whoever says it', async () => {
    const told: Told = []
    const scrub = (text: string) => text.replaceAll('sk-secret', '$KEY')
    const observe = await openTelemetry(unexpected, async () => recordingApi(told), scrub)
    const said = 'of sk-secret'
    observe?.(record({ session: said, requestedModel: said, finishReason: said }))
    expect(told[0]?.value).toMatchObject({
      attributes: {
        'gen_ai.conversation.id': 'of $KEY',
        'paretobandit.requested_model': 'of $KEY',
        'gen_ai.response.finish_reasons': ['of $KEY'],
      },
    })
    expect(JSON.stringify(told)).not.toContain('sk-secret')
  })

  it('has a span and the metrics of a request, by the conventions', async () => {
    const told: Told = []
    const observe = await openTelemetry(unexpected, async () => recordingApi(told))
    observe?.(
      record({
        trace: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
        finishReason: 'stop',
      }),
    )
    const labels = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'small',
    }
    expect(told[0]).toMatchObject({
      what: 'span chat small',
      value: {
        kind: api.SpanKind.SERVER,
        startTime: Date.UTC(2027, 0, 1),
        parent: '0af7651916cd43dd8448eb211c80319c',
        attributes: {
          ...labels,
          'gen_ai.usage.input_tokens': 1000,
          'gen_ai.usage.output_tokens': 101,
          'gen_ai.response.finish_reasons': ['stop'],
          'paretobandit.cost_usd': 0.002,
          'paretobandit.key': 'key_a',
        },
      },
    })
    expect(told.slice(1)).toEqual([
      { what: 'end', value: Date.UTC(2027, 0, 1) + 2500 },
      { what: 'gen_ai.server.request.duration s', value: [2.5, labels] },
      { what: 'gen_ai.server.time_to_first_token s', value: [0.5, labels] },
      { what: 'gen_ai.server.time_per_output_token s', value: [0.02, labels] },
      {
        what: 'gen_ai.client.token.usage {token}',
        value: [1000, { ...labels, 'gen_ai.token.type': 'input' }],
      },
      {
        what: 'gen_ai.client.token.usage {token}',
        value: [101, { ...labels, 'gen_ai.token.type': 'output' }],
      },
    ])
  })

  it('says that a request failed', async () => {
    const told: Told = []
    const observe = await openTelemetry(unexpected, async () => recordingApi(told))
    observe?.(
      record({ outcome: 'refused', code: 'budget_exhausted', model: null, tokens: null, status: 402 }),
    )
    expect(told).toMatchObject([
      { what: 'span chat' },
      { what: 'status', value: { code: api.SpanStatusCode.ERROR, message: 'budget_exhausted' } },
      { what: 'end' },
    ])
    observe?.(record({ surface: 'models' }))
    expect(told).toHaveLength(3)
  })

  it('is nothing where the package is not installed, and does nothing without an SDK', async () => {
    const problems: string[] = []
    const tell = (message: string) => void problems.push(message)
    const missing = new Error("Cannot find package '@opentelemetry/api' imported from x")
    expect(await openTelemetry(tell, () => Promise.reject(missing))).toBeNull()
    expect(problems).toEqual([])
    expect(await openTelemetry(tell, () => Promise.reject(new Error('broken')))).toBeNull()
    expect(problems).toEqual(['@opentelemetry/api does not load: broken'])
    const observe = await openTelemetry(unexpected)
    expect(() => observe?.(record({ trace: { traceparent: 'nonsense' } }))).not.toThrow()
  })
})
