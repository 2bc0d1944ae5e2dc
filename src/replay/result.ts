import type { BaselineName } from './baseline-names.js'
import type { Calibration } from './calibration.js'
import type { Check } from './check.js'
import type { FeedbackTiming } from './feedback-timing.js'
import type { FirstDay } from './first-day-point.js'
import type { LearningCurve } from './learning-block.js'
import type { Course, OnboardingVariant, ScenarioName } from './scenarios.js'
import type { Trace } from './tally.js'

/** The policy at one budget, in one phase of one variant; means over seeds. */
export interface PolicyRow {
  readonly budgetUsdPerRequest: number
  /** Null in scenarios without phases. */
  readonly phase: 1 | 2 | 3 | null
  /** Null in scenarios without variants. */
  readonly variant: OnboardingVariant | null
  readonly reward: number
  /** 95 % confidence interval of the mean over seeds (Student's t); both ends are the mean when there is one seed. */
  readonly rewardCi95: readonly [low: number, high: number]
  /** Mean cost over budget in the phase. */
  readonly utilisation: number
  /** Mean cost over budget from the start of evaluation to the end of the phase. */
  readonly utilisationCumulative: number
  /** The worst seed's utilisation. */
  readonly utilisationWorst: number
  /** Share of the phase's requests by model id. */
  readonly shares: Readonly<Record<string, number>>
  /** Median shadow price over the phase's requests of all seeds. */
  readonly lambdaMedian: number
  /** Drift alarms in the phase, a run's mean. On traffic that does not change all of them are false. */
  readonly alarms: number
}

/** A baseline on the same rows. */
export interface BaselineRow {
  readonly baseline: BaselineName
  /** The model of a fixed baseline, else null. */
  readonly model: string | null
  /** Null for baselines that ignore budgets. */
  readonly budgetUsdPerRequest: number | null
  readonly phase: 1 | 2 | 3 | null
  readonly variant: OnboardingVariant | null
  readonly reward: number
  readonly rewardCi95: readonly [low: number, high: number]
  readonly costUsdPerRequest: number
  /** Mean cost over budget, or null without a budget. */
  readonly utilisation: number | null
  readonly shares: Readonly<Record<string, number>>
}

/** What a replay writes as JSON. */
export interface ReplayReport {
  readonly scenario: ScenarioName
  readonly policy: string
  readonly seeds: number
  /** True when the policy had no priors. */
  readonly cold: boolean
  readonly feedback: FeedbackTiming
  readonly rows: readonly PolicyRow[]
  readonly baselines: readonly BaselineRow[]
  /** The targets, each held against a cell. */
  readonly checks: readonly Check[]
  /** Predicted against realised dollars of the policy. */
  readonly calibration: readonly Calibration[]
  /** How a cold start catches up with a warm one, one curve a budget; empty unless cold. */
  readonly learningCurve: readonly LearningCurve[]
  /** True when everything was measured from the first request on. */
  readonly fromStart: boolean
  /** Of a cold start on stationary traffic, what came of its first requests, at each budget; else empty. */
  readonly firstDay: readonly FirstDay[]
  /** Requests that the policy routed, feedback included, per second of wall time; drawing is not counted. */
  readonly requestsPerSecond: number
}

/** How the policy went over time on one course at one budget. */
export interface RunTrace {
  readonly variant: OnboardingVariant | null
  readonly budgetUsdPerRequest: number
  readonly trace: Trace
}

/** A report and what the plots need besides. */
export interface ReplayResult {
  readonly report: ReplayReport
  readonly modelIds: readonly string[]
  readonly courses: readonly Course[]
  readonly budgetsUsd: readonly number[]
  readonly traces: readonly RunTrace[]
  /** Policy `paper` over time at the same budgets, in the same order; empty when it was not played beside. */
  readonly paperTraces: readonly RunTrace[]
  /** The same as `report.firstDay`, at many more requests: for a picture. */
  readonly firstDayCurves: readonly FirstDay[]
  /** Rows that fit priors, are burnt in, and are measured, for one seed. */
  readonly rowCounts: { readonly fit: number; readonly burnIn: number; readonly evaluation: number }
}
