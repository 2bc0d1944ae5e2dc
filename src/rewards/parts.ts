/** What the gateway and the adapters are built of beside the entry of rewards. It is no entry of the package: it may change with any release. */

export { promptOf, responseIdIn } from './answer-of.js'
export { RewardCollector } from './collect/collector.js'
export type { HeldStore } from './collect/held-rewards.js'
export { isInStore } from './collect/in-store.js'
export { idempotencyKeyIn } from './feedback/read-feedback.js'
export { Judge, OVER_CAP } from './judge/judge.js'
export { CollectedAnswer, isWork } from './validators/collected-answer.js'
export { asksForLabel, type Contract, contractOf, isBinding, NO_CONTRACT } from './validators/contract.js'
export { flawOfFinish, isFailedFinish } from './validators/endings.js'
export { outlineOf } from './validators/outline.js'
export { Repeats } from './validators/repeats.js'
export { type AnswerCheck, checkAnswer } from './validators/verdict.js'
