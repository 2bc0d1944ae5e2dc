import { mean } from '../../src/base/statistics.js'
import { firstDayEnd } from '../../src/replay/first-day.js'
import type { Figures, Run, SetFigures, Start, TwoModelsRun } from './figures.js'

/** What a policy is held to, in one place. Gaps are of mean reward, to the bound at the same budget. */
export const LIMITS = {
  warm: { meanGap: -0.003, worstGap: -0.008 },
  coldTwo: { meanGap: -0.004, worstGap: -0.01 },
  /** A bandit sees one outcome of many. */
  coldMany: { meanGap: -0.01, worstGap: -0.02 },
  utilisation: 1,
  utilisationWorst: 1.04,
  /** Less than this is unspent budget, where a bigger one would buy `moreBuys`. */
  used: 0.9,
  moreBuys: 0.01,
  /** Part of what the budget buys that the dear of two models gets. */
  shareGot: 0.7,
  /** From the first request: mean reward behind the best single model within the budget. */
  firstDay: 0.02,
} as const

/** Budgets at which all seeds count for the dear share, and those at which the mean does. */
const EVERY_SEED = [3, 6, 12]
const ON_AVERAGE = [1.5]
const FIRST_DAY_BUDGETS = [1, 2, 3, 4, 5]

export interface Target {
  readonly set: string
  readonly name: string
  readonly measured: number
  readonly limit: number
  readonly bound: 'at-least' | 'at-most'
  readonly met: boolean
  /** The worst place, in words. */
  readonly where: string
}

/** Everything that the policy is held to: on every set, and on two models from nothing. */
export function targetsOf(figures: Figures, policy: string): Target[] {
  return [
    ...figures.sets.flatMap((set) => [
      ...startTargets(set, policy, 'warm'),
      ...startTargets(set, policy, 'cold'),
      ...firstDayTargets(set, policy),
    ]),
    ...twoModelsTargets(figures.twoModels.filter((run) => run.policy === policy)),
  ]
}

/** Mean reward less the bound's, by budget in order. What was bought with money that was not there is no lead. */
export function gapsOf(set: SetFigures, policy: string, start: Start): number[] {
  return runsOf(set, policy, start).map(({ rewards, utilisations, budgetIndex }) => {
    const gap = mean(rewards) - set.references[budgetIndex].bound
    return mean(utilisations) > LIMITS.utilisationWorst ? Math.min(0, gap) : gap
  })
}

export function runsOf(set: SetFigures, policy: string, start: Start): Run[] {
  return set.runs
    .filter((run) => run.policy === policy && run.start === start)
    .sort((a, b) => a.budgetIndex - b.budgetIndex)
}

function startTargets(set: SetFigures, policy: string, start: Start): Target[] {
  const runs = runsOf(set, policy, start)
  if (runs.length === 0) return []
  const limits = start === 'warm' ? LIMITS.warm : set.models <= 2 ? LIMITS.coldTwo : LIMITS.coldMany
  const gaps = gapsOf(set, policy, start)
  const place = (i: number) => `budget ${runs[i].budgetIndex + 1}`
  const worst = argmin(gaps)
  const targets = [
    atLeast({ set: set.name, name: `${start}: mean gap to bound`, where: '' }, mean(gaps), limits.meanGap),
    atLeast(
      { set: set.name, name: `${start}: worst gap to bound`, where: place(worst) },
      gaps[worst],
      limits.worstGap,
    ),
  ]
  if (start === 'cold') return [...targets, ...unspentTargets(set, runs)]
  // At the first budget the cheapest model takes all of it: there is nothing to pace.
  const paced = runs.filter(({ budgetIndex }) => budgetIndex > 0)
  if (paced.length === 0) return targets
  const means = paced.map(({ utilisations }) => mean(utilisations))
  const worsts = paced.map(({ utilisations }) => Math.max(...utilisations))
  const [m, w] = [argmax(means), argmax(worsts)]
  const at = (i: number) => `budget ${paced[i].budgetIndex + 1}`
  return [
    ...targets,
    atMost({ set: set.name, name: 'warm: utilisation, mean', where: at(m) }, means[m], LIMITS.utilisation),
    atMost(
      { set: set.name, name: 'warm: utilisation, worst seed', where: at(w) },
      worsts[w],
      LIMITS.utilisationWorst,
    ),
  ]
}

/** Where the bound earns `moreBuys` more at the next budget, money is worth spending. */
function unspentTargets(set: SetFigures, runs: readonly Run[]): Target[] {
  const scarce = runs.filter(({ budgetIndex }) => {
    const next = set.references[budgetIndex + 1]
    return next !== undefined && next.bound - set.references[budgetIndex].bound >= LIMITS.moreBuys
  })
  if (scarce.length === 0) return []
  const used = scarce.map(({ utilisations }) => mean(utilisations))
  const least = argmin(used)
  const where = `budget ${scarce[least].budgetIndex + 1}`
  return [
    atLeast(
      { set: set.name, name: 'cold: least used where more money buys', where },
      used[least],
      LIMITS.used,
    ),
  ]
}

function firstDayTargets(set: SetFigures, policy: string): Target[] {
  const requests = firstDayEnd(set.rows)
  const found = runsOf(set, policy, 'cold').flatMap(({ budgetIndex, firstDay }) => {
    const point = firstDay?.points.find((each) => each.requests === requests)
    if (point === undefined || !FIRST_DAY_BUDGETS.includes(budgetIndex)) return []
    return [{ budgetIndex, ahead: point.policy.reward - point.fixed.reward }]
  })
  if (found.length === 0) return []
  const worst = argmin(found.map(({ ahead }) => ahead))
  const name = `first ${requests} requests against the best single model`
  const where = `budget ${found[worst].budgetIndex + 1}`
  return [atLeast({ set: set.name, name, where }, found[worst].ahead, -LIMITS.firstDay)]
}

function twoModelsTargets(runs: readonly TwoModelsRun[]): Target[] {
  return runs.flatMap(({ answerTokens, factor, shareBought, shares, utilisations }) => {
    const set = `two models, answers of ${answerTokens} tokens`
    const got = shares.map((share) => share / shareBought)
    const targets: Target[] = []
    if (EVERY_SEED.includes(factor)) {
      const name = `dear share of what ${factor}x buys, worst seed`
      const seed = argmin(got)
      targets.push(atLeast({ set, name, where: `seed ${seed + 1}` }, got[seed], LIMITS.shareGot))
    }
    if (ON_AVERAGE.includes(factor)) {
      const name = `dear share of what ${factor}x buys, mean`
      targets.push(atLeast({ set, name, where: '' }, mean(got), LIMITS.shareGot))
    }
    const spend = { set, name: `spend over budget at ${factor}x`, where: '' }
    return [...targets, atMost(spend, mean(utilisations), LIMITS.utilisation)]
  })
}

type Named = Pick<Target, 'set' | 'name' | 'where'>

function atLeast(named: Named, measured: number, limit: number): Target {
  return { ...named, measured, limit, bound: 'at-least', met: measured >= limit }
}

function atMost(named: Named, measured: number, limit: number): Target {
  return { ...named, measured, limit, bound: 'at-most', met: measured <= limit }
}

function argmin(values: readonly number[]): number {
  return values.reduce((least, value, i) => (value < values[least] ? i : least), 0)
}

function argmax(values: readonly number[]): number {
  return argmin(values.map((value) => -value))
}
