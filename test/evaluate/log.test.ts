import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mulberry32, permutation } from '../../src/base/random.js'
import { assumeRandom, evaluatePolicies, parseDecisionLog } from '../../src/evaluate/index.js'
import { defaultEncoder } from '../../src/features/default-encoder.js'
import { expectCode } from '../support/errors.js'
import { makeBench, X } from '../support/router.js'
import '../support/seed.js'
import { drawRows, toEvents, toLog } from './world.js'

const ROWS = drawRows({ requests: 60, epsilon: 0.5, seed: 3, rewardRates: [0.5, 1, 0.8] })
const ROUTED = { type: 'routed', at: 1, id: 'r.1', model: 'small', context: [1, 2] }
const SETTLED = { type: 'settled', at: 2, id: 'r.1', model: 'small', costUsd: 0.1 }
const REWARDED = { type: 'rewarded', at: 2, id: 'r.1', model: 'small', reward: 0.5 }
const FAILED = { type: 'failed', at: 2, id: 'r.1', model: 'small', costUsd: 0.1 }

function parse(...lines: readonly (object | string)[]) {
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')
  return parseDecisionLog(text, 'log')
}

describe('the encoder of a decision log', () => {
  const PROMPT = JSON.stringify({ model: 'a', prompt: 'why?', reward: 1 })

  test.each([
    1,
    '',
    [],
    {},
    { name: 'x' },
    { name: 'x', dimension: 2, encodeInto: 1 },
    { dimension: 2, encodeInto: () => {} },
  ])('is refused where it is not one: %j', (encoder) => {
    expectCode(() => parseDecisionLog(PROMPT, 'log', encoder as never), 'INVALID_ARGUMENT')
  })

  test.each([0, 1.5, Number.NaN, 1e9, undefined, '3'])('is refused with a dimension of %s', (dimension) => {
    const encoder = { name: 'x', dimension, encodeInto: () => {} }
    expectCode(() => parseDecisionLog(PROMPT, 'log', encoder as never), 'INVALID_ARGUMENT')
  })

  test('may not have to wait, nor fail, nor write what is no number', () => {
    const later = { name: 'x', dimension: 2, encode: async () => [1, 1] }
    expectCode(() => parseDecisionLog(PROMPT, 'log', later as never), 'ASYNC_ENCODER')
    const failing = {
      name: 'x',
      dimension: 2,
      encodeInto: () => {
        throw new TypeError('no')
      },
    }
    expectCode(() => parseDecisionLog(PROMPT, 'log', failing), 'ENCODER_FAILED')
    const wrong = {
      name: 'x',
      dimension: 2,
      encodeInto: (_: string, out: Float64Array) => void out.fill(Number.NaN),
    }
    expectCode(() => parseDecisionLog(PROMPT, 'log', wrong), 'ENCODER_FAILED')
  })

  test('writes each prompt into a context of its own', () => {
    const encoder = {
      name: 'x',
      dimension: 2,
      encodeInto: (text: string, out: Float64Array, offset: number) => out.set([text.length, 1], offset),
    }
    const log = parseDecisionLog(`${PROMPT}\n${PROMPT.replace('why?', 'why not?')}`, 'log', encoder)
    expect(log.decisions.map(({ context }) => [...context])).toEqual([
      [4, 1],
      [8, 1],
    ])
  })
})

