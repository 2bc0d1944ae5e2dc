/** Replaying recorded or simulated outcomes through a policy. Nothing in here touches files or `node:` modules. */

export { mulberry32, permutation, type Random } from '../base/random.js'
export { BASELINE_NAMES, type BaselineName } from './baseline-names.js'
export { STATIC_COST_WEIGHT } from './baselines.js'
export { autoBudgets, type BudgetChoice, parseBudgets, SCENARIO_BUDGETS_USD } from './budgets.js'
export type { Calibration, CalibrationPoint } from './calibration.js'
export { CHECK_NAMES, type Check, type CheckName } from './check.js'
export { CHECK_TEXTS, LIMITS } from './check-limits.js'
export { type Outcome, type OutcomeRow, parseOutcomes } from './dataset.js'
export { type FeedbackTiming, PROMPT_FEEDBACK } from './feedback-timing.js'
export { KNOB_VALUES, knobGrid } from './knobs.js'
export type { LearningBlock, LearningCurve } from './learning-block.js'
export { FIRST_SEED, type PlanOptions, planSeed, type SeedPlan } from './protocol.js'
export { type ReportInput, renderReport } from './report/page.js'
export type { BaselineRow, PolicyRow, ReplayReport, ReplayResult, RunTrace } from './result.js'
export { runReplay } from './runner.js'
export {
  type Course,
  type CourseOptions,
  coursesOf,
  ONBOARDING_VARIANTS,
  type OnboardingVariant,
  SCENARIO_NAMES,
  type ScenarioName,
} from './scenarios.js'
export type { ReplayObserver, ReplayProgress, ReplaySettings } from './settings.js'
export { SIMULATED_ROWS, type SimulatedWorkload, simulateWorkload } from './simulate/workload.js'
export type { PolicyKnobs } from './strategy.js'
export { buildTable, meanCostsUsd, type OutcomeTable } from './table.js'
export type { PhaseSummary, Trace } from './tally.js'
export { type TunedRow, type TunedSetting, type TuneReport, type TuneSettings, tune } from './tune.js'
