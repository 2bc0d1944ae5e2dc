import { describe, expect, it } from 'vitest'
import {
  createRouter,
  type Decision,
  type ModelStanding,
  ParetoBanditError,
  type RouteOptions,
  type Router,
} from '../../../src/index.js'
import { shortText } from '../../../src/policy/dollar/standing/standings.js'
import { Random } from '../../support/random.js'

const D = 4
const TOKENS = 600

interface World {
  readonly usdPerMTok: readonly number[]
  readonly rewards: readonly number[]
  readonly budgetUsd: number | null
  readonly capUsd: number | null
  /** Which model all requests leave out, which fails, which is disabled; -1: none. */
  readonly masked: number
  readonly failing: number
  readonly disabled: number
  /** Forced tries of each. */
  readonly forced: number
}

class Played {
  readonly router: Router<string>
  readonly counts: number[]
  private readonly world: World
  private readonly random: Random
  private readonly request: RouteOptions
  private readonly clock: { at: number }

  private constructor(world: World, router: Router<string>, clock: { at: number }, seed: number) {
    this.clock = clock
    this.world = world
    this.router = router
    this.random = new Random(seed)
    this.counts = world.usdPerMTok.map(() => 0)
    this.request = world.masked < 0 ? {} : { exclude: [`m${world.masked}`] }
  }

  static async begin(world: World, seed: number): Promise<Played> {
    const { budgetUsd, capUsd, forced, usdPerMTok, disabled } = world
    const clock = { at: Date.UTC(2026, 0, 5, 1) }
    const router = await createRouter<string>({
      dimension: D,
      kernel: 'js',
      seed,
      name: 'r',
      ...(budgetUsd === null ? {} : { budget: { usdPerRequest: budgetUsd } }),
      ...(capUsd === null ? {} : { caps: [{ usd: capUsd, per: 'day', pacing: 'even' }] }),
      clock: () => clock.at,
    })
    usdPerMTok.forEach((usd, i) => {
      router.addModel(
        { id: `m${i}`, inputUsdPerMTok: usd, outputUsdPerMTok: usd },
        { forcedExploration: forced },
      )
    })
    if (disabled >= 0) router.disable(`m${disabled}`)
    return new Played(world, router, clock, seed)
  }

  run(requests: number): void {
    const { world, router, random, counts, clock } = this
    for (let i = 0; i < requests; i++) {
      clock.at += 1000
      const decision = this.route(random.vector(D))
      if (decision === null) continue
      const { id, model } = decision
      const m = Number(model.slice(1))
      counts[m]++
      if (m === world.failing) {
        router.fail(id)
        continue
      }
      router.settle(id, { costUsd: costOf(world, m) })
      router.reward(id, random.next() < world.rewards[m] ? 1 : 0)
    }
  }

  /** Null where a cap leaves nothing: an hour later it may again. */
  private route(x: Float64Array): Decision<string> | null {
    try {
      return this.router.route(x, this.request)
    } catch (error) {
      if (!(error instanceof ParetoBanditError && error.code === 'BUDGET_EXHAUSTED')) throw error
      this.clock.at += 3_600_000
      return null
    }
  }

  isNewcomer(m: number): boolean {
    return (this.router.stats().models[m]?.forcedRemaining ?? 0) > 0
  }

  standing(m: number): ModelStanding {
    const found = this.router.stats().models.find(({ id }) => id === `m${m}`)
    if (found === undefined) throw new Error('no such model')
    return found.standing
  }
}

function costOf({ usdPerMTok }: World, m: number): number {
  return ((usdPerMTok[m] ?? 5) * TOKENS) / 1e6
}

const WORLD: World = {
  usdPerMTok: [0.1, 5],
  rewards: [0.5, 0.9],
  budgetUsd: null,
  capUsd: null,
  masked: -1,
  failing: -1,
  disabled: -1,
  forced: 0,
}

