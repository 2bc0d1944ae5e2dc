// A short recording of policy `dollar`, of what came after release 0.1.0 besides bills: requests that caps refuse, counted
// together; models of older logs that take up the learned estimator; models that options leave out and bring back; a model that clients name and do not rate.
import { World } from './world.mjs'

const MODELS = [
  { id: 'small', inputUsdPerMTok: 0.2, outputUsdPerMTok: 0.6 },
  { id: 'middle', inputUsdPerMTok: 2, outputUsdPerMTok: 6 },
  { id: 'large', inputUsdPerMTok: 8, outputUsdPerMTok: 24 },
]
const NAMED = { id: 'named', inputUsdPerMTok: 1, outputUsdPerMTok: 3 }
const LIMITS = { low: 0, high: 1 }
const CAPS = [
  { usd: 0.02, per: 'hour' },
  { usd: 0.2, per: 'day', window: 'rolling' },
]
const TENANTS = [{ id: 'acme', caps: [{ usd: 0.004, per: 'hour' }] }, { id: 'other' }]

export function limitsRecording() {
  const world = new World(71, Date.UTC(2026, 9, 24, 20), 4)
  const optionsOf = (i) => [{}, { tenant: 'acme' }, { tenant: 'other' }, { exploit: true }][i % 4]
  return {
    name: 'limits-dollar',
    about:
      'Policy dollar at d = 4: requests that caps refuse, of the router and of tenants, models that take up the learned estimator, models that options and an operator take out, and one that clients name and do not rate.',
    options: {
      policy: 'dollar',
      name: 'limits',
      dimension: 4,
      pendingCapacity: 16,
      pendingTtlMs: 3_600_000,
      epsilon: 0.1,
      seed: 71,
      kernel: 'js',
    },
    stream: null,
    snapshotEvents: 60,
    isBrief: true,
    tenants: ['acme', 'other'],
    world,
    limits: LIMITS,
    optionsOf,
    play: async (reopen, mark) => {
      const first = await reopen({ models: MODELS.slice(0, 2), caps: CAPS, tenants: TENANTS })
      for (const [i, { id }] of MODELS.entries()) world.biases.set(id, 0.5 + 0.15 * i)
      // As releases before 0.2.0 added it: its features stay as they are drawn.
      let added = null
      const end = first.on('model-added', (event) => {
        added = event
      })
      first.addModel(MODELS[2])
      end()
      first.removeModel('large')
      first.apply({ ...added, at: world.now, shrinkage: new Float64Array() })
      const traffic = async (router, count, ms) => {
        for (let i = 0; i < count; i++) {
          world.advance(ms + Math.floor(world.random() * ms))
          const decision = world.route(router, optionsOf(i))
          if (decision !== null) world.feedback(router, decision, LIMITS)
          if (i % 10 === 9) await router.flush()
        }
      }
      await traffic(first, 40, 300)
      mark('capped')
      first.setEstimator('large', 'learned')
      await traffic(first, 30, 60_000)
      // Left out and brought back; of these an operator disables one meanwhile.
      const without = await reopen({ models: MODELS.slice(0, 1), caps: CAPS, tenants: TENANTS })
      without.disable('large')
      await traffic(without, 20, 300)
      mark('left-out')
      const back = await reopen({ models: MODELS, caps: CAPS, tenants: TENANTS })
      await traffic(back, 20, 60_000)
      back.enable('large')
      await traffic(back, 20, 400)
      // Named by clients who rate no answers, then left to the policy.
      world.advance(25 * 3_600_000)
      back.addModel(NAMED)
      world.biases.set(NAMED.id, 0.9)
      for (let i = 0; i < 40; i++) {
        world.advance(60_000)
        const decision = world.route(back, { candidates: [NAMED.id] })
        if (decision !== null) back.settle(decision.id, { costUsd: 1e-5 * (1 + world.random()) })
      }
      mark('named')
      await traffic(back, 20, 400)
      mark('end')
      await back.close()
    },
  }
}
