import { expect, test } from 'vitest'
import { evaluatePolicies, parseDecisionLog } from '../../src/evaluate/index.js'
import { FOLDS, foldOf, OutcomeModel } from '../../src/evaluate/outcome-model.js'
import { randomised } from '../../src/evaluate/population.js'
import { ridgeChoices } from '../../src/evaluate/ridge-policy.js'
import { drawRows, MEAN_COST_FACTOR, meanReward, toLog, truthOf, WORLD } from './world.js'

function logOf(seed: number, requests = 1500) {
  return parseDecisionLog(toLog(drawRows({ requests, epsilon: 0.5, seed })), 'log')
}

test('regressions find the world, and one that lacks a fold is not moved by it', () => {
  const log = logOf(1, 6000)
  const model = new OutcomeModel(log, 'reward')
  for (const decision of log.decisions.slice(0, 100)) {
    for (const [m, { id }] of WORLD.entries()) {
      const predicted = model.predict(0, log.models.indexOf(id), decision)
      expect(Math.abs(predicted - meanReward(m, decision.context))).toBeLessThan(0.04)
    }
  }
  const spoilt = {
    ...log,
    decisions: log.decisions.map((each, i) => (foldOf(i) === 2 ? { ...each, reward: 1e5 } : each)),
  }
  const other = new OutcomeModel(spoilt, 'reward')
  const [row] = log.decisions
  expect(other.predict(2, 0, row)).toBe(model.predict(2, 0, row))
  for (let fold = 0; fold < FOLDS; fold++) {
    if (fold !== 2) expect(other.predict(fold, 0, row)).toBeGreaterThan(1000)
  }
})

test('it keeps to its price, and earns more for more', () => {
  const log = logOf(2, 4000)
  const { rows } = randomised(log)
  const [reward, cost] = [new OutcomeModel(log, 'reward'), new OutcomeModel(log, 'costUsd')]
  const earned = [2e-4, 6e-4, 1.2e-3, 1].map((usd) => {
    const choices = ridgeChoices(rows, reward, cost, log.models.length, usd, 'ridge')
    let [spent, sum] = [0, 0]
    for (const [i, row] of rows.entries()) {
      const model = WORLD.findIndex(({ id }) => id === log.models[choices[i]])
      spent += WORLD[model].priceUsd * MEAN_COST_FACTOR
      sum += meanReward(model, row.context)
    }
    expect(spent / rows.length).toBeLessThan(1.05 * usd)
    return sum / rows.length
  })
  expect(earned).toEqual([...earned].sort((a, b) => a - b))
  const bestOf = (context: ArrayLike<number>) =>
    [0, 1, 2].reduce((a, b) => (meanReward(b, context) > meanReward(a, context) ? b : a))
  expect(Math.abs(earned[3] - truthOf(bestOf))).toBeLessThan(0.01)
})

test('its interval holds what its choices truly earn', () => {
  const seeds = Array.from({ length: 60 }, (_, i) => i + 1)
  const held = seeds.filter((seed) => {
    const log = logOf(seed, 800)
    const { rows } = randomised(log)
    const models = [new OutcomeModel(log, 'reward'), new OutcomeModel(log, 'costUsd')] as const
    const choices = ridgeChoices(rows, ...models, log.models.length, 6e-4, 'ridge')
    const truth =
      rows.reduce((sum, row, i) => {
        const model = WORLD.findIndex(({ id }) => id === log.models[choices[i]])
        return sum + meanReward(model, row.context)
      }, 0) / rows.length
    const ci = evaluatePolicies(log, ['ridge@0.0006']).policies[1].reward?.doublyRobust.ci95
    return ci !== undefined && ci[0] <= truth && truth <= ci[1]
  })
  expect(held.length / seeds.length).toBeGreaterThan(0.88)
})
