/** How far features are trusted: learned from the rewards. Models of logs before release 0.2.0 may keep what was fixed then. */
export const ESTIMATORS = ['learned'] as const
export type Estimator = (typeof ESTIMATORS)[number]
