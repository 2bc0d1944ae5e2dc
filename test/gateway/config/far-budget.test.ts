import { afterEach, expect, it } from 'vitest'
import { farBudgets, farBudgetTexts } from '../../../src/gateway/config/far-budget.js'
import { readConfig } from '../../../src/gateway/config/read-config.js'
import { ADMIN_KEY, closeAll, gatewayServer, modelTree } from '../surfaces/gateway-server.js'
import { exampleTree, smallTree, type Tree } from './example.js'

afterEach(closeAll)

const CONTEXT = { contextTokens: 200_000, maxOutputTokens: 32_000 }
const PRICES = { inputUsdPerMTok: 5, outputUsdPerMTok: 25, cacheWrite1hUsdPerMTok: 10 }

async function far(models: readonly Tree[], more: Tree = {}) {
  const [model] = smallTree().models as Tree[]
  const tree = {
    ...smallTree(),
    ...more,
    models: models.map((each, i) => ({ ...model, id: `m${i}`, ...each })),
  }
  return farBudgets(await readConfig(tree, { name: 'c', env: null }))
}

const budget = (usdPerRequest: number) => ({ budget: { usdPerRequest } })

it('a budget of a request that is that of a month is noticed, of a tenant too', async () => {
  const models = [
    { ...CONTEXT, prices: PRICES },
    { prices: { inputUsdPerMTok: 0.01, outputUsdPerMTok: 0.1 } },
  ]
  const tenants = [
    { id: 'a', ...budget(0.01) },
    { id: 'b', ...budget(50) },
  ]
  const found = await far(models, { ...budget(500), tenants })
  const dearestUsd = (200_000 * 10 + 32_000 * 25) / 1e6
  expect(found).toEqual([
    { path: 'budget.usdPerRequest', usdPerRequest: 500, dearestUsd },
    { path: 'tenants[1].budget.usdPerRequest', usdPerRequest: 50, dearestUsd },
  ])
  const texts = farBudgetTexts(found)
  expect(texts).toHaveLength(2)
  expect(texts[0]).toMatch(/\(\$2\.8\).* a cap: caps: \[\{ usd: 500, per: month \}\]$/)
  expect(texts[1]).toMatch(/ a cap: tenants\[1\]\.caps: \[\{ usd: 50, per: month \}\]$/)
})

it('those of many tenants take a few lines', async () => {
  const tenants = Array.from({ length: 1000 }, (_, i) => ({ id: `t${i}`, ...budget(50) }))
  const texts = farBudgetTexts(await far([{ ...CONTEXT, prices: PRICES }], { tenants }))
  expect(texts).toHaveLength(11)
  expect(texts.at(-1)).toBe('990 more budgets are of the same kind')
})

it('one that a request may cost is none of those', async () => {
  const long = { tiers: [{ aboveInputTokens: 100_000, inputUsdPerMTok: 50, outputUsdPerMTok: 250 }] }
  for (const [usd, model] of [
    [2.7, { ...CONTEXT, prices: PRICES }],
    [17, { ...CONTEXT, prices: { ...PRICES, ...long } }],
    // Nobody says how much it reads.
    [15, { prices: PRICES }],
  ] as const)
    expect(await far([model], budget(usd))).toEqual([])
  expect(await far([{ prices: { inputUsdPerMTok: 0, outputUsdPerMTok: 0 } }], budget(500))).toEqual([])
  expect(await far([{ prices: PRICES }, { prices: null }])).toEqual([])
  expect(farBudgets(await readConfig(exampleTree(), { name: 'c', env: null }))).toEqual([])
})

it('has a line at the start', async () => {
  const server = await gatewayServer({ models: [modelTree('sim-small')], tree: budget(500) })
  expect(server.lines).toMatchObject([
    {
      level: 'warn',
      message: expect.stringMatching(/^budget\.usdPerRequest: \$500 .*saves nothing/),
    },
  ])
})

it('has a warning in the answer and a line where an admin sets it, of a tenant too', async () => {
  const server = await gatewayServer({
    models: [modelTree('sim-small')],
    tree: { admin: { key: '$ADMIN_KEY' } },
  })
  const warned = async (method: string, path: string, body: object) => {
    const before = server.lines.length
    const answer = await fetch(`${server.url}/admin${path}`, {
      method,
      headers: { 'x-api-key': ADMIN_KEY },
      body: JSON.stringify(body),
    })
    expect(answer.status).toBeLessThan(300)
    const { warnings = [] } = (await answer.json()) as { readonly warnings?: readonly string[] }
    const lines = server.lines.slice(before).filter(({ level }) => level === 'warn')
    expect(lines.map(({ message }) => message)).toEqual(warnings.map((text) => expect.stringContaining(text)))
    return warnings
  }
  const far = (path: string, capsAt: string) => [
    expect.stringMatching(
      new RegExp(
        `^${path}: \\$500 .*saves nothing.* a cap: ${capsAt} with \\[\\{ "usd": 500, "per": "month" \\}\\]$`,
      ),
    ),
  ]
  const sum = { usdPerRequest: 500 }
  expect(await warned('PUT', '/budget', sum)).toEqual(far('usdPerRequest', 'PUT /admin/caps'))
  expect(await warned('POST', '/tenants', { id: 'a/b', budget: sum })).toEqual(
    far('budget.usdPerRequest', 'PUT /admin/tenants/a%2Fb/caps'),
  )
  expect(await warned('PUT', '/tenants/a%2Fb/budget', sum)).toEqual(
    far('usdPerRequest', 'PUT /admin/tenants/a%2Fb/caps'),
  )
  expect(await warned('PUT', '/budget', { usdPerRequest: 0.01 })).toEqual([])
  expect(await warned('POST', '/tenants', { id: 'c' })).toEqual([])
})