describe('a model that gets no requests', () => {
  it('is out of reach where one costs more than the account ever holds, and a larger budget that is named lets it be tried', async () => {
    const budgetUsd = 2 * costOf(WORLD, 0)
    const world = { ...WORLD, budgetUsd }
    const played = await Played.begin(world, 1)
    played.run(1500)
    const { kind, costUsd, mostUsd, remedies, why, idleRequests } = played.standing(1)
    expect([kind, idleRequests, played.counts[1]]).toEqual(['out-of-reach', null, 0])
    expect(costUsd).toBeCloseTo(costOf(world, 1), 12)
    expect(mostUsd).toBeCloseTo((budgetUsd * (50 - 4)) / 3, 12)
    expect(remedies?.usdPerRequest).toBeCloseTo(costOf(world, 1) / 7, 12)
    expect(remedies?.capUsd).toBeNull()
    expect(why).toContain('a budget of $0.000429')
    const raised = await Played.begin({ ...world, budgetUsd: remedies?.usdPerRequest ?? 0 }, 1)
    raised.run(3000)
    expect(raised.counts[1]).toBeGreaterThan(0)
  })

  it('is out of reach where one request is more than a cap, and a larger cap that is named lets it be tried', async () => {
    const costUsd = costOf(WORLD, 1)
    const played = await Played.begin({ ...WORLD, capUsd: 0.9 * costUsd, usdPerMTok: [0.001] }, 1)
    played.run(100)
    played.router.addModel({ id: 'm1', inputUsdPerMTok: 5, outputUsdPerMTok: 5 })
    played.run(100)
    const { kind, mostUsd, remedies, why } = played.standing(1)
    expect([kind, played.router.stats().models[1].requests]).toEqual(['out-of-reach', 0])
    expect(mostUsd).toBeLessThanOrEqual(0.9 * costUsd)
    expect(remedies?.usdPerRequest).toBeNull()
    expect(remedies?.capUsd).toBeCloseTo(20 * costUsd, 12)
    expect(why).toContain('caps of $0.06')
    played.router.setCaps([{ usd: 1.01 * (remedies?.capUsd ?? 0), per: 'day', pacing: 'even' }])
    played.run(3)
    expect(played.router.stats().models[1].requests).toBeGreaterThan(0)
  })

  it('is out of reach for long answers only, and says how short they must be', async () => {
    const budgetUsd = 2.2 * costOf(WORLD, 0)
    const router = await createRouter<string>({
      dimension: D,
      kernel: 'js',
      expectedTokens: { input: 10, output: 590 },
      budget: { usdPerRequest: budgetUsd },
    })
    for (const [i, usd] of WORLD.usdPerMTok.entries())
      router.addModel({ id: `m${i}`, inputUsdPerMTok: usd, outputUsdPerMTok: usd }, { forcedExploration: 0 })
    const run = (maxOutputTokens: number) => {
      for (let i = 0; i < 2500; i++) {
        const { id, model, expectedCostUsd } = router.route(new Float64Array([0, 0, 0, 1]), {
          maxOutputTokens,
        })
        router.settle(id, { costUsd: expectedCostUsd })
        router.reward(id, model === 'm1' ? 0.9 : 0.5)
      }
    }
    run(1000)
    const [, before] = router.stats().models
    const tokens = before.standing.remedies?.maxOutputTokens ?? 0
    expect([before.standing.kind, before.requests]).toEqual(['out-of-reach', 0])
    expect(tokens).toBeGreaterThan(1)
    run(tokens)
    expect(router.stats().models[1].requests).toBeGreaterThan(0)
  })

  it('tells who listens once when it is out of reach, and once when that has ended', async () => {
    const played = await Played.begin({ ...WORLD, budgetUsd: 2 * costOf(WORLD, 0) }, 1)
    const told: unknown[] = []
    played.router.on('reach', ({ model, isReachable, costUsd, mostUsd }) =>
      told.push([model, isReachable, costUsd?.toPrecision(3), mostUsd?.toPrecision(3)]),
    )
    played.run(1500)
    expect(told).toEqual([['m1', false, '0.00300', '0.00184']])
    played.router.setBudget({ usdPerRequest: costOf(WORLD, 1) / 7 })
    played.run(1500)
    expect(told.length).toBe(2)
    expect(told[1]).toEqual(expect.arrayContaining(['m1', true]))
  })

  it('changes nothing by being looked at, by stats and by listeners', async () => {
    const world = { ...WORLD, budgetUsd: 2 * costOf(WORLD, 0), usdPerMTok: [0.1, 5, 0.3, 20] }
    const plain = await Played.begin({ ...world, rewards: [0.5, 0.9, 0.6, 0.9] }, 1)
    const watched = await Played.begin({ ...world, rewards: [0.5, 0.9, 0.6, 0.9] }, 1)
    watched.router.on('*', () => {})
    plain.run(400)
    for (let i = 0; i < 400; i++) {
      watched.run(1)
      watched.router.stats()
    }
    expect(Buffer.from(watched.router.snapshot()).equals(Buffer.from(plain.router.snapshot()))).toBe(true)
  })

  it('has the same standing once its state was restored', async () => {
    const played = await Played.begin({ ...WORLD, budgetUsd: 2 * costOf(WORLD, 0) }, 1)
    played.run(300)
    const restored = await Played.begin({ ...WORLD, budgetUsd: 1 }, 1)
    restored.router.restore(played.router.snapshot())
    expect(restored.standing(1)).toEqual(played.standing(1))
  })

  it('is down, or was left out by who asks', async () => {
    const down = await Played.begin({ ...WORLD, failing: 1 }, 1)
    down.run(300)
    expect(down.standing(1).kind).toBe('down')
    const masked = await Played.begin({ ...WORLD, masked: 1 }, 1)
    masked.run(1500)
    expect(masked.standing(1).kind).toBe('kept-out')
  })
})

