import type { DashboardData } from '../../src/gateway/dashboard/shape.js'
import { count, plain, short } from '../shared/format.js'

type Model = DashboardData['stats']['models'][number]

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
