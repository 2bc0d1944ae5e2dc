import { percent, perThousand, savedShare, usdPerThousand } from '../report/format.js'
import { differenceOf, isSameQuality, SAME_QUALITY_NOTE, SAME_QUALITY_SHARE } from '../report/same-quality.js'
import type { Estimate } from './estimators.js'
import type { Evaluation, PolicyEvaluation } from './evaluation.js'

/**
 * Answers that are all worth the same have intervals of no width, and a worse one may not have come yet. After this many it is, at
 * 95 % confidence, less than the share of `SAME_QUALITY_SHARE` that is worth nothing.
 */
const ALIKE_MIN = Math.ceil(Math.log(0.025) / Math.log(1 - SAME_QUALITY_SHARE))

/** Another policy, of which the log says what it would have cost and earned. */
interface Rival {
  readonly policy: string
  /** USD a request. */
  readonly cost: Estimate
  /** Its reward less the logged one. */
  readonly gain: Estimate
  /** Whether all answers were worth the same, and too few to tell from that. */
  readonly isTooFew: boolean
  readonly effectiveSampleSize: number
  /** Shares of the logged cost, with the ends of the interval. */
  readonly saved: number
  readonly savedCi95: readonly [low: number, high: number]
}

/** In one sentence: what of the dollars spent another policy would have saved at the same quality; doubly robust estimates. */
export function evaluationVerdict({ policies }: Evaluation): string {
  const [logged, ...others] = policies
  if (others.length === 0) return notKnown('no other policy was asked for (--policy)')
  const before = logged.costUsd?.doublyRobust
  const reward = logged.reward?.doublyRobust
  if (before === undefined) return notKnown('the log does not say what requests cost')
  if (before.mean <= 0) return 'No dollars could be saved: the requests of the log cost nothing.'
  if (reward === undefined) return notKnown('the log does not say what answers were worth')
  const rivals = others.flatMap((each) => rivalOf(each, before))
  if (rivals.length === 0) return notKnown('the log does not say what the other policies would have cost')
  const like = rivals.filter(({ gain, savedCi95 }) => savedCi95[0] > 0 && isSameQuality(gain, reward.mean))
  const same = like.filter(({ isTooFew }) => !isTooFew)
  const best = (list: readonly Rival[]) =>
    list.reduce((one, other) => (other.saved > one.saved ? other : one))
  if (same.length > 0) {
    const { policy, cost, gain, saved, savedCi95 } = best(same)
    return `Of the dollars you spent ${savedShare(saved)} (${rangeOf(savedCi95)}) could be saved at the same quality: ${policy} would have cost ${perThousand(cost.mean)} instead of ${usdPerThousand(before.mean)}, for a reward that is ${change(gain)}.`
  }
  if (like.length > 0) {
    const { policy, effectiveSampleSize } = best(like)
    return `Whether dollars could be saved at the same quality is not known yet: all answers that tell of ${policy} were worth the same, and ${ALIKE_MIN} of them would show that worse ones are rare; the log has ${Math.floor(effectiveSampleSize)}.`
  }
  const { policy, gain, saved, savedCi95 } = best(rivals)
  const cost = saved > 0 ? `${savedShare(saved)} less` : `${percent(-saved)} more`
  const isClear = savedCi95[0] > 0 || savedCi95[1] < 0
  const share = isClear ? cost : `${cost}, which may be chance,`
  return `The log does not show that dollars could be saved at the same quality: the cheapest policy that was asked for, ${policy}, would have cost ${share} for a reward that is ${change(gain)}.`
}

/** What the words of the sentence mean, and how sure its numbers are. */
export const VERDICT_NOTE = `${SAME_QUALITY_NOTE} In brackets: 95 % confidence intervals, for each policy by itself.`

function notKnown(why: string): string {
  return `Whether dollars could be saved at the same quality is not known: ${why}.`
}

function rivalOf(
  { policy, costUsd, rewardOverLogged, effectiveSampleSize }: PolicyEvaluation,
  before: Estimate,
): readonly Rival[] {
  if (costUsd === null || rewardOverLogged === null) return []
  const cost = costUsd.doublyRobust
  const less = differenceOf(before, cost)
  const [low, high] = less.ci95
  const savedCi95 = [low / before.mean, high / before.mean] as const
  const isTooFew = rewardOverLogged.standardError === 0 && effectiveSampleSize < ALIKE_MIN
  const gain = rewardOverLogged
  return [{ policy, cost, gain, isTooFew, effectiveSampleSize, saved: less.mean / before.mean, savedCi95 }]
}

function rangeOf([low, high]: readonly [low: number, high: number]): string {
  return `${savedShare(low)} to ${savedShare(Math.min(1, high))}`
}

function change({ mean, ci95: [low, high] }: Estimate): string {
  const text = (value: number) => `${Math.abs(value).toFixed(3)} ${value < 0 ? 'lower' : 'higher'}`
  return `${text(mean)} (${text(low)} to ${text(high)})`
}
