import fc from 'fast-check'
import { describe, expect, expectTypeOf, test } from 'vitest'
import {
  createLogImport,
  type ImportedDecision,
  type ImportedOutcomes,
  type ImportedRow,
  type LogImportOptions,
} from '../../../src/evaluate/index.js'
import { parseDecisionLog } from '../../../src/evaluate/log.js'
import { defaultEncoder } from '../../../src/features/default-encoder.js'
import { fitPriors } from '../../../src/index.js'
import { parseOutcomes } from '../../../src/replay/dataset.js'
import '../../support/seed.js'
import { expectCode } from '../../support/errors.js'
import { batchOutput, langfuse, lines, liteLlm, openAi, PRICES, told } from './logs.js'

const CALLS = told(8)

function imported(records: readonly unknown[], options: LogImportOptions = {}) {
  const log = createLogImport(options)
  const rows = records.flatMap((record, i) => log.take(record, `log:${i + 1}`))
  return { rows, report: log.finish() }
}

describe('rows', () => {
  test('have the type of what they are for', () => {
    const record = openAi(CALLS[0])
    // As docs/IMPORT.md has it.
    const priors = createLogImport({ for: 'priors', models: PRICES }).take(record, 'records[0]')
    expect(Object.keys(fitPriors(priors, { encoder: defaultEncoder() }).models)).toEqual([CALLS[0].model])
    expectTypeOf(createLogImport().take(record, '')).toEqualTypeOf<readonly ImportedOutcomes[]>()
    expectTypeOf(createLogImport({ for: 'replay', models: PRICES }).take(record, '')).toEqualTypeOf<
      readonly ImportedOutcomes[]
    >()
    const [decision] = createLogImport({ for: 'evaluate', models: PRICES }).take(record, '')
    expectTypeOf(decision).toEqualTypeOf<ImportedDecision>()
    expect(decision.model).toBe(CALLS[0].model)
    const some: LogImportOptions = {}
    expectTypeOf(createLogImport(some).take(record, '')).toEqualTypeOf<readonly ImportedRow[]>()
  })

  test('for priors are what fitPriors takes, and what it encodes is what was encoded before', () => {
    const records = CALLS.map((call) => openAi(call))
    const { rows } = imported(records, { models: PRICES })
    const outcomes = parseOutcomes(lines(rows), 'rows')
    const encoder = defaultEncoder()
    const priors = fitPriors(outcomes, { encoder })
    expect(Object.keys(priors.models)).toEqual(['small', 'large'])

    const bare = imported(records, { models: PRICES, contextsOnly: true })
    expect(JSON.stringify(bare.rows)).not.toContain('rivers')
    const contexts = parseOutcomes(lines(bare.rows), 'rows').map(({ features, outcomes: some }) => ({
      context: features ?? [],
      outcomes: some,
    }))
    const same = fitPriors(contexts, { encoder })
    expect(same.models.small.response).toEqual(priors.models.small.response)
  })

  test('for replay have every model, of the same prompt, in whatever order the calls come', () => {
    const pairs = CALLS.map((call, i) => ({ ...call, prompt: `task ${Math.floor(i / 2)}` }))
    const lonely = { ...CALLS[0], id: 'lonely', prompt: 'nobody else' }
    const again = { ...CALLS[0], id: 'again', prompt: 'task 0' }
    const records = [
      ...pairs.filter((_, i) => i % 2 === 0),
      lonely,
      ...pairs.filter((_, i) => i % 2 === 1),
      again,
    ]
    const { rows, report } = imported(
      records.map((call) => openAi(call)),
      { for: 'replay', models: PRICES },
    )
    expect(report).toMatchObject({ rowsIn: 10, rowsUsed: 8, rowsWritten: 4 })
    expect(report.leftOut).toEqual([
      { reason: 'same-prompt-again', count: 1, first: 'log:10' },
      { reason: 'not-every-model', count: 1, first: 'log:5' },
    ])
    for (const { outcomes, features } of parseOutcomes(lines(rows), 'rows')) {
      expect(Object.keys(outcomes).sort()).toEqual(['large', 'small'])
      expect(features).toHaveLength(defaultEncoder().dimension)
    }
  })

  test('of an id that was left out do not keep out the one of the same id that can be used', () => {
    const [call] = CALLS
    const records = [
      openAi(call, { reward: null }),
      openAi(call, { reward: 'fine' }),
      openAi(call, { cost: -1 }),
      openAi(call),
      openAi(call),
    ]
    const { rows, report } = imported(records, { models: PRICES })
    expect(rows).toHaveLength(1)
    expect(report).toMatchObject({
      rowsIn: 5,
      rowsUsed: 1,
      leftOut: [
        { reason: 'duplicate', count: 1, first: 'log:5' },
        { reason: 'bad-cost', count: 1, first: 'log:3' },
        { reason: 'no-reward', count: 1, first: 'log:1' },
        { reason: 'reward-not-a-number', count: 1, first: 'log:2' },
      ],
    })
    expect(imported([...records].reverse(), { models: PRICES }).rows).toEqual(rows)
  })

  test('for evaluate need neither reward nor cost, and carry time and propensity', () => {
    const records = [
      openAi(CALLS[0], { chance: 0.25 }),
      openAi(CALLS[1], { reward: null }),
      openAi(CALLS[2], { chance: 1.5 }),
      openAi(CALLS[3], { reward: 7 }),
    ]
    const { rows, report } = imported(records, { for: 'evaluate', propensity: 'chance' })
    const { decisions } = parseDecisionLog(lines(rows), 'rows', defaultEncoder())
    expect(decisions).toMatchObject([
      { propensity: 0.25, reward: CALLS[0].reward, costUsd: null },
      { propensity: null, reward: null },
    ])
    expect(rows[0]).toMatchObject({ at: Date.parse(CALLS[0].at), prompt: CALLS[0].prompt })
    expect(report.leftOut).toEqual([
      { reason: 'bad-propensity', count: 1, first: 'log:3' },
      { reason: 'reward-out-of-range', count: 1, first: 'log:4' },
    ])
    expect(report).toMatchObject({
      propensities: 1,
      costs: { unknown: 2 },
      rewards: { known: 1, unknown: 1 },
    })
    const bare = imported(records, { for: 'evaluate', contextsOnly: true })
    expect(JSON.stringify(bare.rows)).not.toContain('rivers')
    expect(parseDecisionLog(lines(bare.rows), 'rows').decisions[0].context).toEqual(decisions[0].context)
  })
})