describe('a decision log that code has made or changed', () => {
  const read = parseDecisionLog(toLog(drawRows({ requests: 400, epsilon: 0.5, seed: 3 })), 'log')
  const first = read.decisions[0]
  const withFirst = (change: object) => ({
    ...read,
    decisions: [{ ...first, ...change }, ...read.decisions.slice(1)],
  })

  test.each([
    ['log.decisions[0].reward', withFirst({ reward: '1' })],
    ['log.decisions[0].reward', withFirst({ reward: Number.NaN })],
    ['log.decisions[0].reward', withFirst({ reward: undefined })],
    ['log.decisions[0].reward', withFirst({ reward: 1e7 })],
    ['log.decisions[0].costUsd', withFirst({ costUsd: -1 })],
    ['log.decisions[0].costUsd', withFirst({ costUsd: Number.POSITIVE_INFINITY })],
    ['log.decisions[0].propensity', withFirst({ propensity: 0 })],
    ['log.decisions[0].propensity', withFirst({ propensity: Number.NaN })],
    ['log.decisions[0].propensity', withFirst({ propensity: 2 })],
    ['log.decisions[0].model', withFirst({ model: 3 })],
    ['log.decisions[0].model', withFirst({ model: 'small' })],
    ['log.decisions[0].eligible', withFirst({ eligible: [0, 1, 2, first.model] })],
    ['log.decisions[0].eligible', withFirst({ eligible: [(first.model + 1) % 3] })],
    ['log.decisions[0].eligible[1]', withFirst({ eligible: [0, 5] })],
    ['log.decisions[0].context', withFirst({ context: null })],
    ['log.decisions[0].context[1]', withFirst({ context: [1, Number.NaN, 1] })],
    ['log.decisions[0].failed', withFirst({ failed: undefined })],
    ['log.decisions[0].forced', withFirst({ forced: 'no' })],
    ['log.decisions[0]', { ...read, decisions: [null] }],
    ['log.decisions', { ...read, decisions: undefined }],
    ['log.models', { ...read, models: null }],
    ['log.models[0]', { ...read, models: [1] }],
    ['log.dimension', { ...read, dimension: Number.NaN }],
    ['log.orphans', { ...read, orphans: -1 }],
    ['log.name', { ...read, name: 1 }],
    ['log', null],
  ])('is refused with what is wrong: %s', (field, log) => {
    expectCode(() => evaluatePolicies(log as never, ['uniform']), 'INVALID_ARGUMENT', field)
    expectCode(() => assumeRandom(log as never), 'INVALID_ARGUMENT', field)
  })

  test('is refused with a context of another length', () => {
    const log = withFirst({ context: [1] })
    expectCode(
      () => evaluatePolicies(log as never, ['uniform']),
      'DIMENSION_MISMATCH',
      'log.decisions[0].context',
    )
  })

  test('is taken with contexts in plain arrays', () => {
    const plain = {
      ...read,
      decisions: read.decisions.map((each) => ({ ...each, context: Array.from(each.context) })),
    }
    expect(evaluatePolicies(plain as never, ['uniform'])).toEqual(evaluatePolicies(read, ['uniform']))
  })
})

