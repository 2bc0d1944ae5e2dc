import { percent, usd as usdText } from '../base/format.js'

export { percent }

/** A share of dollars that is saved: what was spent is not written as nothing. */
export function savedShare(share: number): string {
  return share >= 0.995 && share < 1 ? 'over 99 %' : percent(share)
}

/** Dollars per request as dollars per 1,000 requests: `$0.029`, `$0.66`, `$15.0`. */
export function usdPerThousand(usdPerRequest: number): string {
  const usd = usdPerRequest * 1000
  if (usd === 0) return '$0'
  // Nobody reads dollars with an exponent.
  if (usd < 1e-3 || usd >= 1e5) return usdText(usd)
  if (usd >= 1000) return `$${Math.round(usd)}`
  const digits = usd >= 10 ? 1 : usd >= 0.1 ? 2 : usd >= 0.01 ? 3 : 4
  return `$${usd.toFixed(digits)}`
}

/** A reward to three decimals, without the zero before the point. */
export function reward(value: number): string {
  return value.toFixed(3).replace(/^0\./, '.')
}

/** Half the width of a confidence interval, to four decimals: `±.0012`. Of one seed, which has none, nothing: 0 would look certain. */
export function halfWidth([low, high]: readonly [low: number, high: number]): string {
  return low === high ? '' : `±${((high - low) / 2).toFixed(4).replace(/^0\./, '.')}`
}

interface Measured {
  readonly reward: number
  /** 95 % confidence interval of the mean over seeds. */
  readonly rewardCi95: readonly [low: number, high: number]
}

/** `.785 ±.0012`. */
export function rewardAndWidth({ reward: mean, rewardCi95 }: Measured): string {
  return `${reward(mean)} ${halfWidth(rewardCi95)}`.trimEnd()
}

export function perThousand(usdPerRequest: number): string {
  return `${usdPerThousand(usdPerRequest)} per 1,000 requests`
}

/** The part of an id after its last slash: `google/gemini-2.5-pro` reads `gemini-2.5-pro`. */
export function shortName(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1) || id
}
