// The recording of policy `dollar`: every type of event, and every field with and without what is optional.
import { World } from './world.mjs'

const LIMITS = { low: -0.5, high: 1.5 }
const CHEAP = { id: 'llama-3.1-8b', inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.1 }
const MIDDLE = {
  id: 'mistral-large',
  inputUsdPerMTok: 2,
  outputUsdPerMTok: 6,
  cachedInputUsdPerMTok: 0.5,
  reasoningUsdPerMTok: 7,
}
const LARGE = {
  id: 'gemini-2.5-pro',
  inputUsdPerMTok: 1.25,
  outputUsdPerMTok: 10,
  cachedInputUsdPerMTok: 0.3125,
}
const UNICODE = { id: 'modèle-ü/東京 🚀', inputUsdPerMTok: 0.5, outputUsdPerMTok: 1.5 }
const FREE = { id: 'local-free', inputUsdPerMTok: 0, outputUsdPerMTok: 0 }
const PRIOR = { id: 'with-priors', inputUsdPerMTok: 0.8, outputUsdPerMTok: 4 }
const PRIOR_OF_REWARDS = { id: 'with-reward-priors', inputUsdPerMTok: 0.4, outputUsdPerMTok: 1.6 }
const GIVEN_UP = { id: 'given-up', inputUsdPerMTok: 15, outputUsdPerMTok: 75 }

const TENANTS = ['acme', 'ünï-北京', 'strict-inc', 'short-lived']

/** @param fitPriors the library's */
export function dollarRecording({ fitPriors }) {
  const world = new World(20260328, Date.UTC(2026, 2, 28, 22, 40), 6)
  const options = {
    policy: 'dollar',
    name: 'gw_1',
    dimension: 6,
    budget: { usdPerRequest: 0.003, burst: 20 },
    alpha: 0.05,
    gamma: 0.995,
    lambda0: 0.5,
    rewardRange: [LIMITS.low, LIMITS.high],
    forcedExploration: 4,
    expectedTokens: { input: 400, output: 300 },
    pendingCapacity: 32,
    pendingTtlMs: 600_000,
    epsilon: 0.15,
    seed: 7,
    nEffective: 12,
    kernel: 'js',
  }
  const beginning = {
    models: [CHEAP, MIDDLE, LARGE],
    priors: priorsOf(fitPriors),
    caps: [
      { usd: 2, per: 'day', timeZone: 'Europe/Berlin' },
      { usd: 40, per: 'month' },
      { usd: 1.5, per: 'day', window: 'rolling' },
    ],
    tenants: [
      { id: 'acme', budget: { usdPerRequest: 0.002 }, caps: [{ usd: 0.2, per: 'hour' }] },
      { id: 'ünï-北京' },
    ],
    latency: { meanMs: 1200 },
    quality: { meanReward: 0.55 },
  }
  return {
    name: 'dollar',
    about:
      'Policy dollar at d = 6: accounts, tenants, caps, objectives, drift, and a ring that is too small for its traffic.',
    options,
    stream: null,
    snapshotEvents: 100,
    tenants: [...TENANTS, 'nobody'],
    world,
    limits: LIMITS,
    optionsOf,
    play: (reopen, mark) => play(world, beginning, reopen, mark),
  }
}

function optionsOf(i) {
  const kinds = [
    {},
    { tenant: 'acme' },
    { tenant: 'ünï-北京', inputTokens: 900 },
    { candidates: ['llama-3.1-8b', 'mistral-large'] },
    { maxCostUsd: 0.001, explain: i === 4 },
    { exclude: ['gemini-2.5-pro'], maxOutputTokens: 200 },
    { exploit: true },
    { maxLatencyMs: 1400 },
    { tenant: 'strict-inc' },
  ]
  return kinds[i % kinds.length]
}

