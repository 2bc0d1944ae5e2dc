import { ParetoBanditError } from '../base/errors.js'
import { type ContextInput, ContextReader } from '../features/context-reader.js'
import type { Decision, Explanation } from '../policy/decision.js'
import type { ResolvedOptions } from '../policy/options.js'
import type { Policy } from '../policy/policy.js'
import { checkRouteOptions, type RouteOptions } from '../policy/route-options.js'
import type { Committer } from './committer.js'
import { DecisionMaker } from './decision-maker.js'

/** Requests in, decisions out: contexts read, what time brings about recorded, the decision's event committed. */
export class Decisions {
  readonly maker: DecisionMaker
  private readonly reader: ContextReader
  private readonly committer: Committer

  constructor(options: ResolvedOptions, policy: Policy, committer: Committer) {
    this.committer = committer
    this.reader = new ContextReader(options.encoder, options.dimension)
    this.maker = new DecisionMaker(options, this.reader.context, policy.chooser(options))
  }

  route(input: ContextInput, options: RouteOptions | undefined): Decision {
    const { committer, maker } = this
    const request = this.checkOptions(options)
    this.reader.read(input, 'input')
    const at = committer.now()
    maker.beginOne(committer.state)
    try {
      return this.dispatch(request, at)
    } finally {
      committer.emitter.deliver()
    }
  }

  async routeAsync(input: ContextInput, options: RouteOptions | undefined): Promise<Decision> {
    this.checkOptions(options)
    return this.route(await this.reader.resolve(input), options)
  }

  routeMany(inputs: readonly ContextInput[], options: RouteOptions | undefined): Decision[] {
    const { committer, maker } = this
    const request = this.checkOptions(options)
    const contexts = this.reader.readMany(inputs, 'inputs')
    committer.state.pending.makeRoom(inputs.length)
    const at = committer.now()
    const decisions: Decision[] = []
    try {
      for (let i = 0; i < inputs.length; i++) {
        maker.beginOneOf(committer.state, contexts, i, request)
        decisions.push(this.dispatch(request, at))
      }
    } catch (error) {
      if (decisions.length === 0 || !endsBatch(error)) throw error
    } finally {
      committer.emitter.deliver()
    }
    return decisions
  }

  expire(): number {
    const { committer } = this
    const count = committer.expireDue(committer.now())
    committer.emitter.deliver()
    return count
  }

  explain(id: string): Explanation {
    return this.maker.explain(this.committer.state, id)
  }

  private dispatch(request: RouteOptions | null, at: number): Decision {
    const { committer, maker } = this
    committer.journal?.checkRoom()
    committer.state.pending.makeRoom()
    if (committer.isDue(at)) {
      // Before anything expires: a call that throws has changed nothing.
      maker.checkEligible(committer.state, request)
      committer.expireDue(at)
    }
    for (const event of maker.due(committer.state, request, at)) committer.record(event)
    const decision = this.decide(request, at)
    committer.expirePushedOut(at)
    maker.applyTo(committer.state)
    committer.journal?.append(maker.event)
    if (committer.emitter.hears('routed')) committer.emitter.add(maker.copyOfEvent())
    return decision
  }

  private decide(request: RouteOptions | null, at: number): Decision {
    const { committer, maker } = this
    try {
      return maker.decide(committer.state, request, at)
    } catch (error) {
      if (isRefusal(error)) for (const event of maker.refused(request, at)) committer.record(event)
      throw error
    }
  }

  private checkOptions(options: RouteOptions | undefined): RouteOptions | null {
    const request = options === undefined ? null : checkRouteOptions(options)
    this.maker.checkRequest(this.committer.state, request)
    return request
  }
}

/** No money for the rest, or no room in the journal: what was decided before stands. */
function endsBatch(error: unknown): boolean {
  return isRefusal(error) || (error instanceof ParetoBanditError && error.code === 'JOURNAL_FULL')
}

function isRefusal(error: unknown): boolean {
  return error instanceof ParetoBanditError && error.code === 'BUDGET_EXHAUSTED'
}
