import { mulberry32, type Random } from '../../src/base/random.js'
import { createRouter } from '../../src/index.js'
import type { PolicyName } from '../../src/policy/policies.js'
import type { TwoModelsRun } from './figures.js'

/** Two models of which nothing is known but their prices; the dear one is right more often. */
const CHEAP = { id: 'cheap', inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.1 }
const DEAR = { id: 'dear', inputUsdPerMTok: 5, outputUsdPerMTok: 5 }
const RIGHT: Readonly<Record<string, number>> = { cheap: 0.6, dear: 0.9 }
const REQUESTS = 2000
/** Budgets in times of what the cheap model costs. */
export const FACTORS: readonly number[] = [1.5, 3, 4, 6, 12]
/** Output tokens of a mean answer: near what a router assumes, and far from it. */
export const ANSWER_TOKENS: readonly number[] = [400, 5]
const INPUT_TOKENS = 100
const WORDS = [
  'a',
  'river',
  'sum',
  'proof',
  'poem',
  'train',
  'Rome',
  'cell',
  'tax',
  'Java',
  'verb',
  'why',
  'list',
]

interface TwoModelsJob {
  readonly policy: PolicyName
  readonly answerTokens: number
  readonly factor: number
  readonly seeds: number
}

/** Share of the requests on the dear model that spends the budget, where both answer at the same length. */
export function shareBought(factor: number): number {
  const ratio = DEAR.outputUsdPerMTok / CHEAP.outputUsdPerMTok
  return Math.min(1, Math.max(0, (factor - 1) / (ratio - 1)))
}

/** Plays a router with the defaults of `createRouter`: texts, bills in tokens and rewards at once. */
export async function twoModels({
  policy,
  answerTokens,
  factor,
  seeds,
}: TwoModelsJob): Promise<TwoModelsRun> {
  const costUsd = ((INPUT_TOKENS + answerTokens) * CHEAP.outputUsdPerMTok) / 1e6
  const budgetUsd = factor * costUsd
  const runs = []
  for (let s = 0; s < seeds; s++) {
    const random = mulberry32(1000 + s)
    const router = await createRouter({
      models: [CHEAP, DEAR],
      budget: { usdPerRequest: budgetUsd },
      policy,
      seed: 1000 + s,
    })
    let dear = 0
    let spentUsd = 0
    for (let i = 0; i < REQUESTS; i++) {
      const { id, model } = router.route(promptOf(random))
      const tokens = { inputTokens: around(INPUT_TOKENS, random), outputTokens: around(answerTokens, random) }
      const { inputUsdPerMTok, outputUsdPerMTok } = model === 'dear' ? DEAR : CHEAP
      spentUsd += (tokens.inputTokens * inputUsdPerMTok + tokens.outputTokens * outputUsdPerMTok) / 1e6
      router.settle(id, tokens)
      router.reward(id, random() < RIGHT[model] ? 1 : 0)
      if (model === 'dear') dear++
    }
    runs.push({ share: dear / REQUESTS, utilisation: spentUsd / REQUESTS / budgetUsd })
  }
  return {
    policy,
    answerTokens,
    factor,
    shareBought: shareBought(factor),
    shares: runs.map(({ share }) => share),
    utilisations: runs.map(({ utilisation }) => utilisation),
  }
}

/** From half to one and a half of the mean. */
function around(mean: number, random: Random): number {
  return Math.max(1, Math.round(mean * (0.5 + random())))
}

function promptOf(random: Random): string {
  return Array.from({ length: 12 }, () => WORDS[Math.floor(random() * WORDS.length)]).join(' ')
}