async function play(world, beginning, reopen, mark) {
  let router = await reopen({ ...beginning })
  for (const [model, bias] of [
    ['llama-3.1-8b', 0.35],
    ['mistral-large', 0.75],
    ['gemini-2.5-pro', 0.9],
    [UNICODE.id, 0.7],
    ['local-free', 0.2],
    ['with-priors', 0.8],
    ['with-reward-priors', 0.6],
  ])
    world.biases.set(model, bias)
  mark('empty', router)
  await traffic(world, router, 30)
  mark('early', router)

  // Models and prices.
  router.addModel(UNICODE)
  router.addModel(FREE, { forcedExploration: 0 })
  const free = world.route(router, { candidates: ['local-free'] })
  router.settle(free.id, { costUsd: 0, latencyMs: 0 })
  router.addModel(PRIOR, { forcedExploration: 2 })
  router.addModel(PRIOR_OF_REWARDS)
  router.addModel(GIVEN_UP, { forcedExploration: 1 })
  router.disable('given-up')
  router.enable('given-up')
  router.disable('given-up')
  router.reprice('mistral-large', {
    inputUsdPerMTok: 1.8,
    outputUsdPerMTok: 5.4,
    cachedInputUsdPerMTok: 0.45,
  })
  router.reprice('local-free', { inputUsdPerMTok: 0.01, outputUsdPerMTok: 0.02, reasoningUsdPerMTok: 0.03 })
  router.addTenant({ id: 'short-lived', budget: { usdPerRequest: 0.004 } })
  world.route(router, { tenant: 'short-lived' })
  await traffic(world, router, 22)
  router.removeTenant('short-lived')
  router.removeModel('given-up')

  // Objectives come and go; time passes over midnight, a change of clocks, and the end of the month.
  router.setLatency({ ms: 2000, percentile: 0.9 })
  router.setQuality(null)
  world.advance(5_400_000)
  await traffic(world, router, 14)
  router.setBudget(null)
  router.setBudget({ usdPerRequest: 0.0015 }, { tenant: 'ünï-北京' })
  router.setBudget(null, { tenant: 'acme' })
  router.setCaps([], { tenant: 'acme' })
  await traffic(world, router, 10)
  world.advance(4 * 86_400_000)
  router.setBudget({ usdPerRequest: 0.0025 })
  router.setCaps([
    { usd: 3, per: 'day', timeZone: 'America/New_York' },
    { usd: 40, per: 'month' },
    { usd: 0.4, per: 'hour', window: 'rolling' },
  ])
  router.setCaps([{ usd: 1, per: 'month', timeZone: 'Asia/Kathmandu' }], { tenant: 'ünï-北京' })
  await traffic(world, router, 12)
  router.setLatency(null)
  router.setQuality({ meanReward: 0.7 })
  mark('middle', router)

  // One falls, is given up, and is tried again later.
  const fallen = 'gemini-2.5-pro'
  router.setQuality(null)
  router.setBudget(null)
  for (let i = 0; i < 74; i++) {
    world.advance(3000)
    world.biases.set(fallen, i < 18 ? 1.4 : -0.4)
    const options = i < 26 ? { candidates: [fallen] } : i < 54 ? { exclude: [fallen] } : {}
    const decision = world.route(router, options)
    if (decision === null) continue
    if (i < 26 || i % 4 === 0)
      router.settle(decision.id, { costUsd: decision.expectedCostUsd, latencyMs: 900 + (i % 9) * 50 })
    if (i < 26 || i % 3 === 0)
      router.reward(
        decision.id,
        decision.model === fallen ? world.reward(fallen, LIMITS.low, LIMITS.high) : 0.1,
      )
  }
  router.setBudget({ usdPerRequest: 0.0025 })
  router.setQuality({ meanReward: 0.7 })
  mark('fallen', router)
  for (let i = 0; i < 14; i++) {
    const decision = world.route(router, {})
    if (decision !== null) router.reward(decision.id, world.reward(decision.model, LIMITS.low, LIMITS.high))
  }
  world.biases.set(fallen, 0.8)

  // Another process goes on, which refuses what no account can pay for.
  router = await reopen({ strict: true })
  router.addTenant({ id: 'strict-inc', budget: { usdPerRequest: 0.00001 } })
  for (let i = 0; i < 6; i++)
    world.route(router, { tenant: 'strict-inc', candidates: ['mistral-large', 'gemini-2.5-pro'] })
  router.setBudget({ usdPerRequest: 0.00002 })
  router.setLatency({ meanMs: 400 })
  router.setQuality({ meanReward: 1.5 })
  for (let i = 0; i < 8; i++) {
    const decision = world.route(router, i % 2 === 0 ? {} : { candidates: ['gemini-2.5-pro'] })
    if (decision !== null) world.feedback(router, decision, LIMITS)
  }
  router.setCaps([
    { usd: 0.45, per: 'month' },
    { usd: 0.0001, per: 'hour', window: 'rolling' },
  ])
  router.setBudget({ usdPerRequest: 0.004 })
  for (let i = 0; i < 3; i++) world.route(router, {})
  router = await reopen({})
  for (let i = 0; i < 3; i++) world.route(router, {})
  router.setCaps([
    { usd: 3, per: 'day' },
    { usd: 40, per: 'month' },
    { usd: 10, per: 'month', window: 'rolling' },
  ])
  router.setLatency({ meanMs: 1000 })
  router.setQuality({ meanReward: 0.5 })

  // More requests than the ring holds, most of which nobody ever hears of; and feedback for some that have expired.
  const inputs = Array.from({ length: 34 }, () => world.input())
  const many = router.routeMany(inputs, {})
  world.routed.push(...many)
  const overdue = many.slice(10, 16)
  router.settleMany(many.slice(20, 24).map(({ id }) => ({ id, ...world.settlement() })))
  router.rewardMany(many.slice(22, 26).map(({ id }, i) => ({ id, reward: 0.1 * i })))
  world.advance(601_000)
  router.expire()
  for (const { id } of overdue) router.settle(id, world.settlement())
  const again = router.routeMany(inputs.slice(0, 14), { tenant: 'acme' })
  world.routed.push(...again)
  await traffic(world, router, 14)
  mark('end', router)
  await router.close()
}

async function traffic(world, router, count) {
  for (let i = 0; i < count; i++) {
    world.advance(5000 + Math.floor(world.random() * 55_000))
    const decision = world.route(router, optionsFor(router, i))
    if (decision !== null) world.feedback(router, decision, LIMITS)
    if (i % 10 === 9) await router.flush()
  }
}

function optionsFor(router, i) {
  const options = optionsOf(i * 5 + 3)
  if (options.tenant === 'strict-inc' || i % 3 === 0) return {}
  const known = router.stats().models.map(({ id }) => id)
  return options.exclude === undefined || known.length > 3 ? options : {}
}

/** Priors of two models, one of which brings costs; the others are cold. */
function priorsOf(fitPriors) {
  const world = new World(99, 0, 6)
  const rows = Array.from({ length: 40 }, () => {
    const context = world.input()
    const reward = 0.6 + 0.2 * context[0] - 0.1 * context[2]
    return {
      context,
      outcomes: {
        'with-priors': { reward, costUsd: 0.001 + 0.0004 * (1 + context[1]) },
        'with-reward-priors': { reward: reward - 0.1 },
      },
    }
  })
  return fitPriors(rows)
}
