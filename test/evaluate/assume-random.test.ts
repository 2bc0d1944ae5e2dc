import { describe, expect, test } from 'vitest'
import { mulberry32 } from '../../src/base/random.js'
import {
  assumeRandom,
  type DecisionLog,
  evaluatePolicies,
  parseDecisionLog,
} from '../../src/evaluate/index.js'
import { expectCode } from '../support/errors.js'

const MODELS = ['a', 'b', 'c'] as const

/** A log without propensities whose models `choose` drew from a number in [0, 1) and the context. */
function logOf(
  count: number,
  seed: number,
  choose: (u: number, x: number, i: number) => number,
): DecisionLog {
  const random = mulberry32(seed)
  const rows = Array.from({ length: count }, (_, i) => {
    const x = 2 * random() - 1
    const model = choose(random(), x, i)
    return JSON.stringify({
      context: [1, x],
      model: MODELS[model],
      reward: 0.2 + 0.3 * model,
      costUsd: 0.001,
    })
  })
  return parseDecisionLog(rows.join('\n'), 'log')
}

const fairly = (u: number) => (u < 0.5 ? 0 : u < 0.8 ? 1 : 2)

describe('propensities of a split', () => {
  test('are the shares of the models, and what stands on them says so', () => {
    const log = assumeRandom(logOf(2000, 1, fairly))
    const shares = new Map(log.decisions.map(({ model, propensity }) => [log.models[model], propensity]))
    expect([...shares.values()].reduce((sum: number, share) => sum + (share ?? 0), 0)).toBeCloseTo(1, 12)
    const evaluation = evaluatePolicies(log, ['model:c', 'uniform'])
    expect(evaluation.assumedPropensities).toBe(2000)
    expect(evaluation.policies[1].reward?.doublyRobust.mean).toBeCloseTo(0.8, 3)
    expect(evaluation.policies[2].reward?.doublyRobust.mean).toBeCloseTo(0.5, 2)
  })

  test('keep those that the log has', () => {
    const log = logOf(300, 2, fairly)
    const some = log.decisions.map((each, i) => (i < 50 ? { ...each, propensity: 0.25 } : each))
    const assumed = assumeRandom({ ...log, decisions: some })
    expect(assumed.assumedPropensities).toBe(250)
    expect(assumed.decisions[0].propensity).toBe(0.25)
    const known = { ...log, decisions: log.decisions.map((each) => ({ ...each, propensity: 0.5 })) }
    expect(assumeRandom(known)).toBe(known)
  })

  test('are refused where the prompt decided, where the time did, and where there is one model', () => {
    const refused = (log: DecisionLog, why: RegExp) =>
      expect(expectCode(() => assumeRandom(log), 'LOG_UNSUPPORTED', 'log').message).toMatch(why)
    refused(
      logOf(2000, 3, (u, x) => (u < 0.5 + 0.3 * x ? 0 : 1)),
      /have other prompts/,
    )
    refused(
      logOf(2000, 4, (_, __, i) => (i < 1000 ? 0 : 1)),
      /came at other times/,
    )
    refused(
      logOf(200, 5, (_, x) => (x > 0 ? 1 : 0)),
      /have other prompts/,
    )
    refused(
      logOf(200, 6, () => 0),
      /one model/,
    )
  })

  test('of fair splits are hardly ever refused', () => {
    let refusals = 0
    for (let seed = 0; seed < 200; seed++) {
      try {
        assumeRandom(logOf(300, seed, fairly))
      } catch {
        refusals++
      }
    }
    expect(refusals).toBeLessThanOrEqual(2)
  })
})
