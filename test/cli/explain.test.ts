import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ExplainedDecision } from '../../src/cli/explain-view.js'
import { createRouter, type Explanation } from '../../src/index.js'
import { sqliteStore } from '../../src/store/sqlite/index.js'
import { Folder, MODELS } from './support.js'

const folder = new Folder()

/** @returns what the router itself said of each decision when it was made */
async function service(
  options: { models?: typeof MODELS; snapshots?: number } = {},
): Promise<Map<string, Explanation>> {
  const said = new Map<string, Explanation>()
  const router = await createRouter({
    name: 'r',
    models: MODELS,
    budget: { usdPerRequest: 0.002 },
    journal: { snapshotEvents: options.snapshots ?? 10_000 },
    store: sqliteStore(join(folder.path, 'service.db')),
  })
  for (let i = 0; i < 120; i++) {
    const { id, explanation } = router.route(`prompt ${i} ${'and on '.repeat(7 * i)}`, { explain: true })
    if (explanation !== undefined) said.set(id, explanation)
    router.settle(id, { costUsd: 0.0005 })
    router.reward(id, (i % 4) / 4)
  }
  await router.close()
  return said
}

async function explained(id: string): Promise<ExplainedDecision> {
  return JSON.parse(await folder.ok(['explain', id, 'service.db', '--json']))
}

describe('explain', () => {
  test('shows a decision as it stood when it was made, though its request is closed, and changes nothing', async () => {
    const said = await service()
    const before = await folder.read('service.db')
    for (const id of ['r.1', 'r.90', 'r.120']) {
      const found = await explained(id)
      const then = said.get(id)
      expect(found).toMatchObject({ id, chosen: then?.chosen, forced: then?.forced, isOfItsTime: true })
      const byId = new Map(found.models.map((model) => [model.model, model]))
      expect(byId.size).toBe(3)
      for (const { model, expectedReward, explorationBonus, expectedCostUsd } of then?.models ?? []) {
        expect(byId.get(model)?.expectedCostUsd).toBeCloseTo(expectedCostUsd, 12)
        expect(byId.get(model)?.expectedReward).toBeCloseTo(expectedReward, 12)
        // The request itself is counted by now.
        expect(byId.get(model)?.explorationBonus).toBeCloseTo(explorationBonus, 3)
      }
    }
    const text = await folder.spawnOk(['explain', 'r.90', 'service.db'])
    expect(text).toMatch(
      /^request r\.90 went to (small|middle|large), \d{4}-.*Z\n {2}.*score \S+, \$\S+ reserved/,
    )
    expect(text).toMatch(/^model +expected reward +bonus +penalty +score +expected cost\n/m)
    expect(text).toMatch(/^(small|middle|large) .*chosen$/m)
    for (const { id } of MODELS) expect(text).toMatch(new RegExp(`^${id} .*\\$`, 'm'))
    expect(await folder.read('service.db')).toEqual(before)
  })

  test('says of a forced exploration that it was one', async () => {
    const said = await service()
    const forced = [...said].find(([, { forced }]) => forced)?.[0] ?? ''
    const text = await folder.ok(['explain', forced, 'service.db'])
    expect(text).toContain('a forced exploration of a newcomer')
    expect(text).toContain('forced exploration of another')
  })

  test('of a log that no longer reaches back goes by its end, or says that the request is gone', async () => {
    await service({ snapshots: 50 })
    const found = await explained('r.120')
    expect(found.chosen).not.toBe('')
    await folder.refused(['explain', 'r.9999', 'service.db'], /r\.9999/)
    await folder.spawnRefused(['explain', 'r.1', 'none.db'], /none\.db: no such file/)
    for (const place of ['service.db', 'redis://localhost:1'])
      await folder.refused(
        ['explain', place, 'r.1'],
        new RegExp(`then its log: 'paretobandit explain r.1 ${place}'`),
      )
  })
})

describe('a bill beyond the plausible', () => {
  test.each([['settle'], ['fail'], ['cancel']])(
    'of %s is told with what helps, and a correction ends it',
    async (command) => {
      // One of them as processes.
      const run = (args: readonly string[]) => (command === 'cancel' ? folder.spawnOk(args) : folder.ok(args))
      const state = await folder.kept(2)
      const text = await run([command, 'r.1', '--cost', '500', '--state', state])
      expect(text).toMatch(
        /r\.1: a bill of \$500\.00 is far beyond what the request could cost \(\$0\.\d+ at list price\)/,
      )
      expect(text).toContain(`'paretobandit correct r.1 --cost USD --state ${state}'`)
      expect(await run(['stats', '--state', state])).toContain('1 bill beyond the plausible')
      expect(await run(['inspect', state])).toContain(
        "'paretobandit correct ID --cost USD --state LOG' books another",
      )
      const corrected = await run(['correct', 'r.1', '--cost', '0.0005', '--state', state])
      expect(corrected).toContain('0 bills beyond the plausible are left')
      expect(corrected).not.toContain('far beyond')
      expect(await run(['stats', '--state', state])).not.toContain('beyond the plausible')
      const text2 = await run(['inspect', state])
      expect(text2).toContain('no alarm of drift, of bills or of models that do not answer')
    },
  )

  test('says nothing about a plain one', async () => {
    const state = await folder.kept(1)
    expect(await folder.ok(['settle', 'r.1', '--cost', '0.0001', '--state', state])).not.toContain('beyond')
  })
})

test('stats and inspect say why models get nothing, and what helps', async () => {
  const router = await createRouter<string>({
    name: 'r',
    strict: true,
    budget: { usdPerRequest: 1e-7 },
    models: MODELS,
    store: sqliteStore(join(folder.path, 'service.db')),
  })
  for (let i = 0; i < 5; i++) expect(() => router.route('x')).toThrow(/account has/)
  router.disable('large')
  await router.close()
  for (const args of [
    ['stats', '--state', 'service.db'],
    ['inspect', 'service.db'],
  ]) {
    const text = await folder.ok(args)
    expect(text).toMatch(/^small is out of reach: .*every request is refused: .*a budget of \$\S+ a request/m)
    expect(text).toMatch(/^large is disabled: .*enable puts it back$/m)
  }
})
