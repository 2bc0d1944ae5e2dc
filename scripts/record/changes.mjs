// A recording of policy `dollar` in a world that changes: bills that are too high for a while and come down, answers that get worse and better
// again, and alarms at neither. Its snapshots have what the policy remembers of each meanwhile.
import assert from 'node:assert/strict'
import { World } from './world.mjs'

const MODELS = [
  { id: 'small', inputUsdPerMTok: 0.25, outputUsdPerMTok: 0.25 },
  { id: 'middle', inputUsdPerMTok: 1.25, outputUsdPerMTok: 1.25 },
  { id: 'large', inputUsdPerMTok: 9, outputUsdPerMTok: 9 },
]
const REWARDS = { small: 0.6, middle: 0.8, large: 0.9 }
const LIMITS = { low: 0, high: 1 }

export function changesRecording() {
  const world = new World(17, Date.UTC(2026, 10, 30, 9), 2)
  const optionsOf = (i) => [{}, { candidates: ['small', 'middle'] }, {}, { exploit: true }][i % 4]
  return {
    name: 'changes-dollar',
    about:
      'Policy dollar at d = 2: a model whose bills rise to ten times and come down, one whose answers get worse and better again.',
    options: {
      policy: 'dollar',
      name: 'changes',
      dimension: 2,
      budget: { usdPerRequest: 0.0009 },
      pendingCapacity: 16,
      pendingTtlMs: 3_600_000,
      seed: 17,
      kernel: 'js',
    },
    stream: null,
    snapshotEvents: 3000,
    isBrief: true,
    tenants: [],
    world,
    limits: LIMITS,
    optionsOf,
    play: (reopen, mark) => play(world, reopen, mark),
  }
}

async function play(world, reopen, mark) {
  const router = await reopen({ models: MODELS })
  const drifts = []
  router.on('drift', ({ model, signal, direction }) => drifts.push(`${model} ${signal} ${direction}`))
  const takeDrifts = () => drifts.splice(0).join(', ')
  /** @param until an alarm that ends it, as a part of what `drifts` has */
  const traffic = async (count, { times = 1, reward = REWARDS.middle, until = null } = {}) => {
    for (let i = 0; i < count && !(until !== null && drifts.includes(until)); i++) {
      world.advance(5000)
      const decision = world.route(router, {})
      const { model } = decision
      const { inputUsdPerMTok } = MODELS.find(({ id }) => id === model)
      const usual = inputUsdPerMTok * 600e-6 * (0.5 + world.random())
      const costUsd = Math.round(usual * (model === 'middle' ? times : 1) * 1e9) / 1e9
      router.settle(decision.id, { costUsd })
      const mean = model === 'middle' ? reward : REWARDS[model]
      const given = Math.min(1, Math.max(0, mean + 0.3 * (world.random() - 0.5)))
      router.reward(decision.id, Math.round(given * 1e4) / 1e4)
      if (i % 50 === 49) await router.flush()
    }
  }
  await traffic(200)
  takeDrifts()
  await traffic(400, { times: 10, until: 'middle cost up' })
  mark('risen', router)
  await traffic(662, { times: 10 })
  // Shortly before a try of it, so that a snapshot without its level before is found out.
  mark('dear', router)
  await traffic(1500, { until: 'middle cost down' })
  const ofBills = takeDrifts()
  assert.match(ofBills, /middle cost up.*middle cost down/, `alarms at bills: ${ofBills}`)
  await traffic(200)
  takeDrifts()
  await traffic(400, { reward: 0.3, until: 'middle reward down' })
  await traffic(168, { reward: 0.3 })
  mark('worse', router)
  await traffic(1500, { until: 'middle reward up' })
  const ofRewards = takeDrifts()
  assert.match(ofRewards, /middle reward down.*middle reward up/, `alarms at rewards: ${ofRewards}`)
  await traffic(60)
  await router.close()
}
