import fc from 'fast-check'
import { ParetoBanditError } from '../../src/base/errors.js'
import type { Decision } from '../../src/policy/decision.js'
import type { Bench } from './router.js'
import { HOUR } from './router.js'

/** One valid call of the public face. Requests and models are picked modulo what there is. */
export type Operation =
  | { do: 'route'; input: [number, number, number]; exploit: boolean; tokens: number }
  | { do: 'routeMany'; inputs: [number, number, number][] }
  | { do: 'settle'; pick: number; costUsd: number; latencyMs: number }
  | { do: 'settleTokens'; pick: number; tokens: number }
  | { do: 'reward'; pick: number; reward: number }
  | { do: 'fail'; pick: number; costUsd: number; retryAfterMs: number | null }
  | { do: 'cancel'; pick: number; costUsd: number | null }
  | { do: 'correct'; pick: number; costUsd: number }
  | { do: 'settleEach'; picks: number[]; costUsd: number | null }
  | { do: 'adjust'; usd: number }
  | { do: 'wait'; hours: number }
  | { do: 'expire' }
  | { do: 'add' | 'remove' | 'disable' | 'enable'; pick: number }
  | { do: 'reprice'; pick: number; price: number }
  | { do: 'budget'; usd: number | null }

const entry = fc.double({ min: -3, max: 3, noNaN: true })
const input: fc.Arbitrary<[number, number, number]> = fc.tuple(entry, entry, fc.constant(1))
const pick = fc.nat(200)
const dollars = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 0.05, noNaN: true }))
/** With mistakes of units among them. */
const bills = fc.oneof(dollars, fc.double({ min: 0, max: 1e6, noNaN: true }))
const as = <T extends string>(name: T) => fc.constant(name)

export const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({ do: as('route'), input, exploit: fc.boolean(), tokens: fc.nat(5000) }),
  },
  { weight: 1, arbitrary: fc.record({ do: as('routeMany'), inputs: fc.array(input, { maxLength: 4 }) }) },
  { weight: 5, arbitrary: fc.record({ do: as('settle'), pick, costUsd: dollars, latencyMs: fc.nat(5000) }) },
  { weight: 1, arbitrary: fc.record({ do: as('settleTokens'), pick, tokens: fc.nat(5000) }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: as('reward'), pick, reward: fc.double({ min: 0, max: 1, noNaN: true }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: as('fail'), pick, costUsd: dollars, retryAfterMs: fc.option(fc.nat(5000)) }),
  },
  { weight: 1, arbitrary: fc.record({ do: as('cancel'), pick, costUsd: fc.option(dollars) }) },
  { weight: 2, arbitrary: fc.record({ do: as('correct'), pick, costUsd: bills }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: as('settleEach'),
      picks: fc.array(pick, { maxLength: 4 }),
      costUsd: fc.option(bills),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: as('adjust'), usd: fc.double({ min: -1, max: 1, noNaN: true }) }) },
  { weight: 2, arbitrary: fc.record({ do: as('wait'), hours: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: as('expire') }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('add', 'remove', 'disable', 'enable'), pick }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: as('reprice'), pick, price: fc.double({ min: 0, max: 200, noNaN: true }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: as('budget'),
      usd: fc.option(fc.double({ min: 1e-5, max: 0.1, noNaN: true })),
    }),
  },
)

/** What a run has made so far. */
export class Run {
  readonly decisions: Decision[] = []
  private readonly bench: Bench

  constructor(bench: Bench, decisions: readonly Decision[] = []) {
    this.bench = bench
    this.decisions.push(...decisions)
  }

  /** Does one operation; a refusal is part of the run. @returns the code of the refusal, or null */
  step(operation: Operation): string | null {
    try {
      this.perform(operation)
      return null
    } catch (error) {
      if (error instanceof ParetoBanditError) return error.code
      throw error
    }
  }

  private perform(operation: Operation): void {
    const { router, clock } = this.bench
    const id = 'pick' in operation ? this.requestAt(operation.pick) : ''
    const model = 'pick' in operation ? `${['small', 'middle', 'large', 'x', 'y'][operation.pick % 5]}` : ''
    switch (operation.do) {
      case 'route': {
        const options = { exploit: operation.exploit, inputTokens: operation.tokens }
        this.decisions.push(router.route(operation.input, options))
        break
      }
      case 'routeMany':
        this.decisions.push(...router.routeMany(operation.inputs))
        break
      case 'settle':
        router.settle(id, { costUsd: operation.costUsd, latencyMs: operation.latencyMs })
        break
      case 'settleTokens':
        router.settle(id, {
          inputTokens: operation.tokens,
          outputTokens: operation.tokens / 2,
          cachedInputTokens: operation.tokens / 4,
          reasoningTokens: operation.tokens / 3,
        })
        break
      case 'reward':
        router.reward(id, operation.reward)
        break
      case 'fail':
        router.fail(id, { costUsd: operation.costUsd, retryAfterMs: operation.retryAfterMs })
        break
      case 'cancel':
        router.cancel(id, { costUsd: operation.costUsd })
        break
      case 'correct':
        router.correct(id, { costUsd: operation.costUsd })
        break
      case 'settleEach':
        router.settleMany(
          operation.picks.map((each) => ({ id: this.requestAt(each), costUsd: operation.costUsd })),
          { each: true },
        )
        break
      case 'adjust':
        router.adjustAccount(operation.usd)
        break
      case 'wait':
        clock.advance(operation.hours * HOUR)
        break
      case 'expire':
        router.expire()
        break
      case 'add':
        router.addModel(
          { id: model, inputUsdPerMTok: operation.pick, outputUsdPerMTok: 1 },
          { forcedExploration: operation.pick % 4 },
        )
        break
      case 'remove':
        router.removeModel(model)
        break
      case 'disable':
        router.disable(model)
        break
      case 'enable':
        router.enable(model)
        break
      case 'reprice':
        router.reprice(model, {
          inputUsdPerMTok: operation.price,
          outputUsdPerMTok: operation.price / 3,
          cachedInputUsdPerMTok: operation.price / 10,
        })
        break
      case 'budget':
        router.setBudget(operation.usd === null ? null : { usdPerRequest: operation.usd })
    }
  }

  /** One of the latest 20 requests. */
  private requestAt(pick: number): string {
    const latest = this.decisions.slice(-20)
    return latest.length === 0 ? 'r.1' : latest[pick % latest.length].id
  }
}
