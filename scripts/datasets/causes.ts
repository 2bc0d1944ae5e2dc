import { mean } from '../../src/base/statistics.js'
import { type Bench, roundOf } from '../../src/replay/bench.js'
import type { Point } from '../../src/replay/hindsight.js'
import { TrainPart } from '../../src/replay/linear/train-part.js'
import { play } from '../../src/replay/play.js'
import { routerStrategy, type Strategy } from '../../src/replay/strategy.js'
import { trainedBaselines } from '../../src/replay/trained-baselines.js'
import type { Start } from './figures.js'
import { OracleSwitch, type Oracles } from './oracles.js'

/** Parts of the policy that an oracle can take the place of. */
export type Part = 'means' | 'linear' | 'costs' | 'price' | 'exploit' | 'rewards'

export interface Variant {
  readonly name: string
  readonly parts: readonly Part[]
}

/** The policy as it is, then with one part replaced, then with several. */
export const VARIANTS: readonly Variant[] = [
  { name: 'policy `dollar` as it is', parts: [] },
  { name: 'learns the outcomes of all models', parts: ['rewards'] },
  { name: 'knows mean rewards', parts: ['means'] },
  { name: 'knows linear estimates of rewards', parts: ['linear'] },
  { name: 'knows linear estimates of costs', parts: ['costs'] },
  { name: 'has the fixed price of hindsight', parts: ['price'] },
  { name: 'explores no more', parts: ['exploit'] },
  { name: 'knows mean rewards, explores no more', parts: ['means', 'exploit'] },
  { name: 'knows linear estimates of both, explores no more', parts: ['linear', 'costs', 'exploit'] },
  { name: 'and has the fixed price', parts: ['linear', 'costs', 'exploit', 'price'] },
]

/** Halvings of the logarithm of the price, and its range in reward a budget: to a part in 300. */
const STEPS = 12
const PRICE_MAX = 100
const PRICE_MIN = 1e-3

const oracles = new OracleSwitch()

/** Gaps to the bound of each variant at each budget. */
export interface StartCauses {
  readonly start: Start
  readonly names: readonly string[]
  readonly gaps: readonly (readonly number[])[]
  readonly priorsBound: readonly number[] | null
}

/** Mean reward and spend over budget of a variant on the measured rows, by seed. */
export interface Played {
  readonly rewards: readonly number[]
  readonly utilisations: readonly number[]
}

/**
 * Plays variants of policy `dollar` on one set. On the measured rows oracles know what the bound does: every outcome of the
 * train part, and the price that spends the budget; that of outcomes tells each row's after it was routed, from the first on.
 */
export class Causes {
  private readonly parts: readonly TrainPart[]

  constructor(private readonly bench: Bench) {
    this.parts = bench.plans.map((plan) => new TrainPart(bench.train, [...plan.fit, ...plan.burnIn]))
  }

  async gaps(start: Start, budgetsUsd: readonly number[], variants = VARIANTS): Promise<StartCauses> {
    const bound = boundOf(this.bench, budgetsUsd)
    const gaps: number[][] = []
    for (const { parts } of variants) {
      const row: number[] = []
      for (const [b, usd] of budgetsUsd.entries())
        row.push(mean((await this.play(usd, parts)).rewards) - bound[b])
      gaps.push(row)
    }
    return {
      start,
      names: variants.map(({ name }) => name),
      gaps,
      priorsBound: this.priorsBound(budgetsUsd, bound),
    }
  }

  /** Gap of a bound that was fitted on the rows of the priors alone; null of a cold start. */
  private priorsBound(budgetsUsd: readonly number[], bound: readonly number[]): readonly number[] | null {
    const { bench } = this
    if (bench.plans.some(({ fit }) => fit.length === 0)) return null
    const plans = bench.plans.map((plan) => ({ ...plan, burnIn: [] }))
    return boundOf({ ...bench, plans }, budgetsUsd).map((reward, b) => reward - bound[b])
  }

