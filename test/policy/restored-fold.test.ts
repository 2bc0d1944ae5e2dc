import { expect, it } from 'vitest'
import { createRouter, ParetoBanditError, type PolicyName, type Router } from '../../src/index.js'
import { Random } from '../support/random.js'

const D = 4
const START_AT = Date.UTC(2026, 0, 31, 20)
const STEPS = 260
/** Steps between snapshots, each of which another router goes on from. */
const SNAPSHOT_STEPS = 65

type Step = (router: Router<string>) => unknown

async function begin(policy: PolicyName, seed: number, clock: { at: number }): Promise<Router<string>> {
  const dollar =
    policy === 'dollar'
      ? ({
          caps: [{ usd: 3, per: 'day' }],
          latency: { meanMs: 900 },
          tenants: [
            {
              id: 't0',
              budget: { usdPerRequest: 0.004 },
              caps: [{ usd: 1, per: 'hour', window: 'rolling' }],
            },
          ],
        } as const)
      : {}
  return createRouter<string>({
    policy,
    dimension: D,
    kernel: 'js',
    name: 'r',
    seed,
    forcedExploration: 2,
    pendingCapacity: 64,
    epsilon: 0.05,
    budget: { usdPerRequest: 0.003 },
    clock: () => clock.at,
    ...dollar,
  })
}

/** A command, drawn whole before it is given: the same to every router. */
function draw(random: Random, ids: readonly string[], policy: PolicyName): Step {
  const id = `m${random.below(7)}`
  const usd = 0.2 * 300 ** random.next()
  const cost = 0.0004 * 60 ** random.next() * (random.below(40) === 0 ? 1000 : 1)
  const request = ids.length === 0 ? 'r.1' : ids[Math.max(0, ids.length - 1 - random.below(30))]
  const tenant = `t${random.below(3)}`
  const x = random.vector(D)
  x[D - 1] = 1
  const reward = random.below(3) === 0 ? random.next() : random.below(2)
  const latencyMs = 200 * 20 ** random.next()
  const kind = random.below(100)
  const price = { inputUsdPerMTok: usd, outputUsdPerMTok: 3 * usd }
  if (kind < 42) return (r) => r.route(x, policy === 'dollar' && kind < 12 ? { tenant } : {})
  if (kind < 60) return (r) => r.settle(request, { costUsd: cost, latencyMs })
  if (kind < 75) return (r) => r.reward(request, reward)
  if (kind < 78) return (r) => r.fail(request, { costUsd: cost / 10 })
  if (kind < 79) return (r) => r.cancel(request, { costUsd: cost / 10 })
  if (kind < 81) return (r) => r.correct(request, { costUsd: cost })
  if (kind < 86) return (r) => r.addModel({ id, ...price })
  if (kind < 88) return (r) => r.removeModel(id, { drain: usd > 5 })
  if (kind < 90) return (r) => r.disable(id)
  if (kind < 93) return (r) => r.enable(id)
  if (kind < 94) return (r) => r.reprice(id, price)
  if (kind < 95) return (r) => r.setBudget({ usdPerRequest: 0.01 * usd })
  if (policy !== 'dollar') return (r) => r.route(x)
  if (kind < 96)
    return (r) =>
      r.setCaps([
        { usd: 50 * cost, per: 'hour' },
        { usd: 2, per: 'day', pacing: 'even' },
      ])
  if (kind < 97) return (r) => r.addTenant({ id: tenant, budget: { usdPerRequest: 0.003 } })
  if (kind < 98) return (r) => r.removeTenant(tenant)
  if (kind < 99) return (r) => r.setQuality(usd > 4 ? { meanReward: 0.6 } : null)
  return (r) => r.adjustAccount(usd / 1000)
}

/** What came of a command, to the bit. */
function outcome(router: Router<string>, step: Step): string {
  try {
    return JSON.stringify(step(router) ?? null)
  } catch (error) {
    if (!(error instanceof ParetoBanditError)) throw error
    // Of a request that takes no feedback a snapshot no longer says why.
    return /^(REQUEST_|ALREADY_|MODEL_REMOVED)/.test(error.code) ? 'closed' : `${error.code} ${error.message}`
  }
}

async function play(policy: PolicyName, seed: number): Promise<void> {
  const clock = { at: START_AT }
  const random = new Random(seed)
  const live = await begin(policy, seed, clock)
  const ids: string[] = []
  live.on('routed', ({ id }) => ids.push(id))
  for (let i = 0; i < 5; i++)
    live.addModel({ id: `m${i}`, inputUsdPerMTok: 0.2 * 4 ** i, outputUsdPerMTok: 0.6 * 4 ** i })
  let restored: Router<string>[] = []
  for (let i = 0; i < STEPS; i++) {
    if (i % SNAPSHOT_STEPS === SNAPSHOT_STEPS - 1) {
      const bytes = live.snapshot()
      const other = await begin(policy, seed, clock)
      other.restore(bytes)
      expect(Buffer.from(other.snapshot()).equals(Buffer.from(bytes)), `seed ${seed}, step ${i}`).toBe(true)
      restored = [...restored, other]
    }
    // More than a second: what caps refuse within one is written together, by each process for itself.
    clock.at += 1000 + (random.below(20) === 0 ? 3_600_000 * random.next() : 2000 * random.next())
    const step = draw(random, ids, policy)
    const came = outcome(live, step)
    for (const other of restored) expect(outcome(other, step), `seed ${seed}, step ${i}`).toBe(came)
  }
  const end = Buffer.from(live.snapshot())
  for (const [i, other] of restored.entries())
    expect(Buffer.from(other.snapshot()).equals(end), `seed ${seed}, snapshot ${i}`).toBe(true)
}

it.each(['dollar', 'paper', 'thompson'] as const)(
  'policy %s goes on from a snapshot as from the events themselves, to the bit, whatever came before',
  async (policy) => {
    for (let seed = 1; seed <= (policy === 'dollar' ? 30 : 8); seed++) await play(policy, seed)
  },
  120_000,
)