describe('whatever the world', () => {
  it('each model without traffic has a reason, and the reason is true', async () => {
    const random = new Random(20261126)
    const kinds = new Map<string, number>()
    const wrong: string[] = []
    for (let n = 0; n < 16; n++) {
      const count = 2 + random.below(n % 6 === 0 ? 18 : 5)
      const usdPerMTok = Array.from({ length: count }, () => 0.05 * 2000 ** random.next())
      const cheapest = Math.min(...usdPerMTok)
      const some = () => (random.below(3) === 0 ? random.below(count) : -1)
      const budget = (cheapest * (1.1 + 8 * random.next() ** 3) * TOKENS) / 1e6
      const drawn = [some(), some(), some()]
      // Not the cheapest: it has to be there for the rest.
      const [masked, failing, disabled] = drawn.map((m) => (usdPerMTok[m] === cheapest ? -1 : m))
      const world: World = {
        usdPerMTok,
        rewards: Array.from({ length: count }, () => 0.2 + 0.75 * random.next()),
        budgetUsd: random.below(5) === 0 ? null : budget,
        capUsd: random.below(4) === 0 ? 86_400 * budget * (0.001 + random.next()) : null,
        masked,
        failing,
        disabled,
        forced: random.below(3) === 0 ? 0 : 15,
      }
      const played = await Played.begin(world, n)
      played.run(1500)
      const before = [...played.counts]
      played.run(1000)
      // Requests that a cap refused do not count.
      const routed = played.counts.reduce((sum, seen, m) => sum + seen - before[m], 0)
      if (routed < 1000) continue
      const idle = before.flatMap((seen, m) => (seen === played.counts[m] ? [m] : []))
      const standings = idle.map((m) => played.standing(m))
      const isNewcomer = idle.map((m) => played.isNewcomer(m))
      for (const [i, m] of idle.entries()) {
        const standing = standings[i]
        kinds.set(standing.kind, (kinds.get(standing.kind) ?? 0) + 1)
        const why = await wrongly(played, world, m, standing, isNewcomer[i], n)
        if (why !== null) wrong.push(`world ${n}, m${m}: ${why}; ${JSON.stringify({ standing, world })}`)
      }
    }
    expect([...kinds.keys()].sort()).toEqual(
      expect.arrayContaining(['cannot-win', 'disabled', 'kept-out', 'out-of-reach', 'unaffordable']),
    )
    expect(wrong).toEqual([])
  })
})

