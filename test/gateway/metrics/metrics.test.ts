import { describe, expect, it, vi } from 'vitest'
import { readConfig } from '../../../src/gateway/config/read-config.js'
import { routerOptionsOf } from '../../../src/gateway/config/router-options.js'
import { RateLimits } from '../../../src/gateway/keys/rate-limits.js'
import { engineMetrics } from '../../../src/gateway/metrics/engine-metrics.js'
import { processMetrics } from '../../../src/gateway/metrics/process-metrics.js'
import { MetricsRegistry } from '../../../src/gateway/metrics/registry.js'
import { requestMetrics } from '../../../src/gateway/metrics/request-metrics.js'
import { createRouter } from '../../../src/index.js'
import { ENV, exampleTree } from '../config/example.js'
import { record } from '../logs/records.js'

const LABEL = String.raw`[a-z_]+="(?:[^"\\\n]|\\[\\"n])*"`
const SAMPLE = new RegExp(
  String.raw`^([a-z][a-z0-9_]*)(?:\{(${LABEL}(?:,${LABEL})*)\})? (-?(?:[0-9.]+(?:e[+-]?[0-9]+)?|Inf)|\+Inf|NaN)$`,
)

/** Samples by their name and labels. Fails for a malformed line. */
function samplesOf(text: string): Map<string, number> {
  expect(text.endsWith('\n')).toBe(true)
  const samples = new Map<string, number>()
  for (const line of text.slice(0, -1).split('\n')) {
    if (/^# (HELP|TYPE) /.test(line)) continue
    const found = SAMPLE.exec(line)
    expect(found, line).not.toBeNull()
    const [, name, labels, value] = found ?? []
    const key = labels === undefined ? name : `${name}{${labels}}`
    expect(samples.has(key), key).toBe(false)
    samples.set(key, value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value))
  }
  return samples
}

describe('the registry', () => {
  it('writes counters, gauges and histograms as Prometheus reads them', () => {
    const registry = new MetricsRegistry()
    const counter = registry.counter('c_total', 'of\nlines \\', ['a', 'b'])
    counter.add(1, { a: 'x"y\\z\n', b: '' })
    counter.add(0.5, { a: 'x"y\\z\n', b: '' })
    const histogram = registry.histogram('h_seconds', 'time', [0.1, 1], ['a'])
    for (const value of [0.1, 0.2, 5]) histogram.observe(value, { a: 'x' })
    registry.gauge('g', 'now', [], () => [[{}, Number.POSITIVE_INFINITY]])
    expect(registry.text()).toBe(
      [
        '# HELP c_total of\\nlines \\\\',
        '# TYPE c_total counter',
        'c_total{a="x\\"y\\\\z\\n",b=""} 1.5',
        '# HELP h_seconds time',
        '# TYPE h_seconds histogram',
        'h_seconds_bucket{a="x",le="0.1"} 1',
        'h_seconds_bucket{a="x",le="1"} 2',
        'h_seconds_bucket{a="x",le="+Inf"} 3',
        'h_seconds_sum{a="x"} 5.3',
        'h_seconds_count{a="x"} 3',
        '# HELP g now',
        '# TYPE g gauge',
        'g +Inf',
        '',
      ].join('\n'),
    )
  })

  it('leaves out what is no amount', () => {
    const registry = new MetricsRegistry()
    const counter = registry.counter('c', '', ['a'])
    const histogram = registry.histogram('h', '', [1], ['a'])
    for (const value of [Number.NaN, -1, Number.POSITIVE_INFINITY]) {
      counter.add(value, { a: '' })
      histogram.observe(value, { a: '' })
    }
    expect([...samplesOf(registry.text())]).toEqual([])
  })

  it('has a bounded number of series, and takes none for another', () => {
    const registry = new MetricsRegistry()
    const counter = registry.counter('c', '', ['a', 'b'])
    counter.add(1, { a: '1:', b: '' })
    counter.add(1, { a: '1', b: ':' })
    for (let i = 0; i < 20_000; i++) counter.add(1, { a: `${i}`, b: 'x' })
    const samples = samplesOf(registry.text())
    expect(samples.get('c{a="1:",b=""}')).toBe(1)
    expect(samples.size).toBe(5001)
    expect(samples.get('c{a="other",b="other"}')).toBe(20_002 - 5000)
  })

  it('refuses a name twice', () => {
    const registry = new MetricsRegistry()
    registry.counter('c', '')
    expect(() => registry.histogram('c', '', [])).toThrow('c')
    expect(() => registry.counter('a b', '')).toThrow('a b')
  })
})

describe('metrics of requests', () => {
  it('have the names of OpenTelemetry and ours', () => {
    const registry = new MetricsRegistry()
    const observe = requestMetrics(registry)
    observe(record())
    observe(
      record({
        outcome: 'refused',
        status: 429,
        code: 'rate_limit_exceeded',
        model: null,
        tokens: null,
        costUsd: null,
        tries: 0,
        firstTokenMs: null,
        overheadMs: null,
      }),
    )
    observe(record({ surface: 'feedback', model: null, tokens: null, costUsd: null }))
    const samples = samplesOf(registry.text())
    const labels = 'gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="small"'
    expect(samples.get(`gen_ai_client_token_usage_sum{${labels},gen_ai_token_type="input"}`)).toBe(1000)
    expect(samples.get(`gen_ai_client_token_usage_sum{${labels},gen_ai_token_type="output"}`)).toBe(101)
    expect(samples.get(`gen_ai_server_request_duration_seconds_sum{${labels},error_type=""}`)).toBe(2.5)
    expect(samples.get(`gen_ai_server_time_to_first_token_seconds_bucket{${labels},le="0.5"}`)).toBe(1)
    expect(samples.get(`gen_ai_server_time_per_output_token_seconds_sum{${labels}}`)).toBe(0.02)
    expect(samples.get('paretobandit_cost_usd_total{model="small",tenant="support",key="bot"}')).toBe(0.002)
    expect(samples.get('paretobandit_retries_total{model="small"}')).toBe(1)
    expect(samples.get('paretobandit_overhead_seconds_bucket{surface="chat",le="0.0005"}')).toBe(1)
    expect(
      samples.get(
        'paretobandit_requests_total{surface="chat",model="",outcome="refused",status="429",code="rate_limit_exceeded"}',
      ),
    ).toBe(1)
  })
})