describe('a decision log', () => {
  test('reads the same as flat lines and as events in any order', () => {
    const flat = parseDecisionLog(toLog(ROWS), 'log')
    const events = toEvents(ROWS)
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const shuffled = permutation(events.length, mulberry32(seed)).map((i) => events[i])
        const read = parseDecisionLog(toLog(shuffled), 'log')
        const plain = ({ models, decisions }: typeof read) =>
          decisions.map(({ model, eligible, place: _, ...rest }) => ({
            ...rest,
            model: models[model],
            eligible: eligible?.map((each) => models[each]) ?? null,
          }))
        expect(plain(read)).toEqual(plain(flat))
        expect(read.orphans).toBe(0)
      }),
      { numRuns: 20 },
    )
  })

  test('joins feedback, counts what it cannot join, and leaves other events out', () => {
    const log = parse(
      { type: 'budget-set', at: 0, usdPerRequest: 1 },
      '',
      REWARDED,
      ROUTED,
      { ...SETTLED, id: 'r.0' },
      { type: 'drift', at: 3, model: 'small', signal: 'cost', direction: 'up' },
    )
    expect(log.decisions).toMatchObject([{ reward: 0.5, costUsd: null, failed: false, propensity: null }])
    expect(log.orphans).toBe(1)
    expect(parse(ROUTED, FAILED).decisions).toMatchObject([{ reward: null, costUsd: 0.1, failed: true }])
    const BILLED = { ...SETTLED, type: 'billed', costUsd: 0.4 }
    for (const before of [SETTLED, FAILED, { ...SETTLED, type: 'cancelled' }])
      expect(parse(ROUTED, before, BILLED).decisions).toMatchObject([
        { costUsd: 0.4, failed: before === FAILED },
      ])
  })

  test('counts what calls cost that were broken off, and a bill in the place of a cost wherever it stands', () => {
    const cancelled = { ...SETTLED, type: 'cancelled', costUsd: 0.02 }
    expect(parse(ROUTED, cancelled).decisions).toMatchObject([{ costUsd: 0.02, reward: null, failed: false }])
    const bills = [0.3, 0.4].map((costUsd) => ({ ...SETTLED, type: 'billed', costUsd }))
    for (const before of [SETTLED, FAILED, cancelled])
      for (const lines of [
        [...bills, before, ROUTED],
        [bills[0], ROUTED, before, bills[1]],
      ])
        expect(parse(...lines).decisions).toMatchObject([{ costUsd: 0.4, failed: before === FAILED }])
    // Of two processes that append to one file the later bill may stand first.
    const [first, corrected] = bills.map((bill, i) => ({ ...bill, at: 10 + i }))
    expect(parse(ROUTED, SETTLED, corrected, first).decisions).toMatchObject([{ costUsd: 0.4 }])
    expect(parse(ROUTED, SETTLED, first, corrected).decisions).toMatchObject([{ costUsd: 0.4 }])
    expectCode(() => parse(ROUTED, cancelled, SETTLED), 'DATA_INVALID', 'log:3')
  })

  test('tells the same dollars a request as the router whose log it is', async () => {
    const { router, log } = await makeBench({ epsilon: 0.5, budget: { usdPerRequest: 0.01 } })
    for (let i = 0; i < 300; i++) {
      const { id } = router.route(X)
      if (i % 3 === 0) router.cancel(id, { costUsd: 0.001 })
      else if (i % 3 === 1) router.fail(id, { costUsd: 0.002 })
      else {
        router.settle(id, { costUsd: 0.02 })
        router.reward(id, 0.5)
      }
      if (i % 7 === 0) router.correct(id, { costUsd: 0.03 })
    }
    const read = parseDecisionLog(toLog(log), 'log')
    const { costUsd } = evaluatePolicies(read, []).policies[0]
    expect(costUsd?.doublyRobust.mean).toBeCloseTo(router.stats().pacer.spendUsd / 300, 12)
  })

  test('numbers flat lines without an id, and encodes their prompts', () => {
    const line = { model: 'small', prompt: 'rivers of France', propensity: 0.5, reward: 1, costUsd: 0.1 }
    const encoder = defaultEncoder()
    const log = parseDecisionLog(toLog([line, line]), 'log', encoder)
    const context = new Float64Array(encoder.dimension)
    encoder.encodeInto(line.prompt, context, 0)
    expect(log.decisions).toMatchObject([
      { id: 'log:1', context },
      { id: 'log:2', context },
    ])
    expectCode(() => parseDecisionLog(toLog([line]), 'log'), 'DATA_INVALID', 'log:1')
  })

  test.each<[string, RegExp, ...(object | string)[]]>([
    ['text that is not JSON', /^log:2: expected JSON/, ROUTED, '{"id":'],
    ['an array', /^log:1: expected an object/, '[1]'],
    ['a type that is no name', /^log:1: type/, { type: 7 }],
    ['a decision without id', /^log:1: id/, { ...ROUTED, id: undefined }],
    ['a decision without model', /^log:1: model/, { ...ROUTED, model: '' }],
    ['a decision without context', /^log:1: context: expected an array/, { ...ROUTED, context: undefined }],
    ['a hole in a context', /^log:1: context\[1\]/, { ...ROUTED, context: [1, null] }],
    [
      'another dimension',
      /^log:2: context: expected 2 numbers as at log:1, got 3/,
      ROUTED,
      { ...ROUTED, id: 'r.2', context: [1, 2, 3] },
    ],
    [
      'a propensity of 0',
      /^log:1: propensity: expected a number in \(0, 1\], got 0/,
      { ...ROUTED, propensity: 0 },
    ],
    ['a propensity above 1', /^log:1: propensity/, { ...ROUTED, propensity: 1.1 }],
    [
      'eligible models without the chosen',
      /^log:1: eligible: expected the chosen model 'small'/,
      { ...ROUTED, eligible: ['large'] },
    ],
    [
      'an eligible model twice',
      /^log:1: eligible: expected every model once/,
      { ...ROUTED, eligible: ['small', 'small'] },
    ],
    ['a reward that is text', /^log:2: reward/, ROUTED, { ...REWARDED, reward: '1' }],
    ['a negative cost', /^log:2: costUsd/, ROUTED, { ...SETTLED, costUsd: -1 }],
    ['a decision twice', /^log:2: id: 'r.1' was decided already at log:1/, ROUTED, ROUTED],
    ['a reward twice', /^log:3: id: 'r.1' has had this feedback/, ROUTED, REWARDED, REWARDED],
    ['a cost twice', /^log:3: id/, SETTLED, ROUTED, SETTLED],
    ['a failure after a cost', /^log:3: id/, ROUTED, SETTLED, FAILED],
    [
      'feedback for another model',
      /^log:2: model: expected 'small'/,
      ROUTED,
      { ...REWARDED, model: 'large' },
    ],
    ['no decision at all', /^log: expected decisions/, REWARDED],
  ])('refuses %s, naming the line', (_, message, ...lines) => {
    expect(expectCode(() => parse(...lines), 'DATA_INVALID').message).toMatch(message)
  })

  test('of a router without epsilon still tells what was logged', () => {
    const rows = ROWS.flatMap((row, i) => [row, { ...row, id: `again.${i}` }, { ...row, id: `more.${i}` }])
    const log = parseDecisionLog(toLog(rows.map((row) => ({ ...row, propensity: 1, eligible: [] }))), 'log')
    const { policies, evaluated } = evaluatePolicies(log, [])
    const costs = rows.map(({ costUsd }) => costUsd ?? Number.NaN)
    expect(evaluated).toBe(rows.length)
    expect(policies).toHaveLength(1)
    const mean = costs.reduce((sum, cost) => sum + cost, 0) / costs.length
    for (const estimator of ['ips', 'snips', 'doublyRobust'] as const)
      expect(policies[0].costUsd?.[estimator].mean).toBeCloseTo(mean, 12)
  })
})