/** What of a standing is not so; null where all is. */
async function wrongly(
  played: Played,
  world: World,
  m: number,
  { kind, remedies, costUsd, mostUsd }: ModelStanding,
  isNewcomer: boolean,
  seed: number,
): Promise<string | null> {
  switch (kind) {
    case 'disabled':
      return m === world.disabled ? null : 'it is not disabled'
    case 'down':
      return m === world.failing ? null : 'it does answer'
    case 'kept-out':
      return m === world.masked ? null : 'nobody leaves it out'
    case 'out-of-reach': {
      const still = await Played.begin(world, seed)
      still.run(3000)
      if (still.counts[m] > world.forced) return 'it was reached all the same'
      if (remedies?.usdPerRequest == null && remedies?.capUsd == null) return null
      const { usdPerRequest, capUsd } = remedies
      const raised = await Played.begin(
        {
          ...world,
          budgetUsd: usdPerRequest ?? world.budgetUsd,
          capUsd: capUsd ?? world.capUsd,
          masked: world.masked === m ? -1 : world.masked,
        },
        seed,
      )
      raised.run(4000)
      if (raised.counts[m] > 0) return null
      // Others that are within reach now as well may have ruled it out, and a fund may take longer.
      const then = raised.standing(m)
      const isAlone = world.usdPerMTok.length === 2 && world.capUsd === null
      return !isAlone && then.kind !== 'out-of-reach'
        ? null
        : `not within reach at what is named: ${then.why}`
    }
    case 'unaffordable':
    case 'cannot-win': {
      const { models } = played.router.route(new Float64Array([0, 0, 0, 1]), { explain: true })
        .explanation ?? {
        models: [],
      }
      const own = models.find(({ model }) => model === `m${m}`)
      if (kind === 'unaffordable' && isNewcomer)
        return (costUsd ?? 0) > (mostUsd ?? 0) ? null : 'it is affordable'
      if (kind === 'unaffordable') return own?.excluded === 'unaffordable' ? null : 'it is affordable'
      const best = models.filter(({ excluded }) => excluded === null || excluded.includes('another'))
      if (m === world.masked) return null
      return best.some(
        ({ model, score, expectedCostUsd }) =>
          model !== own?.model &&
          (score >= (own?.score ?? 0) - 0.002 || expectedCostUsd < (own?.expectedCostUsd ?? 0)),
      )
        ? null
        : `nothing is better: ${JSON.stringify(models.map(({ model, score, excluded }) => [model, score, excluded]))}`
    }
    case 'due': {
      const count = played.counts[m]
      played.run(4000)
      return played.counts[m] > count ? null : `its turn did not come: ${JSON.stringify(played.standing(m))}`
    }
    default:
      return 'it says nothing'
  }
}

describe('under a calendar cap', () => {
  const MODELS = [
    { id: 'a', inputUsdPerMTok: 0.25, outputUsdPerMTok: 2 },
    { id: 'b', inputUsdPerMTok: 1.25, outputUsdPerMTok: 10 },
  ]

  it.each(['hour', 'day', 'week', 'month'] as const)(
    'a model is not unaffordable for the want of a period, before the first and between two: %s',
    async (per) => {
      let at = Date.UTC(2026, 0, 5, 1)
      const caps = [{ usd: 1, per }]
      const router = await createRouter<string>({ models: MODELS, dimension: 1, caps, clock: () => at })
      const kinds = () => router.stats().models.map(({ standing }) => standing.kind)
      expect(kinds()).not.toContain('unaffordable')
      router.settle(router.route([1]).id, { costUsd: 1 })
      expect(kinds()).toEqual(['unaffordable', 'unaffordable'])
      at += 40 * 24 * 3_600_000
      const before = await router.digest()
      expect(kinds()).not.toContain('unaffordable')
      expect(await router.digest()).toEqual(before)
      expect(['a', 'b']).toContain(router.route([1]).model)
    },
  )
})

it('says in plain words how far a reward is below others', () => {
  expect([0, 0.25, 0.00001234].map(shortText)).toEqual([
    'no higher than',
    '0.25 or more below',
    '0.000012 or more below',
  ])
})
