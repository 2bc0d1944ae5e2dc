import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseDecisionLog } from '../../src/evaluate/log.js'
import { createRouter } from '../../src/index.js'
import { sqliteStore } from '../../src/store/sqlite/index.js'
import { hasOwnSqlite } from '../store/sqlite-support.js'
import { expectCode } from '../support/errors.js'
import { Folder, MODELS } from './support.js'

const folder = new Folder()

describe('a budget per request that is a sum of a month', () => {
  const far = (cap: string) =>
    new RegExp(
      `^paretobandit: --budget: \\$500 is more than a request can cost .*\\(\\$7\\.56\\).* ONE request.*: --cap 500/month ${cap}.*\\n$`,
    )
  const run = async (args: readonly string[]) => {
    const { code, stderr } = await folder.run(args)
    expect(code).toBe(0)
    return stderr
  }

  test('is set, and has a warning, as in a config', async () => {
    await folder.write('models.json', MODELS)
    const route = ['route', 'Hello', '--models', 'models.json']
    const kept = [...route, '--state', 'router.state']
    expect(await run([...route, '--budget', '500'])).toMatch(far('of .paretobandit tenant'))
    expect(await run([...kept, '--budget', '0.5'])).toBe('')
    expect(await run([...kept, '--budget', '500', '--json'])).toMatch(far('of .paretobandit tenant'))
    expect((await folder.stats('router.state')).pacer.usdPerRequest).toBe(500)
    // Said again, and set aside: the one in force is not this.
    expect(await run([...kept, '--budget', '500'])).toMatch(far('of .paretobandit tenant'))
    const other = await run([...kept, '--budget', '600', '--on-difference', 'warn'])
    expect(other).toMatch(/^paretobandit: budget per request .*: not done.*\n$/)
    const tenant = ['tenant', 'acme', '--state', 'router.state']
    expect(await run([...tenant, '--budget', '500'])).toMatch(far('of this command'))
    for (const budget of ['0.5', 'none']) expect(await run([...tenant, '--budget', budget])).toBe('')
    expect(await run([...tenant, '--cap', '500/month'])).toBe('')
  })

  test('has none where a model has no price that it could be compared with', async () => {
    await folder.write('models.json', [{ id: 'free', inputUsdPerMTok: 0, outputUsdPerMTok: 0 }])
    expect(await run(['route', 'Hello', '--models', 'models.json', '--budget', '500'])).toBe('')
  })
})

describe('cancel', () => {
  test('books what a broken off call had cost, and nothing else', async () => {
    const state = await folder.kept(2)
    expect(await folder.ok(['cancel', 'r.1', '--cost', '0.25', '--state', state])).toMatch(
      /^r\.1 on \w+ was broken off at \$0\.250*\n[\s\S]*spend \$0 -> \$0\.25/,
    )
    const tokens = ['--input-tokens', '1000', '--output-tokens', '0', '--latency-ms', '700']
    await folder.ok(['cancel', 'r.2', ...tokens, '--log', 'events.jsonl', '--state', state])
    const { models } = await folder.stats(state)
    expect(models.reduce((sum, { cancelled }) => sum + cancelled, 0)).toBe(2)
    expect(models.every(({ settled, failed }) => settled + failed === 0)).toBe(true)
    expect(JSON.parse(`${await folder.read('events.jsonl')}`)).toMatchObject({
      type: 'cancelled',
      latencyMs: 700,
    })
    await folder.refused(
      ['cancel', 'r.1', '--state', state],
      /has failed|no more feedback|broken off|cancelled/,
    )
    await folder.refused(['cancel', 'r.9', '--state', state], /no request "r\.9"/)
  })
})

