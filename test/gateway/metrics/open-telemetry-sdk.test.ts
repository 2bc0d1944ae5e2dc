import { context, metrics, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { afterEach, describe, expect, it } from 'vitest'
import { closeAll, gatewayServer, HELLO, modelTree } from '../surfaces/gateway-server.js'

afterEach(async () => {
  await closeAll()
  // Files share the process.
  for (const each of [trace, metrics, propagation, context]) each.disable()
})

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c'
const SPAN_ID = 'b7ad6b7169203331'

function registered() {
  const spans = new InMemorySpanExporter()
  const tracers = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: spans })] })
  trace.setGlobalTracerProvider(tracers)
  const points = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter: points, exportIntervalMillis: 3_600_000 })
  const meters = new MeterProvider({ readers: [reader] })
  metrics.setGlobalMeterProvider(meters)
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  return {
    spansNow: async () => {
      await tracers.forceFlush()
      return spans.getFinishedSpans()
    },
    /** The points of each metric. */
    pointsNow: async () => {
      await meters.forceFlush()
      const all =
        points
          .getMetrics()
          .at(-1)
          ?.scopeMetrics.flatMap((scope) => scope.metrics) ?? []
      return new Map(
        all.map(({ descriptor, dataPoints }) => [descriptor.name, { unit: descriptor.unit, dataPoints }]),
      )
    },
    close: async () => {
      await meters.shutdown()
      await tracers.shutdown()
    },
  }
}

describe("OpenTelemetry's own SDK", () => {
  it('gets a span and the metrics of each request, by the GenAI names, and few attributes', async () => {
    const sdk = registered()
    const server = await gatewayServer({ models: [modelTree('sim-small')] })
    const traceparent = `00-${TRACE_ID}-${SPAN_ID}-01`
    const ask = async (body: object, headers: Readonly<Record<string, string>> = {}) =>
      (await server.post('/v1/chat/completions', { messages: HELLO, ...body }, headers)).text()
    await ask({ model: 'auto', stream: true }, { traceparent })
    await ask({ model: 'auto' })
    for (let i = 0; i < 30; i++) await ask({ model: `"\n{${i}` })
    await server.over(32)

    const [first, second, ...refused] = await sdk.spansNow()
    expect(first).toMatchObject({ name: 'chat sim-small', kind: SpanKind.SERVER })
    expect(first.spanContext().traceId).toBe(TRACE_ID)
    expect(first.parentSpanContext?.spanId).toBe(SPAN_ID)
    expect(second.spanContext().traceId).not.toBe(TRACE_ID)
    const [{ tokens, costUsd, decision }] = server.records
    expect(first.attributes).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'sim-small',
      'gen_ai.usage.input_tokens': tokens?.input,
      'gen_ai.usage.output_tokens': tokens?.output,
      'gen_ai.response.finish_reasons': ['stop'],
      'paretobandit.cost_usd': costUsd,
      'paretobandit.decision': decision,
    })
    expect(refused).toHaveLength(30)
    // A name that a client made up names no span.
    for (const { name, status } of refused)
      expect([name, status.code, status.message]).toEqual(['chat', SpanStatusCode.ERROR, 'model_not_found'])

    const points = await sdk.pointsNow()
    expect([...points].map(([name, { unit, dataPoints }]) => [name, unit, dataPoints.length])).toEqual([
      ['gen_ai.client.token.usage', '{token}', 2],
      ['gen_ai.server.request.duration', 's', 1],
      ['gen_ai.server.time_to_first_token', 's', 1],
      ['gen_ai.server.time_per_output_token', 's', 1],
    ])
    const usage = points.get('gen_ai.client.token.usage')?.dataPoints ?? []
    expect(usage.map(({ attributes, value }) => [attributes['gen_ai.token.type'], value])).toEqual(
      (['input', 'output'] as const).map((side) => [
        side,
        expect.objectContaining({
          count: 2,
          sum: server.records.slice(0, 2).reduce((sum, record) => sum + (record.tokens?.[side] ?? 0), 0),
        }),
      ]),
    )
    expect(server.problems).toEqual([])
    await sdk.close()
  })
})