describe('requests without a measured bill', () => {
  it('are counted by model', () => {
    const registry = new MetricsRegistry()
    const observe = requestMetrics(registry)
    for (const isMeasured of [true, false, false]) observe(record({ isMeasured }))
    observe(record())
    expect(samplesOf(registry.text()).get('paretobandit_unmeasured_requests_total{model="small"}')).toBe(2)
  })
})

describe('metrics of the engine', () => {
  it('are the ledger as it is at the scrape', async () => {
    const config = await readConfig(exampleTree(), { name: 'c', env: ENV })
    const router = await createRouter<string>(routerOptionsOf(config))
    const registry = new MetricsRegistry()
    engineMetrics(registry, router, new RateLimits())
    const first = samplesOf(registry.text())
    expect(first.get('paretobandit_spend_usd{tenant=""}')).toBe(0)
    await Promise.resolve()
    const { id } = router.route('hello', { tenant: 'support', candidates: ['small'] })
    router.settle(id, { costUsd: 0.001 })
    router.route('hello', { tenant: 'support', candidates: ['small'] })
    const samples = samplesOf(registry.text())
    for (const tenant of ['', 'support']) {
      expect(samples.get(`paretobandit_spend_usd{tenant="${tenant}"}`)).toBe(0.001)
      expect(samples.get(`paretobandit_reserved_usd{tenant="${tenant}"}`)).toBeGreaterThan(0)
    }
    expect(samples.get('paretobandit_spend_usd{tenant="research"}')).toBe(0)
    expect(samples.get('paretobandit_budget_usd_per_request{tenant=""}')).toBe(0.004)
    expect(samples.get('paretobandit_cap_usd{tenant="support",per="day",window="calendar"}')).toBe(5)
    expect(samples.get('paretobandit_cap_spent_usd{tenant="support",per="day",window="calendar"}')).toBe(
      0.001,
    )
    expect(samples.get('paretobandit_model_available{model="small"}')).toBe(1)
    expect(samples.get('paretobandit_unsettled_requests')).toBe(1)
    expect(samples.get('paretobandit_streams')).toBe(0)
  })

  it('have as counters only what never falls: a corrected bill takes dollars back', async () => {
    const config = await readConfig(exampleTree(), { name: 'c', env: ENV })
    const router = await createRouter<string>(routerOptionsOf(config))
    const registry = new MetricsRegistry()
    engineMetrics(registry, router, new RateLimits())
    const { id } = router.route('hello', { candidates: ['small'] })
    router.settle(id, { costUsd: 3 })
    const before = registry.text()
    await Promise.resolve()
    router.correct(id, { costUsd: 0.001 })
    const [was, is] = [samplesOf(before), samplesOf(registry.text())]
    const counters = [...before.matchAll(/^# TYPE (\S+) counter$/gm)].map(([, name]) => name)
    const fell = [...was].filter(([series, value]) => (is.get(series) ?? value) < value)
    const names = fell.map(([series]) => series.replace(/\{.*/, ''))
    expect(names).toContain('paretobandit_spend_usd')
    expect(names.filter((name) => counters.includes(name) || name.endsWith('_total'))).toEqual([])
  })

  it('are there under a policy without accounts', async () => {
    const router = await createRouter<string>({
      policy: 'paper',
      models: [{ id: 'm', inputUsdPerMTok: 1, outputUsdPerMTok: 2 }],
    })
    const registry = new MetricsRegistry()
    engineMetrics(registry, router, new RateLimits())
    expect(samplesOf(registry.text()).get('paretobandit_model_enabled{model="m"}')).toBe(1)
  })
})

describe('metrics of the process', () => {
  it('are those of this one, as it is at the scrape', () => {
    const registry = new MetricsRegistry()
    processMetrics(registry, () => 1e12)
    const samples = samplesOf(registry.text())
    const { rss } = process.memoryUsage()
    expect(samples.get('process_resident_memory_bytes')).toBeGreaterThan(rss / 2)
    expect(samples.get('nodejs_heap_size_used_bytes')).toBeGreaterThan(1e6)
    expect(samples.get('nodejs_heap_size_total_bytes')).toBeGreaterThan(1e6)
    expect(samples.get('nodejs_external_memory_bytes')).toBeGreaterThan(0)
    expect(samples.get('process_start_time_seconds')).toBeCloseTo(1e9 - process.uptime(), 0)
    const cpu = samples.get('process_cpu_seconds_total') ?? 0
    expect(cpu).toBeGreaterThan(0)
    for (let i = 0, end = process.cpuUsage().user + 20_000; process.cpuUsage().user < end; i++) Math.sqrt(i)
    expect(samplesOf(registry.text()).get('process_cpu_seconds_total')).toBeGreaterThan(cpu)
  })

  it('are not there on runtimes without one', () => {
    vi.stubGlobal('process', undefined)
    const registry = new MetricsRegistry()
    processMetrics(registry, Date.now)
    vi.unstubAllGlobals()
    expect(registry.text()).toBe('\n')
  })
})
