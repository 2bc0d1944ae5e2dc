import type { Check, CheckName } from './check.js'
import { LIMITS } from './check-limits.js'
import type { FirstDay } from './first-day-point.js'
import type { LearningCurve } from './learning-block.js'
import type { BaselineRow, PolicyRow } from './result.js'
import type { ScenarioName } from './scenarios.js'

export interface CheckInput {
  readonly scenario: ScenarioName
  readonly cold: boolean
  readonly rows: readonly PolicyRow[]
  /** Checks for which a baseline is missing are left out. */
  readonly baselines: readonly BaselineRow[]
  readonly learningCurve: readonly LearningCurve[]
  /** Empty unless cold. */
  readonly firstDay: readonly FirstDay[]
}

type Verdict = Pick<Check, 'name' | 'measured' | 'limit' | 'bound' | 'ok'>

/** Holds a replay against its targets, cell by cell. */
export function checksOf(input: CheckInput): Check[] {
  const cells = input.rows.flatMap((row) => {
    const { budgetUsdPerRequest, phase, variant } = row
    const verdicts = [...rewardVerdicts(row, input), ...spendVerdicts(row, input)]
    return verdicts.map((verdict) => placed(verdict, { budgetUsdPerRequest, phase, variant }))
  })
  return [...cells, ...learningChecks(input), ...firstChecks(input)]
}

function placed(
  { name, ...rest }: Verdict,
  cell: Pick<Check, 'budgetUsdPerRequest' | 'phase' | 'variant'>,
): Check {
  return { name, ...cell, ...rest }
}

/** A warm router that knows the rows' averages has no excuse on stationary traffic; learners of news do not know them. */
function rewardVerdicts(row: PolicyRow, { scenario, cold, baselines }: CheckInput): Verdict[] {
  const mix = budgeted('mix', row, baselines)
  const paper = budgeted('paper', row, baselines)
  const verdicts: Verdict[] = []
  if (mix !== undefined && scenario === 'stationary' && !cold) {
    verdicts.push(atLeast('reward-vs-mix', row.reward - mix.reward, -LIMITS.mixDeficit))
  }
  if (paper !== undefined) {
    const deficit = scenario === 'stationary' ? LIMITS.paperDeficit : LIMITS.paperDeficitScenario
    verdicts.push(atLeast('reward-vs-paper', row.reward - paper.reward, deficit === 0 ? 0 : -deficit))
  }
  return verdicts
}

function spendVerdicts(row: PolicyRow, { scenario, cold, baselines }: CheckInput): Verdict[] {
  if (!leavesRoom(row, baselines)) return []
  const verdicts: Verdict[] = []
  if (scenario === 'stationary') {
    const worst = cold ? LIMITS.utilisationWorstCold : LIMITS.utilisationWorst
    verdicts.push(atMost('utilisation', row.utilisation, LIMITS.utilisation))
    verdicts.push(atMost('utilisation-worst', row.utilisationWorst, worst))
  } else {
    verdicts.push(atMost('utilisation-cumulative', row.utilisationCumulative, LIMITS.utilisationCumulative))
    if (row.phase !== null) {
      verdicts.push(atMost('utilisation-phase', row.utilisation, LIMITS.utilisationPhase))
    }
  }
  const mix = budgeted('mix', row, baselines)
  if (mix !== undefined) {
    const spent = atLeast('budget-unspent', row.utilisation, LIMITS.utilisationUnspent)
    verdicts.push({ ...spent, ok: spent.ok || mix.reward - row.reward < LIMITS.unspentGain })
  }
  return verdicts
}

function learningChecks({ learningCurve, baselines }: CheckInput): Check[] {
  return learningCurve.flatMap(({ budgetUsdPerRequest, blocks }) => {
    const cell = { budgetUsdPerRequest, phase: null, variant: null }
    const window = blocks.filter(({ from, to }) => from >= LIMITS.learningFrom && to <= LIMITS.learningTo)
    const complete = window.reduce((sum, { from, to }) => sum + to - from, 0)
    if (complete < LIMITS.learningTo - LIMITS.learningFrom) return []
    if (!leavesChoice(budgetUsdPerRequest, baselines)) return []
    const ahead = window.reduce((sum, { cold, warm }) => sum + cold - warm, 0) / window.length
    return [placed(atLeast('cold-vs-warm', ahead, -LIMITS.learningDeficit), cell)]
  })
}

/** The last look at up to `firstRequests` requests. */
function firstChecks({ firstDay, baselines }: CheckInput): Check[] {
  return firstDay.flatMap(({ budgetUsdPerRequest, points }) => {
    const point = points.findLast(({ requests }) => requests <= LIMITS.firstRequests)
    if (point === undefined || !leavesChoice(budgetUsdPerRequest, baselines)) return []
    const ahead = point.policy.reward - point.fixed.reward
    const cell = { budgetUsdPerRequest, phase: null, variant: null }
    return [placed(atLeast('first-requests', ahead, -LIMITS.firstDeficit), cell)]
  })
}

/** Is the budget above the cheapest model's cost and below the dearest's? */
function leavesChoice(budgetUsd: number, baselines: readonly BaselineRow[]): boolean {
  const costs = baselines
    .filter(({ baseline }) => baseline === 'fixed')
    .map(({ costUsdPerRequest }) => costUsdPerRequest)
  return (
    Math.min(...costs) < LIMITS.cheapestShare * budgetUsd &&
    Math.max(...costs) > budgetUsd / LIMITS.cheapestShare
  )
}

function leavesRoom(row: PolicyRow, baselines: readonly BaselineRow[]): boolean {
  const costs = baselines
    .filter((other) => other.baseline === 'fixed' && sameCell(row, other))
    .map(({ costUsdPerRequest }) => costUsdPerRequest)
  return costs.length > 0 && Math.min(...costs) < LIMITS.cheapestShare * row.budgetUsdPerRequest
}

function budgeted(
  baseline: 'mix' | 'paper',
  row: PolicyRow,
  baselines: readonly BaselineRow[],
): BaselineRow | undefined {
  return baselines.find(
    (other) =>
      other.baseline === baseline &&
      other.budgetUsdPerRequest === row.budgetUsdPerRequest &&
      sameCell(row, other),
  )
}

function sameCell(row: PolicyRow, other: BaselineRow): boolean {
  return other.phase === row.phase && other.variant === row.variant
}

function atLeast(name: CheckName, measured: number, limit: number): Verdict {
  return { name, measured, limit, bound: 'at-least', ok: measured >= limit }
}

function atMost(name: CheckName, measured: number, limit: number): Verdict {
  return { name, measured, limit, bound: 'at-most', ok: measured <= limit }
}
