import type { MetricScale, REWARD_SOURCES } from '../../rewards/index.js'
import type { Secret } from './secret.js'

export type RewardSource = (typeof REWARD_SOURCES)[number]

export interface RewardsConfig {
  /** Rewards of one request within so long are combined, ms. Default 60,000. */
  readonly windowMs: number
  /** What a reward of each source weighs, >= 0. Defaults: validator 0.2, client 1, person 2, judge 0.5. */
  readonly weights: Readonly<Record<RewardSource, number>>
  /** Scales of what clients send; a metric that is not named has [0, 1]. Default []. */
  readonly metrics: readonly MetricScale[]
  /** What answers say of themselves. */
  readonly validators: ValidatorsConfig
  /** Null, the default: no answer is graded. */
  readonly judge: JudgeConfig | null
  /** Null, the default: no signed links. */
  readonly links: LinksConfig | null
}

/** What answers say of themselves: JSON where it was asked for, arguments that fit their tools, nothing said, the same asked again. */
export interface ValidatorsConfig {
  /** Default true. */
  readonly enabled: boolean
  /** Who asks the same again so soon was not served, ms. 0: that is not looked for. Default 60,000. */
  readonly repeatMs: number
  /** So long what they say waits for others to say more, ms; then it is applied. Default 1 h. */
  readonly waitMs: number
}

export interface JudgeConfig {
  /** Id of the model that grades. */
  readonly model: string
  /** Share of answers that are graded, in (0, 1]. Default 0.02. */
  readonly share: number
  /** What grading may cost a day, USD, > 0: an account of its own. */
  readonly capUsdPerDay: number
  /** What makes an answer good, in a sentence or some. Null, the default: that it is right, complete, and what was asked for. */
  readonly rubric: string | null
  /** Whether its scores are put on the scale of people's thumbs, learned where both speak of an answer. Default true. */
  readonly calibrate: boolean
}

export interface LinksConfig {
  /** Signs links: at least 32 characters. */
  readonly secret: Secret
  /** Default 30 days. */
  readonly ttlMs: number
  /** How people reach this gateway: `https://llm.example.com`. Null, the default: as the request that asks for links came. */
  readonly baseUrl: string | null
}
