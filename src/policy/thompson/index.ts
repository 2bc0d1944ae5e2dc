import type { Policy } from '../policy.js'
import { priorStart } from '../prior-start.js'
import { ThompsonChooser } from './decide.js'
import { ThompsonState } from './state.js'

/** Posterior sampling with a plain pacer in dollars: docs/MATH.md. */
export const THOMPSON: Policy<ThompsonState, null> = {
  name: 'thompson',
  pendingColumns: [],
  events: [],
  commands: {},
  queries: {
    stats({ state: { cost, policy }, options: { rewards } }) {
      const price = cost.usdPerRequest === null ? 0 : policy.price
      return { shadowPrice: rewards?.differenceToUser(price) ?? price }
    },
  },
  start: (view) => new ThompsonState(view),
  chooser: (options) => new ThompsonChooser(options),
  armStart: priorStart,
}
