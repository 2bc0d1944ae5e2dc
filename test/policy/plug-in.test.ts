import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { createRouter } from '../../src/create-router.js'
import type { RouterEvent } from '../../src/events/events.js'
import { loadKernel } from '../../src/kernel/load.js'
import { POLICY_NAMES } from '../../src/policy/policies.js'
import { makeParts } from '../../src/router/parts.js'
import { resolveOptions } from '../../src/router/resolve-options.js'
import { Router } from '../../src/router/router.js'
import { expectCode, wrong } from '../support/errors.js'
import { MODELS, X } from '../support/router.js'
import { ROUND_ROBIN } from './round-robin/index.js'
import { ROUND_ROBIN_SETTINGS } from './round-robin/settings.js'

const IDS = MODELS.map(({ id }) => id)

/** What `createRouter({ policy: 'round-robin' })` does once the list of policies has a line for it. */
async function roundRobin(clock = () => 1_000): Promise<{ router: Router; log: RouterEvent[] }> {
  const { gamma, heads, resolve } = ROUND_ROBIN_SETTINGS
  const common = resolveOptions({ dimension: 3, clock }, null)
  const options = { ...common, gamma, policy: ROUND_ROBIN.name, policyOptions: resolve({}, null) }
  const kernel = await loadKernel('js', { dimension: 3, gamma, lambda0: options.lambda0, heads })
  const router = new Router(makeParts(options, kernel, ROUND_ROBIN))
  const log: RouterEvent[] = []
  router.on('*', (event) => log.push(event))
  for (const model of MODELS) router.addModel(model, { forcedExploration: 0 })
  return { router, log }
}

function play(router: Router, requests: number): string[] {
  return Array.from({ length: requests }, (_, i) => {
    const { id, model } = router.route(X)
    if (i % 3 > 0) router.settle(id, { costUsd: 1e-3 * i })
    if (i % 2 > 0) router.reward(id, i / requests)
    return model
  })
}

