import { describe, expect, test } from 'vitest'
import { createLogImport, type LogImportOptions } from '../../../src/evaluate/index.js'
import { PRICES } from './logs.js'

const ROW = { prompt: 'Name a river', model: 'small', costUsd: 0.01, reward: 1 }

function reportOf(rows: readonly object[], options: LogImportOptions = {}) {
  const log = createLogImport(options)
  rows.forEach((row, i) => void log.take(row, `log:${i + 1}`))
  return log.finish()
}

describe('tables', () => {
  test.each([
    { response: 'Sure, the Rhine.' },
    { response: '' },
    { response: '[see below]' },
    { request: 'x', response: 'y' },
  ])('may have the text of the answer beside the prompt: %j', (more) =>
    expect(reportOf([{ ...ROW, ...more }])).toMatchObject({ rowsUsed: 1, leftOut: [] }),
  )

  test('of no known format are told with the names of their fields', () => {
    const { prompt: _, ...rest } = ROW
    expect(reportOf([{ question: 'Name a river', ...rest, response: 'Sure' }, { other: 1 }])).toMatchObject({
      unknownFields: ['question', 'model', 'costUsd', 'reward', 'response'],
      leftOut: [{ reason: 'unknown-format', count: 2, first: 'log:1' }],
    })
  })

  test.each(['', 'NaN', 'nan', 'None', 'null', 'NULL', '\\N', 'N/A', '<NA>'])(
    'where nothing is written as %j: no cost, no tokens, no reward, no id, no time',
    (nothing) => {
      const row = { ...ROW, id: nothing, at: nothing, costUsd: nothing, reward: nothing }
      const tokens = { inputTokens: '10', outputTokens: '5' }
      const report = reportOf([{ ...row, ...tokens }, { ...row, ...tokens }, row], {
        for: 'evaluate',
        models: PRICES,
      })
      expect(report).toMatchObject({ rowsUsed: 3, leftOut: [], times: { unread: 0 } })
      expect(report.costs).toMatchObject({ fromPrices: 2, unknown: 1 })
      expect(report.rewards).toEqual({ known: 0, unknown: 3 })
      expect(reportOf([{ ...ROW, model: nothing }]).leftOut).toMatchObject([{ reason: 'no-model' }])
    },
  )

  test('a word for nothing is a reward where somebody says what it is worth', () => {
    expect(reportOf([{ ...ROW, reward: 'none' }], { rewardWords: { none: 0 } }).rewards.known).toBe(1)
  })

  test.each(['$0.01', '$ .01', 'US$0.01', '0.01 USD', '0.01$', ' 0.01 '])('read %j as dollars', (costUsd) =>
    expect(reportOf([{ ...ROW, costUsd }]).models.small.costUsd).toBe(0.01),
  )

  test.each(['€0.01', '0,01', '1 cent', '$', '$$1', '$-', 'USD', '-$0.01', '$-0.01', '1,234.5'])(
    'leave out a cost of %j, which says no dollars or is in doubt',
    (costUsd) => expect(reportOf([{ ...ROW, costUsd }]).leftOut).toMatchObject([{ reason: 'bad-cost' }]),
  )

  test('price tokens of a cache as such, which are a part of the input', () => {
    const models = [{ ...PRICES[0], cachedInputUsdPerMTok: 0.05 }]
    const { costUsd: _, ...row } = { ...ROW, inputTokens: '1000', outputTokens: '100' }
    const costOf = (more: object, columns = {}) => reportOf([{ ...row, ...more }], { models, columns })
    expect(costOf({}).models.small.costUsd).toBeCloseTo(0.0006, 12)
    expect(costOf({ cachedInputTokens: '' }).models.small.costUsd).toBeCloseTo(0.0006, 12)
    expect(costOf({ cachedInputTokens: '800' }).models.small.costUsd).toBeCloseTo(0.00024, 12)
    const named = costOf({ hits: 800 }, { cachedInputTokens: 'hits' })
    expect(named.models.small.costUsd).toBeCloseTo(0.00024, 12)
    for (const cachedInputTokens of ['1001', '-1', 'x', '0.5'])
      expect(costOf({ cachedInputTokens }).leftOut).toMatchObject([{ reason: 'bad-tokens' }])
  })
})
