import { describe, expect, test } from 'vitest'
import { createLogImport, type LogImportOptions } from '../../../src/evaluate/index.js'
import { langfuse, liteLlm, openAi, PRICES, told } from './logs.js'

const [CALL] = told(1)
const STARS = { reward: 'metadata.feedback.stars', rewardRange: [1, 5] } as const

function reportOf(record: unknown, options: LogImportOptions = {}) {
  const log = createLogImport({ models: PRICES, ...options })
  log.take(record, 'log:1')
  return log.finish()
}

function withUsage(usage: object, more: object = {}) {
  const record = openAi(CALL, more)
  return { ...record, response: { ...record.response, usage } }
}

const USAGES = [
  ['bad-tokens', { prompt_tokens: -1000, completion_tokens: 40, total_tokens: 40 }],
  ['bad-tokens', { prompt_tokens: '1000', completion_tokens: 40, total_tokens: 1040 }],
  ['bad-tokens', { prompt_tokens: 1000, completion_tokens: '40', total_tokens: 1040 }],
  // Of a spreadsheet that writes thousands with a point.
  ['bad-tokens', { prompt_tokens: 1.234, completion_tokens: 40 }],
  [
    'bad-tokens',
    { prompt_tokens: 1000, completion_tokens: 40, prompt_tokens_details: { cached_tokens: 0.5 } },
  ],
  ['half-tokens', { prompt_tokens: null, completion_tokens: 40, total_tokens: 1040 }],
  ['half-tokens', { completion_tokens: 40 }],
  ['half-tokens', { prompt_tokens: 1000 }],
  ['half-tokens', { prompt_tokens: 1000, total_tokens: 1040 }],
  ['half-tokens', { total_tokens: 1040 }],
  ['half-tokens', { input_tokens: 1000, total_tokens: 1040 }],
  ['half-tokens', { prompt_tokens_details: { cached_tokens: 5 }, completion_tokens: 40 }],
] as const

describe('a usage that tells half of what was used', () => {
  test.each(USAGES)('of OpenAI is left out as %s: %j', (reason, usage) => {
    expect(reportOf(withUsage(usage))).toMatchObject({
      rowsUsed: 0,
      leftOut: [{ reason, count: 1, first: 'log:1' }],
    })
  })

  test.each(USAGES)('costs what the log says, and is told (%s: %j)', (_, usage) => {
    const { rowsUsed, costs } = reportOf(withUsage(usage, { cost: 0.5 }))
    expect(rowsUsed).toBe(1)
    expect(costs).toMatchObject({ fromLog: 1, unchecked: 1, firstUnchecked: 'log:1', differing: 0, far: 0 })
  })

  test.each([
    ['half-tokens', { prompt_tokens: null, completion_tokens: 40 }],
    ['half-tokens', { prompt_tokens: null, completion_tokens: null, total_tokens: 1040 }],
    ['bad-tokens', { prompt_tokens: -5, completion_tokens: 40 }],
    ['bad-tokens', { prompt_tokens: 'many', completion_tokens: 40 }],
    ['bad-tokens', { prompt_tokens: '1.234', completion_tokens: '40' }],
  ])('of LiteLLM beside a spend of 0 is left out as %s: %j', (reason, counts) => {
    for (const models of [PRICES, undefined]) {
      const { leftOut } = reportOf(liteLlm(CALL, { spend: 0, response: {}, ...counts }), { ...STARS, models })
      expect(leftOut).toEqual([{ reason, count: 1, first: 'log:1' }])
    }
  })

  test.each([
    ['half-tokens', { output: 40 }],
    ['half-tokens', { total: 1040 }],
    ['bad-tokens', { input: -1000, output: 40 }],
    ['bad-tokens', { input: 'many', output: 40 }],
    ['bad-tokens', { input: 1000.5, output: 40 }],
  ])('of Langfuse is left out as %s: %j', (reason, usageDetails) => {
    const none = { calculatedTotalCost: null, totalCost: null, costDetails: {}, usage: null }
    const record = langfuse(CALL, {
      ...none,
      usageDetails,
      scores: [{ name: 'helpful', value: 1 }],
    })
    expect(reportOf(record, { reward: 'helpful' }).leftOut).toEqual([{ reason, count: 1, first: 'log:1' }])
  })

  test.each([
    ['half-tokens', { inputTokens: 1000 }],
    ['bad-tokens', { inputTokens: -1, outputTokens: 40 }],
    ['bad-tokens', { inputTokens: 1000, outputTokens: 'forty' }],
    ['bad-tokens', { inputTokens: '1.234', outputTokens: '40' }],
  ])('of named columns is left out as %s: %j', (reason, counts) => {
    const record = { prompt: 'What is rain?', model: 'small', reward: 1, ...counts }
    expect(reportOf(record).leftOut).toEqual([{ reason, count: 1, first: 'log:1' }])
  })

  test('is one of no cost for evaluate, which needs none', () => {
    const { costs } = reportOf(withUsage({ completion_tokens: 40 }), { for: 'evaluate' })
    expect(costs).toMatchObject({ unknown: 1, fromPrices: 0 })
  })

  test('is not one whose output has no tokens', () => {
    const { costs, models } = reportOf(withUsage({ prompt_tokens: 1000, completion_tokens: 0 }))
    expect(costs).toMatchObject({ fromPrices: 1, unchecked: 0 })
    expect(models.small.costUsd).toBeCloseTo(0.0005, 12)
  })
})

describe('a cost of the log', () => {
  test.each([1, 0.9, 1.2])(
    'in cents is told as one in another unit, row by row, at %f of the given price',
    (part) => {
      const log = createLogImport({ models: PRICES })
      const calls = told(40)
      for (const [i, call] of calls.entries()) {
        const inputTokens = 20 + i
        const usd =
          (inputTokens * (call.model === 'small' ? 0.5 : 5) + 20 * (call.model === 'small' ? 1 : 20)) / 1e6
        const cost = Number((usd * part * 100).toFixed(5))
        log.take({ ...call, inputTokens, outputTokens: 20, costUsd: cost }, `log:${i}`)
      }
      expect(log.finish().costs).toMatchObject({ fromLog: 40, differing: 40, far: 40 })
    },
  )

  test('of 50 times its price or more is told apart from those that differ', () => {
    const priced = (CALL.inputTokens * 0.5 + CALL.outputTokens) / 1e6
    expect(reportOf(openAi(CALL, { cost: priced * 49 })).costs).toMatchObject({ differing: 1, far: 0 })
    expect(reportOf(openAi(CALL, { cost: 1e6 })).costs).toMatchObject({
      differing: 1,
      far: 1,
      firstFar: 'log:1',
    })
  })
})
