import type { Estimates } from './evaluation.js'

/** The estimators as they are called in tables and plots, the one to trust first last. */
export const ESTIMATORS: readonly (readonly [key: keyof Estimates, label: string])[] = [
  ['ips', 'IPS'],
  ['snips', 'SNIPS'],
  ['doublyRobust', 'doubly robust'],
]
