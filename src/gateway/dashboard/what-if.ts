import type { ExclusionReason } from '../../index.js'
import type { KeptExplanation } from './explanations.js'
import type { KeptDecision } from './latest.js'
import type { Estimate, ExplainedModel, Savings, SavingsRow, WhatIf, WhatIfMix } from './shape.js'

/** With fewer decisions nothing is estimated. */
export const DECISIONS_MIN = 30
const NORMAL_95 = 1.96
const HALVINGS = 60

/** What another budget, or another turn, would have let in. */
const MIGHT_BE_CHOSEN: ReadonlySet<ExclusionReason> = new Set<ExclusionReason>([
  'over-price-ceiling',
  'unaffordable',
  'forced-exploration-of-another',
  'canary-of-another',
  'no-better-than-a-cheaper',
])

type Candidates = readonly ExplainedModel[]

/** A decision as it can be made again: by value less a price on dollars. */
function candidatesOf({ models }: KeptExplanation): Candidates {
  return models.filter(({ excluded }) => excluded === null || MIGHT_BE_CHOSEN.has(excluded))
}

/** Whether it can be made again, and what was chosen then be compared with. */
export function canBeMadeAgain(kept: KeptExplanation): boolean {
  return candidatesOf(kept).length > 0 && kept.models.some(({ model }) => model === kept.chosen)
}

/**
 * Makes the kept decisions again under another budget: the least price of a dollar is found at which they cost no more than that on
 * average, and between two such prices they are mixed as the engine mixes them. Nothing is learned on the way: expectations are
 * those of the decisions.
 * @param kept decisions that can be made again
 * @param budgetUsdPerRequest USD, > 0
 * @returns null: too few decisions are explained
 */
export function whatIf(kept: readonly KeptExplanation[], budgetUsdPerRequest: number): WhatIf | null {
  const decisions = kept.map(candidatesOf)
  if (decisions.length < DECISIONS_MIN) return null
  const at = (weight: number) => mixOf(decisions.map((models) => best(models, weight)))
  const before = mixOf(kept.flatMap(({ models, chosen }) => models.filter(({ model }) => model === chosen)))
  const withOneModel = decisions.filter(({ length }) => length === 1).length
  const answer = { budgetUsdPerRequest, decisions: decisions.length, withOneModel, before }
  let [low, high] = [0, 1]
  const free = at(0)
  if (free.usdPerRequest <= budgetUsdPerRequest)
    return { ...answer, shadowPrice: 0, isFeasible: true, after: free }
  const cheapest = at(Number.MAX_VALUE)
  if (cheapest.usdPerRequest > budgetUsdPerRequest)
    return { ...answer, shadowPrice: 0, isFeasible: false, after: cheapest }
  const costAt = costsOf(decisions)
  while (costAt(high) > budgetUsdPerRequest) {
    low = high
    high *= 4
  }
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2
    if (costAt(middle) > budgetUsdPerRequest) low = middle
    else high = middle
  }
  const [dear, cheap] = [at(low), at(high)]
  const gap = dear.usdPerRequest - cheap.usdPerRequest
  const share = gap <= 0 ? 0 : (budgetUsdPerRequest - cheap.usdPerRequest) / gap
  const shadowPrice = high * budgetUsdPerRequest
  return { ...answer, shadowPrice, isFeasible: true, after: mixed(dear, cheap, share) }
}

/**
 * The mean cost of the decisions at a price of a dollar, as `best` makes them. It is asked for some hundred times while the gateway
 * waits, so all that it reads lies in two arrays.
 */
function costsOf(decisions: readonly Candidates[]): (weight: number) => number {
  const values = new Float64Array(decisions.reduce((sum, { length }) => sum + length, 0))
  const costs = new Float64Array(values.length)
  const ends = new Uint32Array(decisions.length)
  let place = 0
  for (const [i, models] of decisions.entries()) {
    for (const { expectedReward, explorationBonus, expectedCostUsd } of models) {
      values[place] = expectedReward + explorationBonus
      costs[place++] = expectedCostUsd
    }
    ends[i] = place
  }
  return (weight) => {
    let sum = 0
    let at = 0
    for (const end of ends) {
      let found = at
      let most = values[at] - weight * costs[at]
      for (at++; at < end; at++) {
        const score = values[at] - weight * costs[at]
        if (score <= most) continue
        most = score
        found = at
      }
      sum += costs[found]
    }
    return sum / ends.length
  }
}

