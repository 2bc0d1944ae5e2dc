import type { Random } from '../base/random.js'
import { createRouter, type Priors, type Router } from '../index.js'
import type { KernelName } from '../kernel/kernel.js'
import type { ModelSpec } from '../models/model.js'
import type { PolicyName } from '../policy/policies.js'
import { NEWCOMER_FORCED, type ScenarioEvent } from './scenarios.js'

/** Whoever picks a model per request: the router, or a baseline. Models are indices into the table's models. */
export interface Strategy {
  /** Shadow price at the latest choice; 0 for strategies without one. */
  readonly shadowPrice: number
  /** What the latest choice was expected to cost, USD; 0 for strategies that expect nothing. */
  readonly expectedCostUsd: number
  /** Drift alarms raised so far; 0 for strategies that watch for none. */
  readonly alarms: number
  /** @param request its number, from 0 on, one more each time: its name in `settle` and `reward` */
  choose(context: Float64Array, request: number): number
  settle(request: number, costUsd: number): void
  reward(request: number, value: number): void
  announce(event: ScenarioEvent): void
}

/** Knobs of a policy that a replay may set; what is left out stays at the policy's default. */
export interface PolicyKnobs {
  /** Exploration weight. */
  readonly alpha?: number
  /** Forgetting factor. */
  readonly gamma?: number
  /** How many observations the priors are worth. */
  readonly nEffective?: number
}

interface RouterStrategyOptions {
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
  readonly knobs?: PolicyKnobs
  /** Static weight of cost, for baselines. */
  readonly costWeight?: number
  /** How many of the latest requests still get feedback. Default 4: it comes at once. */
  readonly inFlight?: number
}

/** A router behind the Strategy interface, used through its public face alone: route, settle, reward. */
export async function routerStrategy(options: RouterStrategyOptions): Promise<Strategy> {
  const { models, newcomer, budgetUsdPerRequest: budget, costWeight } = options
  const router = await createRouter({
    models: models.filter((_, m) => m !== newcomer),
    dimension: options.dimension,
    budget: budget === null ? null : { usdPerRequest: budget },
    policy: options.policy,
    kernel: options.kernel,
    seed: options.seed,
    pendingCapacity: Math.max(4, options.inFlight ?? 0),
    clock: () => 0,
    ...(options.priors === null ? {} : { priors: options.priors }),
    ...options.knobs,
    ...(costWeight === undefined ? {} : { costWeight }),
  })
  return new RouterStrategy(router, models)
}

class RouterStrategy implements Strategy {
  shadowPrice = 0
  expectedCostUsd = 0
  alarms = 0
  /** Ids by number of request. */
  private readonly ids: string[] = []
  private readonly indexOf: ReadonlyMap<string, number>

  constructor(
    private readonly router: Router,
    private readonly models: readonly ModelSpec[],
  ) {
    this.indexOf = new Map(models.map((model, m) => [model.id, m]))
    router.on('drift', () => {
      this.alarms++
    })
  }

  choose(context: Float64Array): number {
    const decision = this.router.route(context)
    this.ids.push(decision.id)
    this.shadowPrice = decision.shadowPrice
    this.expectedCostUsd = decision.expectedCostUsd
    const index = this.indexOf.get(decision.model)
    if (index === undefined) throw new Error(`router chose '${decision.model}', which is not in the run`)
    return index
  }

  settle(request: number, costUsd: number): void {
    this.router.settle(this.ids[request], { costUsd })
  }

  reward(request: number, value: number): void {
    this.router.reward(this.ids[request], value)
  }

  announce(event: ScenarioEvent): void {
    if (event.type === 'join') this.router.addModel(event.spec, { forcedExploration: NEWCOMER_FORCED })
    else this.router.reprice(this.models[event.model].id, event.price)
  }
}

/** Every model that has joined is as likely as any other. */
export class UniformRandomStrategy implements Strategy {
  readonly shadowPrice = 0
  readonly expectedCostUsd = 0
  readonly alarms = 0
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

  settle(): void {}

  reward(): void {}

  announce(event: ScenarioEvent): void {
    if (event.type === 'join') this.present.push(event.model)
  }
}