describe('the example policy of docs/ARCHITECTURE.md', () => {
  it('stands there as it is tested here', () => {
    const page = readFileSync(new URL('../../docs/ARCHITECTURE.md', import.meta.url), 'utf8')
    for (const file of ['settings', 'index']) {
      const code = readFileSync(new URL(`round-robin/${file}.ts`, import.meta.url), 'utf8')
      const inItsFolder = code
        .replaceAll("'../../../src/policy/", "'../")
        .replaceAll("'../../../src/", "'../../")
      expect(page).toContain(`\`\`\`ts\n// ${file}.ts in src/policy/round-robin/\n${inItsFolder}\`\`\`\n`)
    }
  })

  it('decides, and is called by its name', async () => {
    const { router } = await roundRobin()
    expect(play(router, 7)).toEqual([...IDS, ...IDS, IDS[0]])
    expect(router.route(X, { exclude: [IDS[1]] })).toMatchObject({ model: IDS[2], propensity: 1, score: 0 })
    expect(router.stats().policy).toBe('round-robin')
    expect(router.stats().models.map(({ requests }) => requests)).toEqual([3, 2, 3])
    const { id, explanation } = router.route(X, { explain: true })
    expect(router.explain(id)).toEqual(explanation)
  })

  it('tries a model that is down after a pause of requests, or of time, and finds it again', async () => {
    let now = 1_000
    const { router } = await roundRobin(() => now)
    const [down] = IDS
    const triesOf = (requests: number): number => {
      const before = router.stats().models[0].requests
      for (let i = 0; i < requests; i++) {
        const { id, model } = router.route(X)
        if (model === down) router.fail(id)
        else router.settle(id, { costUsd: 1e-3 })
      }
      return router.stats().models[0].requests - before
    }
    triesOf(12)
    expect(router.stats().models[0].isAvailable).toBe(false)
    const tries = triesOf(400)
    expect(tries).toBeGreaterThan(4)
    expect(tries).toBeLessThan(40)
    now += 900_000
    const isTried = Array.from({ length: IDS.length }, () => router.route(X).model)
    expect(isTried).toContain(down)
    router.settle(router.route(X, { candidates: [down] }).id, { costUsd: 1e-3 })
    expect(router.stats().models[0].isAvailable).toBe(true)
  })

  it('is restored into its own kind, goes on there, and is refused by others', async () => {
    const { router } = await roundRobin()
    play(router, 5)
    const { router: second } = await roundRobin()
    second.restore(router.snapshot())
    expect(second.snapshot()).toEqual(router.snapshot())
    expect(play(second, 20)).toEqual(play(router, 20))
    // A router without a name numbers its requests under an origin of its own: the states differ by that alone.
    expect(second.stats()).toEqual(router.stats())
    for (const policy of POLICY_NAMES) {
      const other = await createRouter({ policy, dimension: 3, models: MODELS })
      const refused = expectCode(() => other.restore(router.snapshot()), 'SNAPSHOT_MISMATCH')
      expect(refused.message).toContain(`it is of policy 'round-robin', this router's is '${policy}'`)
      expectCode(() => router.restore(other.snapshot()), 'SNAPSHOT_MISMATCH')
    }
  })

  it('folds: its events make the same state elsewhere', async () => {
    const { router, log } = await roundRobin()
    play(router, 30)
    router.setBudget({ usdPerRequest: 0.01 })
    router.removeModel(IDS[1])
    play(router, 5)
    const { router: twin } = await roundRobin()
    for (const event of log.slice(MODELS.length)) twin.apply(event)
    expect(twin.snapshot()).toEqual(router.snapshot())
    expect(play(twin, 4)).toEqual(play(router, 4))
  })

  it('refuses the commands that it lacks, and events and requests that only others know', async () => {
    const { router } = await roundRobin()
    const before = router.snapshot()
    const calls: [string, () => unknown][] = [
      ['caps', () => router.setCaps([])],
      ['latency', () => router.setLatency(null)],
      ['quality', () => router.setQuality(null)],
      ['tenant', () => router.addTenant({ id: 'a' })],
      ['tenants', () => router.addTenants([])],
      ['id', () => router.removeTenant('a')],
      ['id', () => router.tenantStats('a')],
    ]
    for (const [field, call] of calls)
      expect(expectCode(call, 'INVALID_ARGUMENT', field).message).toContain("policy 'round-robin' takes none")
    expectCode(() => router.route(X, { tenant: 'a' }), 'INVALID_ARGUMENT', 'tenant')
    expectCode(() => router.setBudget(null, { tenant: 'a' }), 'INVALID_ARGUMENT', 'options.tenant')
    expectCode(
      () => router.apply(wrong({ type: 'latency-set', at: 1, limit: null })),
      'INVALID_ARGUMENT',
      'event.type',
    )
    expect(router.snapshot()).toEqual(before)
    expect(router.tenants()).toEqual([])
  })
})

describe('the code of all policies', () => {
  /** The list, those who play or ask by name at the command line, and files that are older than the list. */
  const MAY_NAME = /^(policy\/[^/]+\/|policy\/policies\.ts|cli\/|replay\/|state\/snapshot\/migrate\.ts)/
  const ROOT = fileURLToPath(new URL('../../src', import.meta.url))
  const NAMED = new RegExp(`(['"])(${POLICY_NAMES.join('|')})\\1`)

  it('names none of them', () => {
    const files = readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
      .map((file) => file.replaceAll('\\', '/'))
      .filter((file) => file.endsWith('.ts'))
    expect(files.length).toBeGreaterThan(200)
    const naming = files.filter((file) => {
      const text = readFileSync(join(ROOT, file), 'utf8')
      return NAMED.test(text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, ''))
    })
    expect(naming.filter((file) => !MAY_NAME.test(file))).toEqual([])
    expect(naming).toContain('policy/paper/index.ts')
  })
})
