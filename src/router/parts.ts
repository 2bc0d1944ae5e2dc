import { EventEmitter } from '../events/emitter.js'
import type { Kernel } from '../kernel/kernel.js'
import type { ResolvedOptions } from '../policy/options.js'
import { EVENT_TYPES } from '../policy/policies.js'
import type { Policy } from '../policy/policy.js'
import { RoutingState } from '../state/routing-state.js'
import { Admin } from './admin.js'
import { Committer } from './committer.js'
import { Decisions } from './decisions.js'
import { Feedback } from './feedback.js'
import { Persistence } from './persistence.js'
import type { Runner } from './run/run.js'

/** What a router is made of; the public face (`router.ts`) hands each call to one of these. */
export interface RouterParts {
  readonly options: ResolvedOptions
  readonly policy: Policy
  readonly committer: Committer
  readonly decisions: Decisions
  readonly feedback: Feedback
  readonly admin: Admin
  readonly persistence: Persistence
  /** Loaded with the first call of `run`: most routers are told what calls cost, and make none. */
  readonly runner: () => Promise<Runner>
}

export function makeParts(options: ResolvedOptions, kernel: Kernel, policy: Policy): RouterParts {
  const state = new RoutingState(kernel, options, policy)
  const committer = new Committer(state, new EventEmitter(options.onListenerError, EVENT_TYPES), options)
  const decisions = new Decisions(options, policy, committer)
  const feedback = new Feedback(options, committer)
  const admin = new Admin(options, policy, committer, (current, account) =>
    decisions.maker.unwritten(current, account),
  )
  const persistence = new Persistence(options, policy, committer, decisions, admin)
  let loading: Promise<Runner> | null = null
  const load = async (): Promise<Runner> => {
    try {
      const { Runner } = await import('./run/run.js')
      return new Runner(decisions, feedback, () => committer.now())
    } catch (error) {
      // A page that was offline may ask again.
      loading = null
      throw error
    }
  }
  const runner = (): Promise<Runner> => (loading ??= load())
  return { options, policy, committer, decisions, feedback, admin, persistence, runner }
}