describe('costs', () => {
  const priced = (CALLS[0].inputTokens * 0.5 + CALLS[0].outputTokens * 1) / 1e6

  test('are the log’s; one that is over 5 % off its price is told', () => {
    const records = [
      openAi(CALLS[0], { cost: priced }),
      openAi(CALLS[2], { cost: priced * 1.04 }),
      openAi(CALLS[4], { cost: priced * 1.06 }),
      openAi(CALLS[6], { cost: priced / 2 }),
    ]
    const { report } = imported(records, { models: PRICES })
    expect(report.costs).toMatchObject({ fromLog: 4, differing: 2, firstDiffering: 'log:3' })
    expect(report.models.small.costUsd).toBeCloseTo(priced * 3.6, 12)
  })

  test('of a batch, and of a flex tier, are less by the discount that the model has', () => {
    const models = [{ ...PRICES[0], batchDiscount: 0.5, flexDiscount: 0.25 }]
    const { response } = openAi(CALLS[6])
    const records = [
      batchOutput(CALLS[0], 'task', { body: openAi(CALLS[0]).request, reward: 1 }),
      openAi(CALLS[2]),
      openAi(CALLS[6], { response: { ...response, service_tier: 'flex' } }),
    ]
    const { rows } = imported(records, { models, names: { large: 'small' } })
    const costs = rows.map((row) => ('outcomes' in row ? row.outcomes.small.costUsd : null))
    expect(costs).toEqual([priced * 0.5, priced, priced * 0.75].map((usd) => expect.closeTo(usd, 15)))
  })

  test('of 0 beside tokens with a price are the price; without a price they stay, and are told', () => {
    const record = liteLlm(CALLS[0], { spend: 0 })
    const options = { reward: 'metadata.feedback.stars', rewardRange: [1, 5] } as const
    expect(imported([record], { ...options, models: PRICES }).report.costs).toMatchObject({
      fromPrices: 1,
      zero: 0,
    })
    expect(imported([record], options).report.costs).toMatchObject({ fromLog: 1, zero: 1 })
  })

  test('that are invalid, or cannot be known, leave the row out', () => {
    const records = [
      openAi(CALLS[0], { cost: -1 }),
      openAi(CALLS[1], { cost: 'dear' }),
      openAi(CALLS[2], { cost: '1e13' }),
      openAi(CALLS[3]),
    ]
    expect(imported(records).report.leftOut).toEqual([
      { reason: 'no-price', count: 1, first: 'log:4' },
      { reason: 'bad-cost', count: 3, first: 'log:1' },
    ])
  })
})

