import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { unknownTokens } from '../../src/gateway/completions/bill.js'
import { configSchema } from '../../src/gateway/config/config-shape.js'
import { readConfig } from '../../src/gateway/config/read-config.js'
import { RateLimits } from '../../src/gateway/keys/rate-limits.js'
import { requestLog } from '../../src/gateway/logs/request-log.js'
import { engineMetrics } from '../../src/gateway/metrics/engine-metrics.js'
import { priceMetrics } from '../../src/gateway/metrics/price-metrics.js'
import { MetricsRegistry } from '../../src/gateway/metrics/registry.js'
import { requestMetrics } from '../../src/gateway/metrics/request-metrics.js'
import { rewardMetrics } from '../../src/gateway/metrics/reward-metrics.js'
import { createRouter } from '../../src/index.js'
import { filesUnder, read } from '../house/imports.js'
import { smallTree } from './config/example.js'
import { record } from './logs/records.js'

const DOCS = readFileSync(fileURLToPath(new URL('../../docs/GATEWAY.md', import.meta.url)), 'utf8')

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
}

/** Names of fields, with those of the objects in them. */
function fieldsOf({ properties = {}, items, anyOf = [], oneOf = [] }: Schema, depth: number): string[] {
  const below = [...(items === undefined ? [] : [items]), ...anyOf, ...oneOf].flatMap((each) =>
    fieldsOf(each, depth),
  )
  if (depth === 0) return below
  return [
    ...below,
    ...Object.entries(properties).flatMap(([name, schema]) => [name, ...fieldsOf(schema, depth - 1)]),
  ]
}

describe('docs/GATEWAY.md', () => {
  it('names every part of a config', () => {
    const names = fieldsOf(configSchema() as Schema, 2).filter(
      (name) => !/UsdPerMTok|Discount|^\$/.test(name),
    )
    expect(names.length).toBeGreaterThan(80)
    expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(DOCS))).toEqual([])
    const table = DOCS.slice(
      DOCS.indexOf('| part | what it says |'),
      DOCS.indexOf('Defaults and limits of each'),
    )
    const parts = Object.keys((configSchema() as Schema).properties ?? {}).filter(
      (name) => name !== '$schema',
    )
    expect(parts.length).toBeGreaterThan(15)
    expect(parts.filter((name) => !table.includes(`\n| \`${name}\` |`))).toEqual([])
  })

  it('names every metric, and none that there is not', async () => {
    const registry = new MetricsRegistry()
    requestMetrics(registry)
    engineMetrics(registry, await createRouter<string>(), new RateLimits())
    unknownTokens(registry)
    priceMetrics(registry, { readAt: 0, problemCount: 0 })
    rewardMetrics(registry, () => ({ agreement: [], judge: null, calibration: null }))
    const names = [...registry.text().matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name)
    expect(names.filter((name) => !DOCS.includes(`\`${name}\``))).toEqual([])
    const told = [...DOCS.matchAll(/`((?:paretobandit|gen_ai)_[a-z_]+)`/g)].map(([, name]) => name)
    expect(told.filter((name) => !names.includes(name))).toEqual([])
  })

  it('names every field of the line of a request, and every outcome', async () => {
    const lines: Readonly<Record<string, unknown>>[] = []
    const config = await readConfig({ ...smallTree(), logging: { content: true } }, { name: 'c', env: {} })
    const observe = requestLog(
      () => config,
      (text) => text,
      (_level, fields) => lines.push(fields),
    )
    observe(record({ trace: { traceparent: '00-1-2-01' }, content: { prompt: 'p', answer: 'a' } }))
    const fields = ['level', 'time', 'msg', ...Object.keys(lines[0])]
    expect(fields.length).toBeGreaterThan(25)
    const table = DOCS.slice(DOCS.indexOf('| field of a line |'), DOCS.indexOf('`/metrics` is text'))
    expect(fields.filter((name) => !table.includes(`\`${name}\``))).toEqual([])
    const outcomes = /export type Outcome = (.*)/.exec(read('src/gateway/logs/request-record.ts'))?.[1] ?? ''
    for (const [, outcome] of outcomes.matchAll(/'(\w+)'/g)) expect(table).toContain(`\`${outcome}\``)
  })

  it('names every path of the admin API', () => {
    const routes = filesUnder('src/gateway/admin')
      .filter((file) => /-(routes|app)\.ts$/.test(file))
      .flatMap((file) => {
        const [, mount = ''] = /(key|model)-routes/.exec(file) ?? []
        const found = [...read(file).matchAll(/\.(get|post|put|delete)\('([^']+)'/g)]
        return found.map(([, method, path]) => {
          const full = `/admin${mount === '' ? '' : `/${mount}s`}${path === '/' ? '' : path}`
          return `${method.toUpperCase()} ${full}`
        })
      })
    expect(routes.length).toBeGreaterThan(18)
    expect(routes.filter((route) => !DOCS.includes(`\`${route}\``))).toEqual([])
  })

  it('names every code that a key may get', () => {
    const codes = ['keyring', 'rate-limits'].flatMap((file) =>
      [...read(`src/gateway/keys/${file}.ts`).matchAll(/refused\(\s*\d+,\s*'([a-z_]+)'/g)].map(
        ([, code]) => code,
      ),
    )
    expect(new Set(codes).size).toBeGreaterThan(7)
    expect(codes.filter((code) => !DOCS.includes(`\`${code}\``))).toEqual([])
  })
})
