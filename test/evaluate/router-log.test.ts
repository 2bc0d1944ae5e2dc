import { expect, test } from 'vitest'
import { gaussian, mulberry32 } from '../../src/base/random.js'
import { createRouter } from '../../src/create-router.js'
import { evaluatePolicies, parseDecisionLog } from '../../src/evaluate/index.js'
import type { PolicyName } from '../../src/policy/policies.js'
import { drawContext, MEAN_COST_FACTOR, meanReward, WORLD } from './world.js'

const REQUESTS = 4000
/** More of them say more exactly how often an interval holds the truth, and are printed. */
const LOGS = Number(process.env.PARETOBANDIT_EVALUATE_LOGS ?? 20)
const ESTIMATORS = ['ips', 'snips', 'doublyRobust'] as const

/** The log that a router of this policy writes in the world, feedback some requests late, a fifth of rewards lost. */
async function logOf(policy: PolicyName, seed: number): Promise<string> {
  const random = mulberry32(seed)
  const router = await createRouter({
    policy,
    models: WORLD.map(({ id, priceUsd }) => {
      // 300 tokens in and out are assumed: list prices are the mean costs.
      const usdPerMTok = (priceUsd * MEAN_COST_FACTOR * 1e6) / 600
      return { id, inputUsdPerMTok: usdPerMTok, outputUsdPerMTok: usdPerMTok }
    }),
    budget: { usdPerRequest: 0.001 },
    dimension: 3,
    rewardRange: [-2, 3],
    epsilon: 0.1,
    seed,
    kernel: 'js',
    name: `log-${seed}`,
  })
  let lines = ''
  router.on('*', (event) => {
    lines += `${JSON.stringify(event)}\n`
  })
  const waiting: { readonly id: string; readonly costUsd: number; readonly reward: number | null }[] = []
  const teach = (item: (typeof waiting)[number] | undefined) => {
    if (item === undefined) return
    router.settle(item.id, { costUsd: item.costUsd })
    if (item.reward !== null) router.reward(item.id, item.reward)
  }
  for (let i = 0; i < REQUESTS; i++) {
    const context = drawContext(random)
    const { id, model } = router.route(context)
    const index = WORLD.findIndex((each) => each.id === model)
    const reward = meanReward(index, context) + 0.1 * gaussian(random)
    const costUsd = WORLD[index].priceUsd * MEAN_COST_FACTOR
    waiting.push({ id, costUsd, reward: random() < 0.8 ? reward : null })
    if (waiting.length > 20) teach(waiting.shift())
  }
  for (const item of waiting) teach(item)
  return lines
}

test.each(['paper', 'dollar'] as const)(
  'the log of a router with epsilon and policy %s says what always one model earns',
  async (policy) => {
    const held = new Map<string, number>()
    const heldOf = (id: string, estimator: string) => held.get(`model:${id} ${estimator}`) ?? 0
    let gained = 0
    for (let seed = 1; seed <= LOGS; seed++) {
      const log = parseDecisionLog(await logOf(policy, seed), 'events')
      const { policies, leftOut, evaluated } = evaluatePolicies(log, [
        'model:small',
        'model:middle',
        'uniform',
      ])
      expect(evaluated + leftOut.certain + leftOut.forced).toBe(REQUESTS)
      for (const id of ['small', 'middle']) {
        const truth = WORLD.find((each) => each.id === id)?.base ?? Number.NaN
        const reward = policies.find((each) => each.policy === `model:${id}`)?.reward
        for (const estimator of ESTIMATORS) {
          const [low, high] = reward?.[estimator].ci95 ?? [Number.NaN, Number.NaN]
          if (low <= truth && truth <= high) held.set(`model:${id} ${estimator}`, heldOf(id, estimator) + 1)
        }
      }
      // The router does better than chance, and the log says so.
      const uniform = policies[3].rewardOverLogged
      if (uniform !== null && uniform.ci95[1] < 0) gained++
    }
    expect(heldOf('small', 'doublyRobust')).toBeGreaterThanOrEqual(0.8 * LOGS)
    expect(heldOf('middle', 'doublyRobust')).toBeGreaterThanOrEqual(0.8 * LOGS)
    expect(gained).toBe(LOGS)
    if (process.env.PARETOBANDIT_EVALUATE_LOGS !== undefined)
      console.log(policy, Object.fromEntries([...held].map(([what, count]) => [what, count / LOGS])))
  },
  LOGS * 6000,
)
