import { describe, expect, it } from 'vitest'
import type { ModelSpec } from '../../src/models/model.js'
import type { RouterOptions } from '../../src/policy/options.js'
import { POLICY_NAMES } from '../../src/policy/policies.js'
import type { RouteOptions } from '../../src/policy/route-options.js'
import { codeOf } from '../support/errors.js'
import { Random } from '../support/random.js'
import { type Bench, makeBench } from '../support/router.js'

/** What a request costs at list price, 300 tokens in and 300 out. */
const LIST_USD = { plain: 0.0015, good: 0.006, other: 0.0045 } as const
type Id = keyof typeof LIST_USD
const REWARDS = { plain: 0.5, good: 0.9, other: 0.7 } as const
const PLAIN = { id: 'plain', inputUsdPerMTok: 1, outputUsdPerMTok: 4 }
const GOOD = { id: 'good', inputUsdPerMTok: 4, outputUsdPerMTok: 16 }
const OTHER = { id: 'other', inputUsdPerMTok: 3, outputUsdPerMTok: 12 }
const LIMIT_USD = 0.002

/** Cost over list cost, of a request on a model. */
type Ratios = (model: Id) => number
const SHORT: Ratios = (model) => (model === 'good' ? 0.2 : 1)
const AS_LISTED: Ratios = () => 1

/** @returns the models chosen (`-` where a request was refused), which of them were tries, and what bills were above the limit */
function play({ router, clock }: Bench, count: number, options: (i: number) => RouteOptions, ratio: Ratios) {
  const random = new Random(5)
  const models: string[] = []
  const tries: string[] = []
  let overUsd = 0
  for (let i = 0; i < count; i++) {
    clock.advance(1000)
    const request = options(i)
    try {
      const decision = router.route([random.next() - 0.5, random.next() - 0.5, 1], request)
      const model = decision.model as Id
      const costUsd = ratio(model) * LIST_USD[model]
      router.settle(decision.id, { costUsd, latencyMs: 800 })
      router.reward(decision.id, Math.min(1, REWARDS[model] + 0.1 * (random.next() - 0.5)))
      overUsd += Math.max(0, costUsd - (request.maxCostUsd ?? Number.POSITIVE_INFINITY))
      models.push(model)
      if (decision.canary || decision.forced) tries.push(model)
    } catch (error) {
      if (codeOf(error) !== 'NO_ELIGIBLE_MODEL' && codeOf(error) !== 'BUDGET_EXHAUSTED') throw error
      models.push('-')
    }
  }
  return { models, tries, overUsd }
}

const share = (models: readonly string[], id: string): number =>
  models.filter((model) => model === id).length / models.length

const always = (): RouteOptions => ({ maxCostUsd: LIMIT_USD })

const WORLDS = POLICY_NAMES.flatMap((policy) =>
  (
    [
      ['as it is', {}],
      ['without forced exploration', { forcedExploration: 0 }],
      ['with a budget', { budget: { usdPerRequest: 0.0016 } }],
      ['with a strict budget', { budget: { usdPerRequest: 0.0016 }, strict: true }],
      ['with a cap', { caps: [{ usd: 500, per: 'day' }] }],
      ['with a tenant', { tenants: [{ id: 'acme', budget: { usdPerRequest: 0.0016 } }] }],
    ] as const
  )
    // Policy `dollar` alone has caps, strict budgets and tenants; `paper` tries a model of which it knows nothing by force alone.
    .filter(([, more]) => policy === 'dollar' || !('caps' in more || 'strict' in more || 'tenants' in more))
    .filter(([, more]) => policy !== 'paper' || !('forcedExploration' in more))
    .map(([name, more]) => [policy, name, more as RouterOptions] as const),
)

describe.each(WORLDS)(
  'under policy %s, %s, a model whose list price is beyond maxCostUsd',
  (policy, name, more) => {
    const of = name === 'with a tenant' ? { tenant: 'acme' } : {}
    /** A router with `plain`, to which the others are added: so they are newcomers under every policy. */
    const make = async (others: readonly ModelSpec[]) => {
      const world = await makeBench({ models: [PLAIN], policy, ...more })
      play(world, 50, () => of, AS_LISTED)
      for (const spec of others) world.router.addModel(spec)
      return world
    }

    it('and that never had a request gets them where its bills are within', async () => {
      const world = await make([GOOD])
      const { models } = play(world, 1500, () => ({ ...always(), ...of }), SHORT)
      expect(share(models.slice(1000), 'good')).toBeGreaterThan(0.8)
    })

    it('gets them where its answers have become short', async () => {
      const world = await make([GOOD])
      play(world, 60, () => ({ candidates: ['good'], ...of }), AS_LISTED)
      play(world, 500, () => ({ ...always(), ...of }), AS_LISTED)
      const { models } = play(world, 6000, () => ({ ...always(), ...of }), SHORT)
      expect(share(models.slice(5000), 'good')).toBeGreaterThan(0.8)
    })

    it('gets few where they are not, and those cost little', async () => {
      const world = await make([GOOD])
      const { models, tries, overUsd } = play(world, 6000, () => ({ ...always(), ...of }), AS_LISTED)
      expect(models.filter((model) => model === 'good')).toEqual(tries.filter((model) => model === 'good'))
      expect(share(models, 'good')).toBeLessThan(0.003)
      expect(overUsd).toBeLessThan(0.005 * LIMIT_USD * 6000)
    })

    it('gets them where one request in ten has no limit, or another limit', async () => {
      for (const maxCostUsd of [undefined, 0.1]) {
        const world = await make([GOOD])
        const { models } = play(
          world,
          1500,
          (i) => ({ ...(i % 10 === 0 ? { maxCostUsd } : always()), ...of }),
          SHORT,
        )
        expect(share(models.slice(1000), 'good')).toBeGreaterThan(0.8)
      }
    })

    it('gets them beside another that is shut out as well, and stays so', async () => {
      const world = await make([OTHER, GOOD])
      const { models } = play(world, 2500, () => ({ ...always(), ...of }), SHORT)
      expect(share(models.slice(2000), 'good')).toBeGreaterThan(0.8)
    })

    it('gets them where it is the only one, after a time', async () => {
      const world = await make([GOOD])
      const { models } = play(world, 4000, () => ({ ...always(), ...of, candidates: ['good'] }), SHORT)
      expect(share(models.slice(3600), 'good')).toBe(1)
    })

    it('gets none of requests that allow no tries', async () => {
      for (const options of [{ tries: false }, { exploit: true }]) {
        const world = await make([GOOD])
        expect(play(world, 3000, () => ({ ...always(), ...of, ...options }), SHORT).models).not.toContain(
          'good',
        )
      }
    })

    it('gets none of them where it is so dear that answers cannot be as short', async () => {
      const world = await make([GOOD])
      const { models } = play(world, 4000, () => ({ maxCostUsd: 0.0004, candidates: ['good'], ...of }), SHORT)
      expect(models).not.toContain('good')
    })
  },
)
