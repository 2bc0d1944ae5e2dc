export { assumeRandom } from './assume-random.js'
export type { Estimate } from './estimators.js'
export {
  type Estimates,
  type Evaluation,
  evaluatePolicies,
  type PolicyEvaluation,
} from './evaluation.js'
export {
  type ColumnMap,
  type ColumnName,
  createLogImport,
  type FormatName,
  type ImportedDecision,
  type ImportedModel,
  type ImportedOutcomes,
  type ImportedRow,
  type ImportReport,
  type ImportUse,
  type LeftOutReason,
  type LogImport,
  type LogImportOptions,
  type UnseenName,
} from './import-log/index.js'
export { type DecisionLog, type LoggedDecision, parseDecisionLog } from './log.js'
