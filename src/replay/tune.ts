import { ParetoBanditError } from '../base/errors.js'
import { mulberry32, permutation } from '../base/random.js'
import { confidence95, mean } from '../base/statistics.js'
import type { KernelName } from '../kernel/kernel.js'
import type { PolicyName } from '../policy/policies.js'
import { type Bench, fitOn } from './bench.js'
import { playBudgeted } from './budgeted.js'
import { PROMPT_FEEDBACK } from './feedback-timing.js'
import type { Point } from './hindsight.js'
import { knobGrid } from './knobs.js'
import { ProgressClock } from './progress.js'
import { FIRST_SEED, type SeedPlan } from './protocol.js'
import { coursesOf } from './scenarios.js'
import type { ReplayObserver } from './settings.js'
import type { PolicyKnobs } from './strategy.js'
import type { OutcomeTable } from './table.js'

export interface TuneSettings {
  readonly data: OutcomeTable
  /** Share of each shuffle that is searched on, in (0, 1); the rest is held out. */
  readonly trainShare: number
  readonly budgetsUsd: readonly number[]
  readonly policy: PolicyName
  /** How many shuffles, from seed 1000 on. */
  readonly seeds: number
  readonly kernel: KernelName | 'auto'
}

/** Defaults and tuned knobs at one budget, on the same shuffles; means over them. */
export interface TunedRow {
  readonly budgetUsdPerRequest: number
  readonly defaultReward: number
  readonly defaultUtilisation: number
  readonly reward: number
  readonly utilisation: number
  /** Mean of the paired differences of reward, and its 95 % confidence interval over shuffles. */
  readonly gain: number
  readonly gainCi95: readonly [low: number, high: number]
}

/** One setting of the knobs against the defaults. */
export interface TunedSetting {
  /** Knobs that differ from the policy's defaults. */
  readonly knobs: PolicyKnobs
  /** Mean over budgets of the paired differences. */
  readonly gain: number
  readonly gainCi95: readonly [low: number, high: number]
  /** False for a setting that spends over the ceiling where the defaults do not. */
  readonly withinBudget: boolean
  readonly rows: readonly TunedRow[]
}

export interface TuneReport {
  readonly policy: PolicyName
  readonly seeds: number
  readonly trainShare: number
  /** Settings tried, defaults included. */
  readonly tried: number
  /** Those that were played on every shuffle of the train part, best first. */
  readonly finalists: readonly TunedSetting[]
  /** The best finalist on the rows that the search never saw within the same shuffle. */
  readonly heldOut: TunedSetting
  /** True unless the chosen setting is ahead beyond noise on the held-out rows, within the budget. */
  readonly defaultsAsGood: boolean
}

/** Settings left after the first and the second round. */
const KEEP = [16, 4] as const
/** Mean spend this much over both the ceiling and what the defaults spend disqualifies a setting. */
const UTILISATION_SLACK = 0.01

/** Outcomes of one setting: reward and cost at [budget][shuffle]. */
interface Trial {
  readonly knobs: PolicyKnobs
  readonly points: Point[][]
}

/**
 * Searches the knobs of a policy by replay, in three rounds of successive halving: all settings on a fifth of the
 * shuffles, the best 16 on two fifths, the best 4 on all. A setting counts by its mean gain over the defaults, paired by
 * shuffle and budget, if it keeps the ceiling. Then the best one and the defaults are played once on the held-out rows.
 * A shuffle's held-out rows may be train rows of another shuffle, as in `replay`.
 * @throws INVALID_ARGUMENT unless 0 < trainShare < 1; DATA_INVALID when there are too few rows to split
 */
export async function tune(settings: TuneSettings, observer: ReplayObserver = {}): Promise<TuneReport> {
  const { budgetsUsd, policy, seeds, trainShare } = settings
  const train = tuneBench(settings, trainPlan)
  const grid = knobGrid()
  const played = { scenario: 'stationary', seeds, cold: false } as const
  const clock = new ProgressClock(played, observer, runsOf(settings, grid.length))
  const trials: Trial[] = grid.map((knobs) => ({ knobs, points: budgetsUsd.map(() => []) }))
  const [defaults] = trials
  let left = trials
  for (const [round, shuffles] of shufflesByRound(seeds).entries()) {
    for (const trial of left) await extend(trial, train, shuffles, settings, clock)
    const keep = KEEP[round]
    if (keep === undefined) continue
    const ranked = rank(left, defaults, budgetsUsd).slice(0, keep)
    left = ranked.includes(defaults) ? ranked : [...ranked.slice(0, -1), defaults]
  }
  const finalists = rank(left, defaults, budgetsUsd).map((trial) => compare(trial, defaults, budgetsUsd))
  const chosen = finalists[0].knobs
  const held = tuneBench(settings, heldOutPlan)
  const [reference, tuned] = [{}, chosen].map((knobs): Trial => ({ knobs, points: budgetsUsd.map(() => []) }))
  for (const trial of [reference, tuned]) await extend(trial, held, seeds, settings, clock)
  const heldOut = compare(tuned, reference, budgetsUsd)
  // One shuffle has no spread to tell noise by.
  const defaultsAsGood = !(seeds > 1 && heldOut.gainCi95[0] > 0 && heldOut.withinBudget)
  return { policy, seeds, trainShare, tried: grid.length, finalists, heldOut, defaultsAsGood }
}