  async play(budgetUsd: number, parts: readonly Part[]): Promise<Played> {
    const rewards: number[] = []
    const utilisations: number[] = []
    for (const s of this.bench.seeds.keys()) {
      const run = (price: number | undefined) => this.run(s, budgetUsd, parts, price)
      const point = parts.includes('price') ? await inHindsight(run, budgetUsd) : await run(undefined)
      rewards.push(point.reward)
      utilisations.push(point.costUsd / budgetUsd)
    }
    return { rewards, utilisations }
  }

  private async run(
    s: number,
    budgetUsd: number,
    parts: readonly Part[],
    price: number | undefined,
  ): Promise<Point> {
    const { bench } = this
    const { data } = bench
    const strategy = await routerStrategy({
      models: data.models,
      newcomer: null,
      dimension: data.dimension,
      budgetUsdPerRequest: budgetUsd,
      policy: 'dollar',
      kernel: bench.kernel,
      seed: bench.seeds[s],
      priors: bench.priors[s],
    })
    const round = roundOf(bench, s)
    const { burnIn, phases } = round.plan
    const rows = [...burnIn, ...phases.flat()]
    const index = new Map(data.models.map(({ id }, m) => [id, m]))
    const of = (id: string): number => index.get(id) ?? 0
    const at = (request: number): Oracles => {
      const row = rows[request]
      const context = data.contexts[row]
      const part = this.parts[s]
      const isMeasured = request >= burnIn.length
      const rewards = parts.includes('rewards')
        ? (id: string) => data.rewards[row * data.models.length + of(id)]
        : undefined
      if (!isMeasured) return { rewards }
      return {
        rewards,
        value: parts.includes('means')
          ? (id) => part.points[of(id)].reward
          : parts.includes('linear')
            ? (id) => part.reward(of(id), context)
            : undefined,
        costUsd: parts.includes('costs') ? (id) => part.costUsd(of(id), context) : undefined,
        price,
        exploit: parts.includes('exploit'),
      }
    }
    try {
      const record = await play(new Told(strategy, at), round, { tick: () => undefined })
      return { reward: mean([...record.rewards]), costUsd: mean([...record.costsUsd]) }
    } finally {
      oracles.clear()
    }
  }
}

/** A strategy whose oracles see each row before the choice. */
class Told implements Strategy {
  constructor(
    private readonly strategy: Strategy,
    private readonly at: (request: number) => Oracles,
  ) {}

  get shadowPrice(): number {
    return this.strategy.shadowPrice
  }

  get expectedCostUsd(): number {
    return this.strategy.expectedCostUsd
  }

  get alarms(): number {
    return this.strategy.alarms
  }

  choose(context: Float64Array, request: number): number {
    oracles.now = this.at(request)
    return this.strategy.choose(context, request)
  }

  settle = (request: number, costUsd: number): void => this.strategy.settle(request, costUsd)
  reward = (request: number, value: number): void => this.strategy.reward(request, value)
  announce = (): void => {}
}

/** The lowest price at which no more than the budget is spent; the highest where none is low enough. */
async function inHindsight(run: (price: number) => Promise<Point>, budgetUsd: number): Promise<Point> {
  const free = await run(0)
  if (free.costUsd <= budgetUsd) return free
  let low = PRICE_MIN / budgetUsd
  let high = PRICE_MAX / budgetUsd
  let found = await run(high)
  for (let i = 0; i < STEPS; i++) {
    const middle = Math.sqrt(low * high)
    const point = await run(middle)
    if (point.costUsd > budgetUsd) low = middle
    else {
      high = middle
      found = point
    }
  }
  return found
}

function boundOf(bench: Bench, budgetsUsd: readonly number[]): number[] {
  return trainedBaselines(bench, budgetsUsd)
    .filter(({ baseline }) => baseline === 'bound')
    .map(({ reward }) => reward)
}
