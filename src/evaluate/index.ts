export type { Estimate } from './estimators.js'
export {
  type Estimates,
  type Evaluation,
  evaluatePolicies,
  type PolicyEvaluation,
} from './evaluation.js'
export { type DecisionLog, type LoggedDecision, parseDecisionLog } from './log.js'