describe('models', () => {
  test('are renamed; others are left out and named', () => {
    const records = [
      ...CALLS.slice(0, 2).map((call) => openAi(call)),
      openAi({ ...CALLS[2], model: 'gpt-tiny' }),
      openAi({ ...CALLS[4], model: 'gpt-other' }),
    ]
    const { report } = imported(records, { models: PRICES, names: { 'gpt-tiny': 'small' } })
    expect(Object.keys(report.models)).toEqual(['small', 'large'])
    expect(report.leftOut).toEqual([{ reason: 'unknown-model', count: 1, first: 'log:4' }])
    expect(report.unknownModels).toEqual({ 'gpt-other': 1 })
  })

  test('called as fields of objects are called are models like others', () => {
    const records = ['__proto__', 'constructor'].map((model, i) =>
      openAi({ ...CALLS[i], model }, { cost: 0.1 }),
    )
    const { rows, report } = imported(records)
    expect(Object.keys(report.models)).toEqual(['__proto__', 'constructor'])
    expect(JSON.stringify(rows)).toContain('"__proto__":{"reward"')
  })
})

describe('whatever a log holds', () => {
  const good = fc.record({ call: fc.constantFrom(...CALLS), id: fc.nat(6) }).chain(({ call, id }) => {
    const own = { ...call, id: `${id}` }
    return fc.constantFrom<unknown>(liteLlm(own), openAi(own), langfuse(own), batchOutput(own, 'task'))
  })
  /** A good record with something put in the place of one of its fields, at the top or one below. */
  const mangled = fc
    .tuple(
      good,
      fc.nat(20),
      fc.nat(20),
      fc.oneof(fc.anything(), fc.constantFrom(null, '', '{', 'NaN', -1, 1e300, [], {})),
    )
    .map(([record, at, below, value]) => {
      const copy = structuredClone(record) as Record<string, unknown>
      const names = Object.keys(copy)
      const name = names[at % names.length]
      const inner = copy[name]
      if (below % 2 === 0 || typeof inner !== 'object' || inner === null) copy[name] = value
      else {
        const keys = Object.keys(inner)
        Object.assign(inner, { [keys[below % Math.max(1, keys.length)] ?? 'x']: value })
      }
      return copy as unknown
    })
  const record = fc.oneof(
    { weight: 4, arbitrary: good },
    { weight: 6, arbitrary: mangled },
    { weight: 1, arbitrary: fc.anything() },
    { weight: 1, arbitrary: fc.jsonValue() },
  )
  const use = fc.constantFrom('priors' as const, 'replay' as const, 'evaluate' as const)

  test('rows in are rows used and rows left out, and every row that is written can be read', () => {
    fc.assert(
      fc.property(
        fc.array(record, { maxLength: 12 }),
        use,
        fc.boolean(),
        fc.boolean(),
        (records, purpose, isBare, hasModels) => {
          const log = createLogImport({
            for: purpose,
            contextsOnly: isBare,
            ...(hasModels || purpose === 'replay' ? { models: PRICES } : {}),
            reward: 'metadata.feedback.stars',
            rewardRange: [0, 5],
            propensity: 'chance',
          })
          const rows = records.flatMap((each, i) => log.take(each, `log:${i + 1}`))
          log.leaveOut('bad-json', 'log:x')
          const report = log.finish()
          const left = report.leftOut.reduce((sum, { count }) => sum + count, 0)
          expect(report.rowsIn).toBe(report.rowsUsed + left)
          expect(report.rowsIn).toBeGreaterThan(0)
          expect(report.rowsWritten).toBe(rows.length)
          expect(Object.values(report.models).reduce((sum, { rows: count }) => sum + count, 0)).toBe(
            report.rowsUsed,
          )
          if (rows.length === 0) return
          if (purpose === 'evaluate') parseDecisionLog(lines(rows), 'rows', defaultEncoder())
          else parseOutcomes(lines(rows), 'rows')
        },
      ),
      { numRuns: 400 },
    )
  })

  test('a name that no router takes is no model', () => {
    const log = createLogImport()
    expect(log.take(openAi({ ...CALLS[0], model: 'gpt\ud800' }), 'log:1')).toEqual([])
    expect(log.finish().leftOut).toMatchObject([{ reason: 'no-model', count: 1, first: 'log:1' }])
  })

  test('no record, however deep, ends an import', () => {
    let deep: unknown = 'x'
    for (let i = 0; i < 20_000; i++) deep = [deep]
    const log = createLogImport()
    for (const field of ['messages', 'input', 'data', 'observations', 'scores', 'reward', 'metadata'])
      expect(log.take({ ...openAi(CALLS[0]), [field]: deep }, 'log:1')).toEqual([])
  })
})