function best(models: Candidates, weight: number): ExplainedModel {
  // At the highest price nothing counts but dollars.
  const score = ({ expectedReward, explorationBonus, expectedCostUsd }: ExplainedModel) =>
    weight === Number.MAX_VALUE
      ? -expectedCostUsd
      : expectedReward + explorationBonus - weight * expectedCostUsd
  return models.reduce((found, each) => (score(each) > score(found) ? each : found))
}

function mixOf(chosen: readonly ExplainedModel[]): WhatIfMix {
  const counts = new Map<string, number>()
  for (const { model } of chosen) counts.set(model, (counts.get(model) ?? 0) + 1)
  return {
    usdPerRequest: mean(chosen.map(({ expectedCostUsd }) => expectedCostUsd)),
    reward: mean(chosen.map(({ expectedReward }) => expectedReward)),
    shares: sharesOf(counts, chosen.length),
  }
}

function mixed(a: WhatIfMix, b: WhatIfMix, share: number): WhatIfMix {
  const between = (x: number, y: number) => share * x + (1 - share) * y
  const shares = new Map(b.shares.map((each) => [each.model, (1 - share) * each.share]))
  for (const each of a.shares) shares.set(each.model, (shares.get(each.model) ?? 0) + share * each.share)
  return {
    usdPerRequest: between(a.usdPerRequest, b.usdPerRequest),
    reward: between(a.reward, b.reward),
    shares: sharesOf(shares, 1),
  }
}

function sharesOf(counts: ReadonlyMap<string, number>, whole: number): WhatIfMix['shares'] {
  return [...counts]
    .map(([model, count]) => ({ model, share: count / whole }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share)
}

/**
 * What always using one model would have cost and earned on the kept decisions, by the engine's own expectations. The interval is that
 * of a mean over requests, wider by what the engine doubts: the mean exploration bonus of rewards, and of costs how far the bills of
 * the chosen models were from what was expected of them.
 * @returns null: too few decisions are explained
 */
export function savingsOf(
  kept: readonly KeptExplanation[],
  decisionOf: (id: string) => KeptDecision | null,
): Savings | null {
  if (kept.length < DECISIONS_MIN) return null
  const byModel = new Map<string, ExplainedModel[]>()
  const chosen: ExplainedModel[] = []
  let [billed, expected] = [0, 0]
  for (const { id, models, chosen: choice } of kept) {
    const costUsd = decisionOf(id)?.costUsd ?? null
    for (const each of models) {
      const list = byModel.get(each.model)
      if (list === undefined) byModel.set(each.model, [each])
      else list.push(each)
      if (each.model !== choice) continue
      chosen.push(each)
      if (costUsd === null) continue
      billed += costUsd
      expected += each.expectedCostUsd
    }
  }
  const ratio = expected > 0 ? billed / expected : null
  const doubt = ratio === null ? 0 : Math.abs(ratio - 1)
  const rows = [...byModel]
    .filter(([, list]) => list.length >= Math.max(DECISIONS_MIN, kept.length / 2))
    .map(([model, list]) => savingsRow(model, list, doubt))
  rows.sort((a, b) => a.usdPerRequest.mean - b.usdPerRequest.mean)
  return {
    chosen: savingsRow('', chosen, doubt),
    models: rows,
    billedOverExpected: ratio,
  }
}

function savingsRow(model: string, list: readonly ExplainedModel[], costDoubt: number): SavingsRow {
  const costs = list.map(({ expectedCostUsd }) => expectedCostUsd)
  const rewards = list.map(({ expectedReward }) => expectedReward)
  const bonus = mean(list.map(({ explorationBonus }) => Math.abs(explorationBonus)))
  return {
    model,
    decisions: list.length,
    usdPerRequest: estimate(costs, costDoubt * mean(costs), 0),
    reward: estimate(rewards, bonus),
  }
}

function estimate(values: readonly number[], doubt: number, least = Number.NEGATIVE_INFINITY): Estimate {
  const middle = mean(values)
  const squares = values.reduce((sum, value) => sum + (value - middle) ** 2, 0)
  const half = values.length < 2 ? 0 : NORMAL_95 * Math.sqrt(squares / (values.length - 1) / values.length)
  return { mean: middle, low: Math.max(least, middle - half - doubt), high: middle + half + doubt }
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}
