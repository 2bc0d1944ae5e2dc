import type { KernelName } from '../kernel/kernel.js'
import type { PolicyName } from '../policy/policies.js'
import type { FeedbackTiming } from './feedback-timing.js'
import type { RunRecord } from './play.js'
import type { Course, ScenarioName } from './scenarios.js'
import type { PolicyKnobs } from './strategy.js'
import type { OutcomeTable } from './table.js'

export interface ReplaySettings {
  readonly scenario: ScenarioName
  /** The courses of events of the scenario, see `coursesOf`. */
  readonly courses: readonly Course[]
  /** Rows that evaluate (and, without `train`, fit and burn in too). */
  readonly data: OutcomeTable
  /** Rows that fit priors and burn in, over the same models in the same order, or null. */
  readonly train: OutcomeTable | null
  readonly budgetsUsd: readonly number[]
  readonly policy: PolicyName
  /** How many seeds, from 1000 on. */
  readonly seeds: number
  readonly cold: boolean
  /** Of a cold replay: measure from the first request on, and burn in none. Default false. */
  readonly fromStart?: boolean
  readonly kernel: KernelName | 'auto'
  /** When and how feedback comes, for the policy and the baselines alike. Default: prompt, complete and exact. */
  readonly timing?: FeedbackTiming
  /** Knobs of the policy under replay; baselines keep the defaults. */
  readonly knobs?: PolicyKnobs
  /** Policies that are played at every budget as baselines. Default: `paper` and `thompson`, but for the one under replay. */
  readonly beside?: readonly PolicyName[]
}

/** Where a replay is, for progress bars and live views. */
export interface ReplayProgress {
  readonly scenario: ScenarioName
  /** True when the policy started from nothing. */
  readonly cold: boolean
  readonly course: Course
  /** What is being played: the policy, or a baseline. */
  readonly playing: string
  /** Null while a baseline plays, also one that keeps a budget. */
  readonly budgetUsdPerRequest: number | null
  /** Seed under way, from 1. */
  readonly seed: number
  readonly seeds: number
  /** Share of the whole replay that is done. */
  readonly fraction: number
  /** The run under way. */
  readonly record: RunRecord
}

export interface ReplayObserver {
  /** Called between requests. A promise is awaited; neither that nor drawing counts as routing time. */
  onProgress?(progress: ReplayProgress): void | Promise<void>
  /** How long to play before the next call, ms; 30 by default. 0 calls every 64 requests. */
  turnMs?(seed: number): number
}
