import type { DashboardData, SavingsRow, WhatIfMix } from '../../src/gateway/dashboard/shape.js'
import { count, percent, plain, short, time, usd } from '../shared/format.js'

type Model = DashboardData['stats']['models'][number]
type ShownCap = Pick<
  NonNullable<DashboardData['stats']['account']>['caps'][number],
  'usd' | 'per' | 'window' | 'spentUsd' | 'reservedUsd' | 'availableUsd' | 'endsAt'
>

/** How often a notice had come before: `once before`. */
export function timesBefore(times: number): string {
  return times === 1 ? 'once before' : `${times} times before`
}

/** Alarms of a model by what they were of, or an empty text. */
export function alarmsOf(model: Model): string {
  const counts = [
    [model.rewardAlarms, 'of reward'],
    [model.costAlarms, 'of cost'],
    [model.latencyAlarms, 'of latency'],
    [model.outages, 'of being down or paused'],
  ] as const
  return counts
    .filter(([number]) => number > 0)
    .map(([number, what]) => `${number} ${what}`)
    .join(', ')
}

/**
 * Whether the budget is held, in words: what may run ahead of it is what was saved up.
 * @param utilisation of the budget, with what is reserved; null: nothing came yet
 * @param bookedUsd spent and reserved
 */
export function heldText(utilisation: number | null, bookedUsd: number, boundUsd: number | null): string {
  if (utilisation === null || utilisation <= 1) return 'Held'
  if (boundUsd === null) return 'Above the budget'
  return bookedUsd <= boundUsd ? 'Held within its bound' : 'Above the bound'
}

/**
 * What is said in place of rewards where none was ever given, and no priors tell models apart; null: they are known.
 * @param expected rewards of models
 */
export function unrewardedText(
  models: readonly Pick<Model, 'rewarded'>[],
  expected: readonly number[],
): string | null {
  const areApart = new Set(expected.map((reward) => plain(reward))).size > 1
  if (areApart || models.some(({ rewarded }) => rewarded > 0)) return null
  return 'No reward has come yet, so nothing is known of which model answers better: costs alone can be compared.'
}

/** Models of which a reward is known. Where none has any, priors tell them apart: then all. */
export function knownModels(models: readonly Pick<Model, 'id' | 'rewarded'>[]): ReadonlySet<string> {
  const rewarded = models.filter(({ rewarded: times }) => times > 0)
  return new Set((rewarded.length === 0 ? models : rewarded).map(({ id }) => id))
}

/** The model that is expected to answer best, of those of which a reward is known: what is expected of the others is where they begin. */
export function bestKnown(rows: readonly SavingsRow[], known: ReadonlySet<string>): SavingsRow | null {
  const told = rows.filter(({ model }) => known.has(model))
  return told.length === 0 ? null : told.reduce((a, b) => (b.reward.mean > a.reward.mean ? b : a))
}

/** How much of another budget's requests would go where nothing is known of answers; an empty text: none. */
export function guessText({ shares }: WhatIfMix, known: ReadonlySet<string>): string {
  const share = shares.reduce((sum, each) => (known.has(each.model) ? sum : sum + each.share), 0)
  if (share === 0) return ''
  return `${percent(share)} of them would go to models that have had no reward yet: what those would earn is a guess.`
}

/** How much less or more than always asking another model. @param ratio of the costs, >= 0 */
export function againstText(ratio: number): string {
  if (ratio > 0 && ratio < 0.005) return 'over 99 % less'
  if (ratio > 2) return `${count(100 * (ratio - 1))} % more`
  return `${percent(Math.abs(1 - ratio))} ${ratio <= 1 ? 'less' : 'more'}`
}

/** A ratio of costs: what is not 0 is not written as 0. */
export function timesText(ratio: number): string {
  if (!Number.isFinite(ratio)) return '–'
  if (ratio > 0 && ratio < 0.001) return 'under 0.001 ×'
  return `${ratio < 0.1 ? short(Number(ratio.toPrecision(2))) : ratio < 10 ? ratio.toFixed(2) : count(ratio)} ×`
}

/** How a cap stands: its parts add up to it; and when a calendar's next stretch begins. @param now ms since 1970 UTC */
export function capText(cap: ShownCap, now: number): string {
  const { per, window, spentUsd, reservedUsd, availableUsd, endsAt } = cap
  const isRolling = window === 'rolling'
  const reserved = reservedUsd > 0 ? `, reserved ${usd(reservedUsd)}` : ''
  const until = isRolling || endsAt <= now ? '' : `, until ${time(endsAt, now)}`
  return `cap ${usd(cap.usd)} per ${per}${isRolling ? ', rolling' : ''}: spent ${usd(spentUsd)}${reserved}, left ${usd(availableUsd)}${until}`
}

/** Of decisions that another budget cannot send elsewhere. An empty text where each had a choice. */
export function oneModelText(withOneModel: number, decisions: number): string {
  if (withOneModel === 0) return ''
  const which =
    withOneModel === decisions ? 'All of them' : `${count(withOneModel)} of the ${count(decisions)}`
  return `${which} had no other model to go to, whatever it costs: the request names one, or nothing else can serve it.`
}

/** As far as an import of prices lets one go unasked. */
const FAR_TIMES = 100

/**
 * What is asked of an operator before an amount that is likely a slip of the keyboard is set; null: nothing.
 * @param now null: no such amount is in force
 */
export function farText(what: string, now: number | null, given: number): string | null {
  if (now === null || now <= 0) return null
  if (given === 0) return `${what} would be $0. If that is meant, press again.`
  if (given < now * FAR_TIMES && given > now / FAR_TIMES) return null
  const times = given > now ? given / now : now / given
  const how = given > now ? 'what it is now' : 'less than it is now'
  return `${what} would be ${short(times)} times ${how}. If that is meant, press again.`
}
