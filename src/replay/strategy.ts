import { createRouter, type Priors, type Router } from '../index.js'
import type { KernelName } from '../kernel/kernel.js'
import type { PolicyName } from '../options.js'
import type { ModelSpec } from '../registry/model.js'
import type { Random } from './random.js'
import { NEWCOMER_FORCED, type ScenarioEvent } from './scenarios.js'

/** Whoever picks a model per request: the router, or a baseline. Models are indices into the table's models. */
export interface Strategy {
  /** Shadow price at the latest choice; 0 for strategies without one. */
  readonly shadowPrice: number
  choose(context: Float64Array): number
  /** What came of the latest choice. */
  learn(reward: number, costUsd: number): void
  announce(event: ScenarioEvent): void
}

export interface RouterStrategyOptions {
  readonly models: readonly ModelSpec[]
  /** Index of a model that is absent until it joins, or null. */
  readonly newcomer: number | null
  readonly dimension: number
  readonly budgetUsdPerRequest: number | null
  readonly policy: PolicyName
  readonly kernel: KernelName | 'auto'
  readonly seed: number
  /** Warm-up priors, or null for a cold start. */
  readonly priors: Priors | null
  /** Overrides of the policy's defaults, for baselines. */
  readonly gamma?: number
  readonly nEffective?: number
  readonly costWeight?: number
}

/** A router behind the Strategy interface, used through its public face alone: route, settle, reward. */
export async function routerStrategy(options: RouterStrategyOptions): Promise<Strategy> {
  const { models, newcomer, budgetUsdPerRequest: budget, gamma, nEffective, costWeight } = options
  const router = await createRouter({
    models: models.filter((_, m) => m !== newcomer),
    dimension: options.dimension,
    budget: budget === null ? null : { usdPerRequest: budget },
    policy: options.policy,
    kernel: options.kernel,
    seed: options.seed,
    pendingCapacity: 4,
    clock: () => 0,
    ...(options.priors === null ? {} : { priors: options.priors }),
    ...(gamma === undefined ? {} : { gamma }),
    ...(nEffective === undefined ? {} : { nEffective }),
    ...(costWeight === undefined ? {} : { costWeight }),
  })
  return new RouterStrategy(router, models)
}

class RouterStrategy implements Strategy {
  shadowPrice = 0
  private requestId = ''
  private readonly indexOf: ReadonlyMap<string, number>

  constructor(
    private readonly router: Router,
    private readonly models: readonly ModelSpec[],
  ) {
    this.indexOf = new Map(models.map((model, m) => [model.id, m]))
  }

  choose(context: Float64Array): number {
    const decision = this.router.route(context)
    this.requestId = decision.id
    this.shadowPrice = decision.shadowPrice
    const index = this.indexOf.get(decision.model)
    if (index === undefined) throw new Error(`router chose '${decision.model}', which is not in the run`)
    return index
  }

  learn(reward: number, costUsd: number): void {
    this.router.settle(this.requestId, { costUsd })
    this.router.reward(this.requestId, reward)
  }

  announce(event: ScenarioEvent): void {
    if (event.type === 'join') this.router.addModel(event.spec, { forcedExploration: NEWCOMER_FORCED })
    else this.router.reprice(this.models[event.model].id, event.price)
  }
}

/** Every model that has joined is as likely as any other. */
export class UniformRandomStrategy implements Strategy {
  readonly shadowPrice = 0
  private readonly present: number[]

  constructor(
    modelCount: number,
    newcomer: number | null,
    private readonly random: Random,
  ) {
    this.present = Array.from({ length: modelCount }, (_, m) => m).filter((m) => m !== newcomer)
  }

  choose(): number {
    return this.present[Math.floor(this.random() * this.present.length)]
  }

  learn(): void {}

  announce(event: ScenarioEvent): void {
    if (event.type === 'join') this.present.push(event.model)
  }
}
