// The recording of policy `paper`: all types of events that it has.
import { World } from './world.mjs'

const LIMITS = { low: 0, high: 1 }
const MODELS = [
  { id: 'small', inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.3 },
  { id: 'medium', inputUsdPerMTok: 0.8, outputUsdPerMTok: 2.4, cachedInputUsdPerMTok: 0.2 },
  { id: 'large', inputUsdPerMTok: 3, outputUsdPerMTok: 15, reasoningUsdPerMTok: 20 },
]
const NEWCOMER = { id: 'neu—größer', inputUsdPerMTok: 1, outputUsdPerMTok: 4 }
const KNOWN = { id: 'known', inputUsdPerMTok: 0.5, outputUsdPerMTok: 1 }

export function paperRecording({ fitPriors }) {
  const world = new World(1955, Date.UTC(2026, 5, 1, 9), 5)
  const options = {
    policy: 'paper',
    name: 'paper-1',
    dimension: 5,
    budget: { usdPerRequest: 0.0012, mode: 'adaptive' },
    alpha: 0.05,
    pendingCapacity: 32,
    pendingTtlMs: 900_000,
    epsilon: 0.1,
    seed: 3,
    adaptationHorizon: 50,
    kernel: 'js',
  }
  const optionsOf = (i) =>
    [
      {},
      { candidates: ['medium', 'large'] },
      { maxCostUsd: 0.002, explain: i === 2 },
      { exploit: true },
      { exclude: ['large'] },
    ][i % 5]
  return {
    name: 'paper',
    about:
      'Policy paper at d = 5: the adaptive pacer, warm and cold models, a ring that is too small for its traffic.',
    options,
    stream: null,
    snapshotEvents: 70,
    tenants: [],
    world,
    limits: LIMITS,
    optionsOf,
    play: async (reopen, mark) => {
      const rows = Array.from({ length: 20 }, () => {
        const context = world.input()
        return { context, outcomes: { known: { reward: 0.5 + 0.3 * context[0] } } }
      })
      const router = await reopen({ models: MODELS, priors: fitPriors(rows) })
      for (const [model, bias] of [
        ['small', 0.4],
        ['medium', 0.6],
        ['large', 0.85],
      ])
        world.biases.set(model, bias)
      const traffic = async (count) => {
        for (let i = 0; i < count; i++) {
          world.advance(2000 + Math.floor(world.random() * 30_000))
          const decision = world.route(router, i % 2 === 0 ? {} : optionsOf(i))
          world.feedback(router, decision, LIMITS)
          if (i % 10 === 9) await router.flush()
        }
      }
      await traffic(40)
      mark('early', router)
      router.addModel(NEWCOMER, { forcedExploration: 3 })
      router.addModel(KNOWN, { forcedExploration: 0 })
      router.disable('medium')
      await traffic(10)
      router.enable('medium')
      router.reprice('large', { inputUsdPerMTok: 2.5, outputUsdPerMTok: 12 })
      router.setBudget(null)
      await traffic(10)
      router.setBudget({ usdPerRequest: 0.0009 })
      router.removeModel('small')
      router.addModel({ ...MODELS[0], id: 'small-2' })
      const many = router.routeMany(Array.from({ length: 30 }, () => world.input()))
      world.routed.push(...many)
      world.advance(901_000)
      router.expire()
      router.settle(many.at(-1).id, world.settlement())
      const more = router.routeMany(
        Array.from({ length: 34 }, () => world.input()),
        { exclude: ['large'] },
      )
      world.routed.push(...more)
      for (const { id } of more.slice(-10, -6)) router.reward(id, 0.4)
      for (const { id } of more.slice(-7, -4)) router.settle(id, world.settlement())
      mark('end', router)
      await router.close()
    },
  }
}