describe('correct', () => {
  test('takes the place of a bill, or is the first', async () => {
    const state = await folder.kept(2)
    await folder.ok(['settle', 'r.1', '--cost', '1000', '--state', state])
    expect(await folder.ok(['correct', 'r.1', '--cost', '0.001', '--state', state])).toMatch(
      /^the bill of r\.1 on \w+ is corrected: \$0\.00100\n[\s\S]*spend \$1,000\.00 -> \$0\.00100/,
    )
    expect(await folder.ok(['correct', 'r.2', '--cost', '0.002', '--state', state])).toMatch(
      /^r\.2 settled on \w+ at \$0\.00200\n/,
    )
    expect((await folder.stats(state)).pacer.spendUsd).toBeCloseTo(0.003, 12)
  })

  test('is what outcomes and estimates of the log have', async () => {
    const state = 'router.state'
    await folder.write('models.json', MODELS)
    await folder.ok(['route', 'Hello', '--models', 'models.json', '--budget', '1', '--state', state])
    await folder.ok(['settle', 'r.1', '--cost', '1000', '--state', state])
    await folder.ok(['reward', 'r.1', '0.5', '--state', state])
    await folder.ok(['correct', 'r.1', '--cost', '0.001', '--state', state])
    const [row] = Object.values(JSON.parse(await folder.ok(['export', state, '--outcomes'])).outcomes)
    expect(row).toEqual({ reward: 0.5, costUsd: 0.001 })
    await folder.ok(['export', state, '--out', 'events.jsonl'])
    const read = parseDecisionLog((await folder.read('events.jsonl')).toString(), 'events.jsonl')
    expect(read.decisions).toMatchObject([{ id: 'r.1', costUsd: 0.001 }])
  })

  test.each([
    [['correct', 'r.1'], /give --cost USD, or tokens/],
    [['correct', 'r.1', '--cost', '-1'], /number >= 0/],
    [['correct', 'r.9', '--cost', '1'], /no request "r\.9"/],
  ])('%j is refused and changes nothing', async (args, message) => {
    const state = await folder.kept()
    const before = await folder.contents(state)
    await folder.refused([...args, '--state', state], message)
    expect(await folder.contents(state)).toEqual(before)
  })
})

describe('accounts', () => {
  test('of tenants are registered, changed, drawn on, credited, shown and forgotten', async () => {
    const state = await folder.kept(1)
    const tenant = ['tenant', 'acme', '--budget', '0.001', '--cap', '5/day', '--cap', '100/month']
    expect(await folder.ok([...tenant, '--state', state])).toMatch(
      /^tenant acme: budget \$0\.00100 per request, spend \$0.*\n {2}cap \$5\.00 per day: .*left \$5\.00, until .*\n {2}cap \$100\.00 per month/,
    )
    const { id } = JSON.parse(await folder.ok(['route', 'x', '--tenant', 'acme', '--json', '--state', state]))
    await folder.ok(['settle', id, '--cost', '1', '--state', state])
    expect(await folder.ok(['adjust', '0.5', '--tenant', 'acme', '--state', state])).toMatch(
      /^tenant acme: .*\n {2}cap \$5\.00 per day: .*left \$4\.50/,
    )
    expect(await folder.ok(['adjust', '--state', state, '--', '-0.25'])).toMatch(
      /^the router: budget \$0\.00200/,
    )
    await folder.ok(['tenant', 'acme', '--cap', '2/day', '--state', state])
    const text = await folder.ok(['stats', '--state', state])
    expect(text).toMatch(/^tenant acme: budget \$0\.00100 per request, spend \$1\.00/m)
    expect(text).toMatch(/^ {2}cap \$2\.00 per day: spent \$0\.50/m)
    expect(text).not.toContain('per month')
    expect(JSON.parse(await folder.ok(['stats', '--json', '--state', state]))).toMatchObject({
      tenants: 1,
      tenantAccounts: [{ id: 'acme', spendUsd: 1, caps: [{ usd: 2, per: 'day' }] }],
    })
    await folder.ok(['tenant', 'acme', '--remove', '--state', state])
    await folder.refused(['route', 'x', '--tenant', 'acme', '--state', state], /acme/)
    await folder.refused(['adjust', '1', '--tenant', 'acme', '--state', state], /acme/)
  })

  test.each([
    [['tenant', 'acme', '--cap', '5'], /such as 5\/day/],
    [['tenant', 'acme', '--cap', '5/dey'], /such as 5\/day/],
    [['tenant', 'acme', '--cap', 'x/day'], /finite number/],
    [['tenant', 'acme', '--remove', '--budget', '1'], /goes without/],
    [['tenant', 'acme', '--remove'], /acme/],
    [['adjust', 'x'], /finite number/],
    [['adjust', '1e13'], /usd: expected/],
  ])('%j is refused and changes nothing', async (args, message) => {
    const state = await folder.kept()
    const before = await folder.contents(state)
    await folder.refused([...args, '--state', state], message)
    expect(await folder.contents(state)).toEqual(before)
  })

  test('of a policy without any are refused', async () => {
    const state = await folder.kept(1, 'router.state', 'paper')
    await folder.refused(['tenant', 'acme', '--state', state], /takes none/)
    await folder.refused(['adjust', '1', '--state', state], /takes none/)
  })
})

