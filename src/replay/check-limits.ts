import type { CheckName } from './check.js'

/** What a replay is held to, in one place. Rewards are judged quality from 0 to 1, utilisation is spend over budget. */
export const LIMITS = {
  /** The mix is chosen in hindsight on the very rows: this much is chance, not quality. */
  mixDeficit: 0.0005,
  /** Nothing may be lost to the paper's pacer on the same shuffles. */
  paperDeficit: 0,
  /** Other seeds move the reward of a cell after an event by up to this much. */
  paperDeficitScenario: 0.003,
  /** A ceiling is a ceiling. */
  utilisation: 1,
  /** Rows differ: the dearest of 20 shuffles costs always-cheapest 5 % more than the mean. A pacer evens most of it out. */
  utilisationWorst: 1.03,
  /** A cold start does not know costs for its first requests. */
  utilisationWorstCold: 1.05,
  /** Since evaluation started: credit left from before it may still be spent. */
  utilisationCumulative: 1.01,
  /** One phase may spend what the phase before left over, within the burst. */
  utilisationPhase: 1.06,
  /** Less than this is unspent budget... */
  utilisationUnspent: 0.95,
  /** ...which is a fault when the best mix in hindsight earns this much more with all of it. */
  unspentGain: 0.002,
  /** Cold start against warm priors, mean reward over the requests of the window below. */
  learningDeficit: 0.01,
  /** From nothing against the best model within the budget, mean reward over the first requests. */
  firstDeficit: 0.02,
  /** Of a set with fewer rows as many as its last look has. */
  firstRequests: 1000,
  learningFrom: 300,
  learningTo: 600,
  /** Where always-cheapest takes this much of the budget, there is nothing to pace: no check on spend. */
  cheapestShare: 0.95,
} as const

/** What each check asks, in a sentence. */
export const CHECK_TEXTS: Readonly<Record<CheckName, string>> = {
  'reward-vs-mix': 'Reward above the best affordable mix of two fixed models on the same rows',
  'reward-vs-paper': 'Reward above policy paper on the same shuffles',
  utilisation: 'Mean spend over budget',
  'utilisation-worst': 'Spend over budget of the worst seed',
  'utilisation-cumulative': 'Spend over budget since evaluation started, at the end of the phase',
  'utilisation-phase': 'Spend over budget in the phase',
  'budget-unspent': `Spend over budget, where the best mix earns ${LIMITS.unspentGain} more with all of it`,
  'cold-vs-warm': `Reward of the cold start above the warm router's, requests ${LIMITS.learningFrom} to ${LIMITS.learningTo}`,
  'first-requests': `Reward of the first ${LIMITS.firstRequests} requests from nothing above the best model within the budget`,
}
