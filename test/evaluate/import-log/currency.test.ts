import { describe, expect, test } from 'vitest'
import { createLogImport } from '../../../src/evaluate/index.js'
import { PRICES } from './logs.js'

function reportOf(more: object) {
  const log = createLogImport({ models: PRICES, for: 'evaluate' })
  log.take({ prompt: 'Hello', model: 'small', costUsd: 0.01, ...more }, 'log:1')
  return log.finish()
}

describe('a cost beside its currency', () => {
  test.each([{}, { currency: 'USD' }, { Currency: ' usd ' }, { cost_currency: '$' }, { currency: null }])(
    'of dollars counts: %j',
    (more) => expect(reportOf(more)).toMatchObject({ rowsUsed: 1 }),
  )

  test.each([{ currency: 'EUR' }, { cost_currency: '€' }, { costCurrency: 'CNY' }, { currency_code: 'eur' }])(
    'of another is left out, and never taken for dollars: %j',
    (more) =>
      expect(reportOf(more)).toMatchObject({
        rowsUsed: 0,
        leftOut: [{ reason: 'bad-cost', count: 1, first: 'log:1' }],
      }),
  )

  test('does not matter where there is no cost', () =>
    expect(reportOf({ costUsd: 0, currency: 'EUR', inputTokens: 10, outputTokens: 5 })).toMatchObject({
      rowsUsed: 1,
    }))
})