test('stats and inspect show caps, and alarms of bills and of models that do not answer', async () => {
  const router = await createRouter({
    name: 'r',
    models: MODELS,
    caps: [
      { usd: 500, per: 'day', timeZone: 'Europe/Berlin' },
      { usd: 9, per: 'hour', window: 'rolling' },
    ],
    store: sqliteStore(join(folder.path, 'service.db')),
  })
  router.settle(router.route('x', { candidates: ['small'] }).id, { costUsd: 5 })
  router.fail(router.route('x', { candidates: ['large'] }).id, { retryAfterMs: 60_000 })
  await router.close()
  for (const text of [
    await folder.ok(['stats', '--state', 'service.db']),
    await folder.ok(['inspect', 'service.db']),
  ]) {
    expect(text).toMatch(/^cap \$500\.00 per day: spent \$5\.00, .*, Europe\/Berlin$/m)
    expect(text).toMatch(/^cap \$9\.00 per hour: spent \$5\.00, .*, rolling$/m)
    expect(text).toMatch(/^small .*1 bill beyond the plausible/m)
    expect(text).toMatch(/^large .*does not answer/m)
  }
  const text = await folder.ok(['inspect', 'service.db'])
  expect(text).toContain('bills of small: 1 bill far beyond what the request could cost\n')
  expect(text).toContain('large was down 1 time, and does not answer now\n')
  expect((await folder.inspect('service.db')).alarms).toMatchObject([
    { model: 'small', implausibleBills: 1, outages: 0, isAvailable: true },
    { model: 'large', implausibleBills: 0, outages: 1, isAvailable: false },
  ])
})

test('stats and inspect say of a model that no account can pay for what would change that', async () => {
  const router = await createRouter<string>({
    name: 'r',
    budget: { usdPerRequest: 1e-4 },
    store: sqliteStore(join(folder.path, 'reach.db')),
  })
  for (const [id, usd] of [
    ['cheap', 0.1],
    ['dear', 50],
  ] as const)
    router.addModel({ id, inputUsdPerMTok: usd, outputUsdPerMTok: usd }, { forcedExploration: 0 })
  for (let i = 0; i < 20; i++) {
    const { id } = router.route('x')
    router.settle(id, { costUsd: 5e-5 })
    router.reward(id, 0.5)
  }
  await router.close()
  for (const command of [
    ['stats', '--state', 'reach.db'],
    ['inspect', 'reach.db'],
  ]) {
    const text = await folder.ok(command)
    expect(text).toMatch(/^dear .* out of reach *$/m)
    expect(text).toMatch(
      /^dear is out of reach: it was never tried: one request costs \$.* never pays more than \$0\.00153 for one; a budget of \$/m,
    )
  }
  expect(await folder.ok(['inspect', 'reach.db'])).toContain('dear is out of reach of every account\n')
  expect((await folder.inspect('reach.db')).alarms).toMatchObject([{ model: 'dear', isReachable: false }])
})

describe('--driver', () => {
  test('says whose SQLite opens the log', async () => {
    const state = await folder.kept()
    await folder.refused(['stats', '--state', state, '--driver', 'bun:sqlite'], /bun:sqlite: expected Bun/)
    await folder.refused(['reward', 'r.1', '1', '--state', state, '--driver', 'bun:sqlite'], /expected Bun/)
    await folder.refused(['inspect', state, '--driver', 'sqlite'], /Expected one of auto, /)
    const driver = hasOwnSqlite ? 'node:sqlite' : 'better-sqlite3'
    await folder.ok(['reward', 'r.1', '1', '--state', state, '--driver', driver])
    // Of one command, and not of the next.
    await folder.ok(['stats', '--state', state])
  })
})

test('stats of the bin tell requests that caps refused, by whose cap it was, once the router has closed', async () => {
  const file = join(folder.path, 'capped.db')
  const router = await createRouter({
    models: MODELS,
    caps: [{ usd: 0.0001, per: 'day' }],
    tenants: [{ id: 'acme', caps: [{ usd: 0.00001, per: 'day' }] }, { id: 'other' }],
    store: sqliteStore(file),
  })
  const ask = (tenant: string, times: number) => {
    for (let i = 0; i < times; i++)
      expectCode(
        () => router.route('hello', { tenant, inputTokens: 1000, maxOutputTokens: 1000 }),
        'BUDGET_EXHAUSTED',
      )
  }
  ask('acme', 3)
  ask('other', 2)
  await router.close()
  const text = await folder.spawnOk(['stats', '--state', file])
  expect(text).toMatch(/^2 requests refused: no money for them$/m)
  expect(text).toMatch(/^tenant acme: .*, 3 requests refused$/m)
  expect(text).not.toMatch(/^tenant other: .*refused$/m)
  expect(JSON.parse(await folder.spawnOk(['stats', '--json', '--state', file]))).toMatchObject({
    account: { refused: 2 },
    tenantAccounts: [
      { id: 'acme', refused: 3 },
      { id: 'other', refused: 0 },
    ],
  })
})
