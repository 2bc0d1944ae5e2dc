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

  test('have names with underscores too, where nobody says other ones', () => {
    const { costUsd, ...row } = ROW
    expect(reportOf([{ ...row, cost_usd: costUsd }]).models.small.costUsd).toBe(0.01)
    const tokens = { input_tokens: '1000', cached_input_tokens: '800', output_tokens: '100' }
    const models = [{ ...PRICES[0], cachedInputUsdPerMTok: 0.05 }]
    expect(reportOf([{ ...row, ...tokens }], { models }).models.small.costUsd).toBeCloseTo(0.00024, 12)
    expect(reportOf([{ ...ROW, cost_usd: 5 }]).models.small.costUsd).toBe(0.01)
    const columns = { cost: 'usd' }
    expect(reportOf([{ ...row, cost_usd: 5 }], { columns }).leftOut).toMatchObject([{ reason: 'no-usage' }])
  })

  test('without a cost or a reward are told with the columns that nobody read', () => {
    const { costUsd, reward, ...row } = ROW
    const told = (rest: object, options: LogImportOptions = {}) =>
      reportOf([{ ...row, ...rest }, { other: 1 }], options).unreadColumns
    expect(told({ cost: 0.01, id: '1', reward })).toEqual(['cost'])
    expect(told({ usd: 0.01, reward }, { columns: { cost: 'dollars' } })).toEqual(['usd'])
    expect(told({ costUsd, score: 1, date: '2026-01-01' })).toEqual(['score', 'date'])
    expect(told({ costUsd, score: 1 }, { for: 'evaluate' })).toEqual(['score'])
    expect(told({ cost: 1, reward, odds: 0.5 }, { for: 'evaluate', propensity: 'odds' })).toEqual(['cost'])
    // A cell that is empty is of a column that is read.
    expect(told({ costUsd: '', reward, user: 'a' })).toEqual([])
    expect(told({ costUsd, reward: '', user: 'a' })).toEqual([])
    expect(told({ costUsd, metadata: { reward: 1 }, user: 'a' })).toEqual([])
    // Lines of JSON may leave out what they have no value for.
    const rows = [{ ...row, costUsd, user: 'a' }, ROW]
    expect(reportOf(rows).unreadColumns).toEqual([])
    const scored = createLogImport()
    scored.addScore({ request_id: '1', value: 1 }, 'scores:1')
    scored.take({ ...row, costUsd, id: '2', user: 'a' }, 'log:1')
    expect(scored.finish().unreadColumns).toEqual([])
  })
})
