import type { Priors } from '../../bandit/priors.js'
import { ParetoBanditError } from '../../base/errors.js'
import { createRouter } from '../../create-router.js'
import type { KernelName } from '../../kernel/kernel.js'
import type { Decision } from '../../policy/decision.js'
import type { Router } from '../../router/router.js'
import { Deviations } from './deviation.js'
import type { RecordedArm, RecordedEvent, RecordedFeedback, RecordedStep, Trajectory } from './trajectory.js'

/** A model that should have been chosen, or registered at the end, and was not. */
interface Mismatch {
  readonly place: string
  readonly recorded: string
  readonly actual: string
}

export interface Comparison {
  readonly kernel: KernelName
  readonly deviations: Deviations
  /** The first mismatch: from there on the two runs are different ones, so the comparison ends at it. */
  readonly mismatch: Mismatch | null
  readonly passed: boolean
}

/**
 * Replays a trajectory through the public API and compares it with what was recorded.
 * @param file how errors call the trajectory
 * @throws DATA_INVALID naming file and step when the recording asks for what cannot be (a model added twice, ...);
 *   KERNEL_UNAVAILABLE
 */
export async function compareTrajectory(
  trajectory: Trajectory,
  kernel: KernelName,
  file: string,
): Promise<Comparison> {
  const router = await named(`${file}: start`, () => makeRouter(trajectory, kernel))
  const replay = new TrajectoryReplay(router, trajectory)
  let mismatch: Mismatch | null = null
  for (let step = 0; step < trajectory.steps.length && mismatch === null; step++) {
    mismatch = await named(`${file}: steps[${step}]`, () => replay.play(step))
  }
  mismatch ??= replay.compareFinal()
  const { deviations } = replay
  return { kernel, deviations, mismatch, passed: mismatch === null && deviations.withinTolerance }
}

/** One router on its way along one trajectory. */
class TrajectoryReplay {
  readonly deviations = new Deviations()
  private readonly decisions: Decision[] = []
  /** Requests whose feedback has not come, by step. */
  private readonly waiting = new Map<number, Decision>()

  constructor(
    private readonly router: Router,
    private readonly trajectory: Trajectory,
  ) {}

  play(index: number): Mismatch | null {
    const { events, contexts, steps } = this.trajectory
    const step = steps[index]
    for (const event of events) if (event.at === index) this.applyEvent(event)
    const decision = this.router.route(contexts[index])
    this.decisions.push(decision)
    this.waiting.set(index, decision)
    const place = `steps[${index}]`
    if (decision.model !== step.model) return { place, recorded: step.model, actual: decision.model }
    this.deviations.compare('utility', decision.score, step.utility, place)
    for (const feedback of step.feedback) this.applyFeedback(feedback)
    this.comparePacer(step, place)
    return null
  }

  compareFinal(): Mismatch | null {
    const { final } = this.trajectory
    const registered = this.router.stats().models.map(({ id }) => id)
    const extra = registered.find((id) => !final.has(id))
    if (extra !== undefined) return { place: 'final', recorded: 'no such model', actual: extra }
    for (const [id, recorded] of final) {
      if (!registered.includes(id)) return { place: 'final', recorded: id, actual: 'no such model' }
      this.compareArm(id, recorded)
    }
    return null
  }

  private applyEvent(event: RecordedEvent): void {
    const { router } = this
    if (event.op === 'add') router.addModel({ id: event.id, ...event.price }, { forcedExploration: 0 })
    else if (event.op === 'reprice') router.reprice(event.id, event.price)
    else this.removeModel(event.id)
  }

  /**
   * The published code forgets requests in flight with their model. A removal here charges what is reserved for them;
   * a failure at no cost before it takes that back.
   */
  private removeModel(removed: string): void {
    for (const [step, { id, model }] of this.waiting) {
      if (model !== removed) continue
      this.router.fail(id)
      this.waiting.delete(step)
    }
    this.router.removeModel(removed)
  }

  private applyFeedback({ step, reward, costUsd }: RecordedFeedback): void {
    const { id } = this.decisions[step]
    try {
      this.router.reward(id, reward)
      this.router.settle(id, { costUsd })
    } catch (error) {
      if (!(error instanceof ParetoBanditError) || error.code !== 'MODEL_REMOVED') throw error
    }
    this.waiting.delete(step)
  }

  private comparePacer({ lambda, costEma }: RecordedStep, place: string): void {
    if (lambda === null || costEma === null) return
    const { pacer } = this.router.stats()
    this.deviations.compare('lambda_', pacer.shadowPrice, lambda, place)
    this.deviations.compare('costEma', pacer.costEmaUsd, costEma, place)
  }

  private compareArm(id: string, recorded: RecordedArm): void {
    const { deviations } = this
    const arm = this.router.inspectArm(id)
    const place = `final[${JSON.stringify(id)}]`
    let trace = 0
    for (let i = 0; i < recorded.theta.length; i++) {
      deviations.compare('theta', arm.theta[i], recorded.theta[i], `${place}.theta[${i}]`)
      deviations.compare('diagAinv', arm.variances[i], recorded.diagAinv[i], `${place}.diagAinv[${i}]`)
      trace += arm.variances[i]
    }
    deviations.compare('traceAinv', trace, recorded.traceAinv, place)
    // Without forgetting the published code never advances this mark.
    if (this.trajectory.gamma !== 1)
      deviations.compare('lastUpdate', arm.lastUpdate, recorded.lastUpdate, place)
    deviations.compare('lastPlayed', arm.lastPlay, recorded.lastPlayed, place)
    deviations.compare('regularization', arm.ridge, recorded.regularization, place)
  }
}

function makeRouter(trajectory: Trajectory, kernel: KernelName): Promise<Router> {
  const { dimension, alpha, gamma, initLambda, costPenalty, budget, models, prior } = trajectory
  return createRouter({
    policy: 'paper',
    models,
    budget,
    dimension,
    alpha,
    gamma,
    lambda0: initLambda,
    costWeight: costPenalty,
    kernel,
    // Nothing in a trajectory depends on time: no request may expire.
    clock: () => 0,
    ...(prior === null ? {} : { priors: priorsOf(trajectory), nEffective: prior.nEffective }),
  })
}

function priorsOf({ dimension, models, prior }: Trajectory): Priors {
  const entries = (prior?.models ?? []).map(({ precision, response }, m) => {
    // The last diagonal entry counts the rows, the bias being 1; A_off starts at the identity.
    const rows = Math.max(0, Math.round(precision[precision.length - 1] - 1))
    return [models[m].id, { rows, precision, response }] as const
  })
  return {
    format: 'paretobandit-priors',
    version: 1,
    dimension,
    encoder: null,
    models: Object.fromEntries(entries),
  }
}

/** Names the place in a recording that the router refused. */
async function named<T>(place: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (!(cause instanceof ParetoBanditError) || cause.code === 'KERNEL_UNAVAILABLE') throw cause
    throw new ParetoBanditError('DATA_INVALID', place, cause.message, { cause })
  }
}