function shufflesByRound(seeds: number): number[] {
  return [Math.ceil(seeds / 5), Math.ceil((2 * seeds) / 5), seeds]
}

function runsOf({ seeds, budgetsUsd }: TuneSettings, settings: number): number {
  const [first, second, all] = shufflesByRound(seeds)
  const searched = settings * first + KEEP[0] * (second - first) + KEEP[1] * (all - second)
  return budgetsUsd.length * (searched + 2 * seeds)
}

/** Plays a setting on the shuffles that it has not been played on, up to `shuffles` of them. */
async function extend(
  trial: Trial,
  bench: Bench,
  shuffles: number,
  { policy, budgetsUsd }: TuneSettings,
  clock: ProgressClock,
): Promise<void> {
  for (const [b, budgetUsdPerRequest] of budgetsUsd.entries()) {
    const from = trial.points[b].length
    const part = {
      ...bench,
      seeds: bench.seeds.slice(from, shuffles),
      plans: bench.plans.slice(from, shuffles),
      priors: bench.priors.slice(from, shuffles),
    }
    const run = { policy, budgetUsdPerRequest, knobs: trial.knobs, leading: true }
    const tally = await playBudgeted(part, run, clock)
    for (const s of part.seeds.keys()) trial.points[b].push(tally.point(s, 0))
  }
}

/** Settings that keep the ceiling first, by gain; the defaults before what only equals them. */
function rank(trials: readonly Trial[], defaults: Trial, budgetsUsd: readonly number[]): Trial[] {
  return trials
    .map((trial) => ({ trial, ...compare(trial, defaults, budgetsUsd) }))
    .sort(
      (a, b) =>
        Number(b.withinBudget) - Number(a.withinBudget) ||
        b.gain - a.gain ||
        Number(b.trial === defaults) - Number(a.trial === defaults),
    )
    .map(({ trial }) => trial)
}

function compare(trial: Trial, defaults: Trial, budgetsUsd: readonly number[]): TunedSetting {
  const rows = budgetsUsd.map((budgetUsdPerRequest, b): TunedRow => {
    const own = trial.points[b]
    const others = defaults.points[b].slice(0, own.length)
    const gains = own.map(({ reward }, s) => reward - others[s].reward)
    return {
      budgetUsdPerRequest,
      defaultReward: mean(others.map(({ reward }) => reward)),
      defaultUtilisation: mean(others.map(({ costUsd }) => costUsd)) / budgetUsdPerRequest,
      reward: mean(own.map(({ reward }) => reward)),
      utilisation: mean(own.map(({ costUsd }) => costUsd)) / budgetUsdPerRequest,
      gain: mean(gains),
      gainCi95: confidence95(gains),
    }
  })
  const byShuffle = trial.points[0].map((_, s) =>
    mean(trial.points.map((points, b) => points[s].reward - defaults.points[b][s].reward)),
  )
  return {
    knobs: trial.knobs,
    gain: mean(byShuffle),
    gainCi95: confidence95(byShuffle),
    withinBudget: rows.every(
      (row) => row.utilisation <= Math.max(1, row.defaultUtilisation) + UTILISATION_SLACK,
    ),
    rows,
  }
}

/** One seed's rows: those to search on, those held out. */
type Split = (train: readonly number[], held: readonly number[]) => SeedPlan

/** The protocol of `replay` within the train part: 40 % fit priors, 20 % are burnt in, 40 % measure. */
const trainPlan: Split = (train) => ({
  fit: train.slice(0, Math.floor(0.4 * train.length)),
  burnIn: train.slice(Math.floor(0.4 * train.length), Math.floor(0.6 * train.length)),
  phases: [train.slice(Math.floor(0.6 * train.length))],
})

/** Two thirds of the train part fit priors, one third is burnt in: with a share of 0.6 what `replay` does. */
const heldOutPlan: Split = (train, held) => ({
  fit: train.slice(0, Math.floor((2 * train.length) / 3)),
  burnIn: train.slice(Math.floor((2 * train.length) / 3)),
  phases: [held],
})

function tuneBench({ data, trainShare, seeds: count, kernel }: TuneSettings, split: Split): Bench {
  if (!(trainShare > 0 && trainShare < 1)) {
    throw new ParetoBanditError(
      'INVALID_ARGUMENT',
      'trainShare',
      `expected a number in (0, 1), got ${trainShare}`,
    )
  }
  const seeds = Array.from({ length: count }, (_, s) => FIRST_SEED + s)
  const cut = Math.floor(trainShare * data.size)
  const plans = seeds.map((seed) => {
    const order = permutation(data.size, mulberry32(seed))
    return split(order.slice(0, cut), order.slice(cut))
  })
  if (plans.some(({ fit, phases }) => fit.length === 0 || phases[0].length === 0)) {
    throw new ParetoBanditError('DATA_INVALID', 'data', `too few rows to split: ${data.size}`)
  }
  const [course] = coursesOf('stationary', data.models)
  const priors = plans.map(({ fit }) => fitOn(data, fit, null))
  const modelIds = data.models.map(({ id }) => id)
  return { course, seeds, plans, priors, train: data, data, modelIds, kernel, timing: PROMPT_FEEDBACK }
}