const LOW_TIER = { aboveInputTokens: 1000, inputUsdPerMTok: 2, outputUsdPerMTok: 5e-6 }

describe('bad options', () => {
  test.each<
    [string, unknown, 'INVALID_ARGUMENT' | 'UNKNOWN_OPTION' | 'DUPLICATE_MODEL' | 'UNKNOWN_MODEL', RegExp]
  >([
    ['no object', null, 'INVALID_ARGUMENT', /options/],
    ['an unknown one', { fro: 'priors' }, 'UNKNOWN_OPTION', /fro/],
    ['an unknown use', { for: 'prior' }, 'INVALID_ARGUMENT', /for/],
    ['an unknown format', { format: 'lite' }, 'INVALID_ARGUMENT', /format/],
    ['replay without models', { for: 'replay' }, 'INVALID_ARGUMENT', /models/],
    ['replay of no models', { for: 'replay', models: [] }, 'INVALID_ARGUMENT', /models/],
    ['a model twice', { models: [PRICES[0], PRICES[0]] }, 'DUPLICATE_MODEL', /models/],
    [
      'prices of one token',
      { models: [{ id: 'm', inputUsdPerMTok: 1, outputUsdPerMTok: 5, tiers: [LOW_TIER] }] },
      'INVALID_ARGUMENT',
      /models\[0\]\.tiers\[0\]\.outputUsdPerMTok/,
    ],
    ['a name of no model', { models: PRICES, names: { a: 'b' } }, 'UNKNOWN_MODEL', /names/],
    ['a name without an id', { names: { a: 1 } }, 'INVALID_ARGUMENT', /names/],
    ['an empty reward', { reward: '' }, 'INVALID_ARGUMENT', /reward/],
    ['an empty range', { rewardRange: [1, 1] }, 'INVALID_ARGUMENT', /rewardRange/],
    ['half a range', { rewardRange: [1] }, 'INVALID_ARGUMENT', /rewardRange/],
    ['an endless range', { rewardRange: [0, Number.POSITIVE_INFINITY] }, 'INVALID_ARGUMENT', /rewardRange/],
    ['a word out of the range', { rewardWords: { good: 2 } }, 'INVALID_ARGUMENT', /rewardWords/],
    ['an unknown column', { columns: { promt: 'a' } }, 'UNKNOWN_OPTION', /columns/],
    ['a column without a name', { columns: { prompt: 1 } }, 'INVALID_ARGUMENT', /columns/],
    ['contextsOnly of a text', { contextsOnly: 'yes' }, 'INVALID_ARGUMENT', /contextsOnly/],
    ['no encoder', { encoder: {} }, 'INVALID_ARGUMENT', /encoder/],
    ['a propensity that is no name', { propensity: 0.5 }, 'INVALID_ARGUMENT', /propensity/],
  ])('%s', (_, options, code, field) => {
    expectCode(() => createLogImport(options as LogImportOptions), code, field)
  })

  test('requests with one id and two prompts are refused', () => {
    const log = createLogImport()
    const request = (content: string) => ({ custom_id: 'a', body: { messages: [{ role: 'user', content }] } })
    log.addRequest(request('one'), 'in:1')
    log.addRequest(request('one'), 'in:2')
    expectCode(() => log.addRequest(request('two'), 'in:3'), 'DATA_INVALID', 'in:3')
  })
})
