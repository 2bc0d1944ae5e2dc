import { percent, perThousand, reward, savedShare, shortName, usdPerThousand } from '../../report/format.js'
import { differenceOf, isSameQuality, SAME_QUALITY_NOTE, type Uncertain } from '../../report/same-quality.js'
import type { BaselineRow, PolicyRow, ReplayResult } from '../result.js'

/** A smaller share of the dollars is not worth a word. */
const SAVING_MIN = 0.005
/** Trades: how many are told at most, the least of the best model's reward that one keeps, and the most of the dollars of the one before it that it costs. */
const TRADES_MAX = 3
const TRADE_KEPT_MIN = 0.9
const TRADE_COST_MAX = 0.5

/**
 * In one sentence: what of the dollars that the best model alone costs is saved at its quality, by the budget that saves most. Null
 * where no replay on the page is of traffic that does not change, or none has a model alone.
 */
export function replayVerdict(results: readonly ReplayResult[]): string | null {
  const stationary = stationaryOf(results)
  if (stationary === null) return null
  const { rows, best, found, seeds } = stationary
  const name = shortName(best.model ?? '')
  const against = `Against ${name} alone, the model that earns most`
  const beforeUsd = usdPerThousand(best.costUsdPerRequest)
  const sure = seeds === 1 ? ' One seed does not say how sure that is.' : ''
  if (found !== undefined && saving(costOf(found), best) >= SAVING_MIN) {
    const worst = saving(found.budgetUsdPerRequest * found.utilisationWorst, best)
    const least = seeds === 1 ? '' : ` (${savedShare(Math.max(0, worst))} in the worst of ${seeds} seeds)`
    const spent = `the router spent ${perThousand(costOf(found))} instead of ${beforeUsd}`
    return `${against}, ${savedShare(saving(costOf(found), best))} of the dollars${least} could be saved at the same quality${ofTried(rows.length)}: ${spent}, for a reward of ${ofReward(found)} beside ${ofReward(best)}.${sure}`
  }
  const nearest = rows
    .filter((row) => saving(costOf(row), best) >= SAVING_MIN)
    .reduce<PolicyRow | undefined>(
      (one, row) => (one === undefined || row.reward > one.reward ? row : one),
      undefined,
    )
  const lead = `${against}, nothing shows that dollars could be saved at the same quality`
  if (nearest === undefined)
    return `${lead}: no budget spent less than its ${perThousand(best.costUsdPerRequest)}.${sure}`
  const less = savedShare(saving(costOf(nearest), best))
  return `${lead}: the budget that came closest spent ${less} less, ${perThousand(costOf(nearest))} instead of ${beforeUsd}, for a reward of ${ofReward(nearest)} beside ${ofReward(best)}.${sure}`
}

/**
 * In one sentence: what less of that model's reward costs, by budgets far cheaper than what keeps it all. Null where no budget
 * is, and where it earns or costs nothing above 0, of which there is no share.
 */
export function replayTrades(results: readonly ReplayResult[]): string | null {
  const stationary = stationaryOf(results)
  if (stationary === null || !(stationary.best.reward > 0 && stationary.best.costUsdPerRequest > 0))
    return null
  const { rows, best, found, seeds } = stationary
  const trades: PolicyRow[] = []
  let aboveUsd = Math.min(
    best.costUsdPerRequest,
    found === undefined ? Number.POSITIVE_INFINITY : costOf(found),
  )
  for (const row of rows.toSorted((one, other) => costOf(other) - costOf(one))) {
    if (trades.length === TRADES_MAX) break
    if (keptOf(row, best) < TRADE_KEPT_MIN || costOf(row) > TRADE_COST_MAX * aboveUsd) continue
    const isBeaten = rows.some(
      (one) => costOf(one) < costOf(row) && toldShare(one, best) >= toldShare(row, best),
    )
    if (isBeaten) continue
    trades.push(row)
    aboveUsd = costOf(row)
  }
  if (trades.length === 0) return null
  const told = trades.map((row, i) => {
    const saved = `(${savedShare(saving(costOf(row), best))} saved)`
    const kept = percent(toldShare(row, best))
    if (i > 0) return `${kept} of it ${usdPerThousand(costOf(row))} ${saved}`
    const whose = `of ${shortName(best.model ?? '')}'s reward`
    const share = seeds === 1 ? `${kept} ${whose}` : `At least ${kept} ${whose}, at 95 % confidence,`
    return `${share} cost ${perThousand(costOf(row))} ${saved}`
  })
  return `${told.join(', ')}.`
}

interface Stationary {
  readonly rows: readonly PolicyRow[]
  /** The model that earns most alone. */
  readonly best: BaselineRow
  /** The cheapest of its quality. */
  readonly found: PolicyRow | undefined
  readonly seeds: number
}

/** The first replay of traffic that does not change, if it has models alone to stand beside. */
function stationaryOf(results: readonly ReplayResult[]): Stationary | null {
  const result = results.find(({ report }) => report.scenario === 'stationary')
  if (result === undefined) return null
  const { rows, baselines, seeds } = result.report
  const alone = baselines.filter(({ baseline, model }) => baseline === 'fixed' && model !== null)
  if (alone.length === 0 || rows.length === 0) return null
  const best = alone.reduce((one, other) => (other.reward > one.reward ? other : one))
  const found = cheapest(rows.filter((row) => isSameQuality(gain(row, best), best.reward)))
  return { rows, best, found, seeds }
}

/** What the words of the sentence mean. */
export const VERDICT_NOTE = `${SAME_QUALITY_NOTE} A budget between those that were tried may save more: replay --budgets tries others.`

/** Whose saving it is: no budget between two that were tried is known. */
function ofTried(budgets: number): string {
  return budgets === 1 ? ' by the one budget that was tried' : ` by the best of ${budgets} budgets`
}

function cheapest(rows: readonly PolicyRow[]): PolicyRow | undefined {
  return rows.reduce<PolicyRow | undefined>(
    (one, row) => (one === undefined || costOf(row) < costOf(one) ? row : one),
    undefined,
  )
}

function gain(row: PolicyRow, best: BaselineRow): Uncertain {
  return differenceOf(
    { mean: row.reward, ci95: row.rewardCi95 },
    { mean: best.reward, ci95: best.rewardCi95 },
  )
}

/** The share of the best model's reward that is kept, as far as the interval bears it. */
function keptOf(row: PolicyRow, best: BaselineRow): number {
  return 1 + gain(row, best).ci95[0] / best.reward
}

/** The same in whole percent, rounded down. */
function toldShare(row: PolicyRow, best: BaselineRow): number {
  return Math.floor(100 * keptOf(row, best) + 1e-9) / 100
}

function costOf({ budgetUsdPerRequest, utilisation }: PolicyRow): number {
  return budgetUsdPerRequest * utilisation
}

function saving(costUsd: number, { costUsdPerRequest }: BaselineRow): number {
  return costUsdPerRequest > 0 ? 1 - costUsd / costUsdPerRequest : 0
}

function ofReward({ reward: mean, rewardCi95: [low, high] }: PolicyRow | BaselineRow): string {
  return low === high ? reward(mean) : `${reward(mean)} (${reward(low)} to ${reward(high)})`
}
