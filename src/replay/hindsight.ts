import { newRunRecord, type RunRecord } from './play.js'
import type { SeedPlan } from './protocol.js'
import { type Course, costUnder, rewardUnder } from './scenarios.js'
import type { OutcomeTable } from './table.js'

/** Mean reward and cost of one model over the rows of a phase. */
export interface Point {
  readonly reward: number
  readonly costUsd: number
}

/** One fixed model for every evaluation row. */
export function playFixed(model: number, plan: SeedPlan, course: Course, data: OutcomeTable): RunRecord {
  return record(plan, course, data, () => model)
}

/**
 * The per-prompt oracle: on each row the model of the highest recorded reward (as the phase has it), the cheapest of
 * them when several are tied. It ignores budgets, and no policy can have a higher mean reward on the same rows.
 */
export function playOracle(plan: SeedPlan, course: Course, data: OutcomeTable): RunRecord {
  return record(plan, course, data, (rewards, costsUsd) => {
    let best = 0
    for (let m = 1; m < rewards.length; m++) {
      const ahead = rewards[m] - rewards[best]
      if (ahead > 0 || (ahead === 0 && costsUsd[m] < costsUsd[best])) best = m
    }
    return best
  })
}

/** What two fixed models reach in a mix: `share` of the requests go to `second`, the others to `first`. */
export interface Mix extends Point {
  readonly first: number
  readonly second: number
  readonly share: number
}

/**
 * The best mix of two fixed models whose mean cost is within the budget, knowing the mean reward and cost of each on
 * the very rows it is measured on. When even the cheapest model costs more, that one.
 * @param points mean reward and cost by model
 */
export function bestMix(points: readonly Point[], budgetUsd: number): Mix {
  let cheapest = 0
  for (let m = 1; m < points.length; m++) if (points[m].costUsd < points[cheapest].costUsd) cheapest = m
  let best: Mix = { ...points[cheapest], first: cheapest, second: cheapest, share: 0 }
  points.forEach((first, i) => {
    if (first.costUsd > budgetUsd) return
    if (first.reward > best.reward) best = { ...first, first: i, second: i, share: 0 }
    points.forEach((second, j) => {
      if (second.costUsd <= budgetUsd) return
      const share = (budgetUsd - first.costUsd) / (second.costUsd - first.costUsd)
      const reward = first.reward + share * (second.reward - first.reward)
      if (reward > best.reward) best = { reward, costUsd: budgetUsd, first: i, second: j, share }
    })
  })
  return best
}

type Pick = (rewards: readonly number[], costsUsd: readonly number[]) => number

function record(plan: SeedPlan, course: Course, data: OutcomeTable, pick: Pick): RunRecord {
  const run = newRunRecord(plan)
  const count = data.models.length
  plan.phases.forEach((rows, p) => {
    const { shift } = course.phases[p]
    for (const row of rows) {
      const rewards = data.models.map((_, m) => rewardUnder(shift, m, data.rewards[row * count + m]))
      const costsUsd = data.models.map((_, m) => costUnder(shift, m, data.costsUsd[row * count + m]))
      const m = pick(rewards, costsUsd)
      const i = run.length++
      run.models[i] = m
      run.rewards[i] = rewards[m]
      run.costsUsd[i] = costsUsd[m]
    }
  })
  return run
}
