import { ParetoBanditError } from '../base/errors.js'
import { fitPriors, type Priors } from '../index.js'
import type { KernelName } from '../kernel/kernel.js'
import { checkFeedbackTiming, type FeedbackTiming, PROMPT_FEEDBACK } from './feedback-timing.js'
import type { Round } from './play.js'
import { FIRST_SEED, planSeed, type SeedPlan } from './protocol.js'
import type { Course } from './scenarios.js'
import type { ReplaySettings } from './settings.js'
import type { OutcomeTable } from './table.js'

/** One course of events with everything that every strategy on it shares. */
export interface Bench {
  readonly course: Course
  readonly seeds: readonly number[]
  readonly plans: readonly SeedPlan[]
  /** Warm-up priors by seed; null in a cold run. */
  readonly priors: readonly (Priors | null)[]
  readonly train: OutcomeTable
  readonly data: OutcomeTable
  readonly modelIds: readonly string[]
  readonly kernel: KernelName | 'auto'
  readonly timing: FeedbackTiming
}

/**
 * Splits the rows for every seed and fits the priors.
 * @param cache priors by seed and newcomer, shared by the courses of a replay
 * @throws DATA_INVALID when there are too few rows to split; INVALID_ARGUMENT for a timing out of range, and for
 *   `fromStart` with priors, a scenario or a training table
 */
export function setBench(course: Course, settings: ReplaySettings, cache: Map<string, Priors>): Bench {
  const { data, cold, kernel } = settings
  checkFromStart(settings)
  const timing = checkFeedbackTiming(settings.timing ?? PROMPT_FEEDBACK)
  const train = settings.train ?? data
  const seeds = Array.from({ length: settings.seeds }, (_, s) => FIRST_SEED + s)
  const trainSize = settings.train === null ? null : settings.train.size
  const phased = course.phases.length > 1
  const split = seeds.map((seed) => planSeed({ seed, trainSize, dataSize: data.size, cold, phased }))
  const plans = settings.fromStart === true ? split.map(measuredFromStart) : split
  const starved = plans[0].phases.some((phase) => phase.length === 0) || (!cold && plans[0].fit.length === 0)
  if (starved) {
    const message = `too few rows to split: ${train.size} to learn from, ${data.size} to evaluate`
    throw new ParetoBanditError('DATA_INVALID', 'data', message)
  }
  const priors = plans.map((plan, s) => {
    if (cold) return null
    const key = `${seeds[s]} ${course.newcomer}`
    const fitted = cache.get(key) ?? fitOn(train, plan.fit, course.newcomer)
    cache.set(key, fitted)
    return fitted
  })
  const modelIds = data.models.map((model) => model.id)
  return { course, seeds, plans, priors, train, data, modelIds, kernel, timing }
}

function checkFromStart({ fromStart, cold, scenario, train }: ReplaySettings): void {
  if (fromStart !== true) return
  const why = !cold
    ? 'expected a cold replay: with priors, rows have been seen before the first request'
    : scenario !== 'stationary'
      ? `expected scenario stationary, got '${scenario}', whose events come after the burn-in`
      : train !== null
        ? 'expected no training table, whose rows are routed before the first that is measured'
        : null
  if (why !== null) throw new ParetoBanditError('INVALID_ARGUMENT', 'fromStart', why)
}

/** What would be burnt in is measured too, in the same order. */
function measuredFromStart({ fit, burnIn, phases }: SeedPlan): SeedPlan {
  return { fit, burnIn: [], phases: [[...burnIn, ...phases.flat()]] }
}

/** What the s-th seed plays. */
export function roundOf(bench: Bench, s: number): Round {
  const { course, train, data, timing } = bench
  return { plan: bench.plans[s], course, train, data, timing, seed: bench.seeds[s] }
}

/** Priors of every model but the newcomer, of which nothing can be known beforehand. */
export function fitOn(table: OutcomeTable, rows: readonly number[], newcomer: number | null): Priors {
  const known = table.models.map((_, m) => m).filter((m) => m !== newcomer)
  const count = table.models.length
  const fitRows = rows.map((row) => ({
    context: table.contexts[row],
    outcomes: Object.fromEntries(
      known.map((m) => {
        const at = row * count + m
        return [table.models[m].id, { reward: table.rewards[at], costUsd: table.costsUsd[at] }]
      }),
    ),
  }))
  return fitPriors(fitRows, { dimension: table.dimension })
}
