import { describe, expect, it } from 'vitest'
import type { ErrorCode } from '../../src/base/errors.js'
import { createRouter } from '../../src/create-router.js'
import type { RouterOptions } from '../../src/policy/options.js'
import { memoryStore } from '../../src/store/memory/memory-store.js'
import { expectCode, expectRejection, wrong } from '../support/errors.js'
import { MODELS, makeBench } from '../support/router.js'

const A = MODELS[0]

/** options, code, field, and what the message must say */
const CASES: readonly [unknown, ErrorCode, string, string][] = [
  [null, 'INVALID_ARGUMENT', 'options', 'expected an object, got null'],
  ['text', 'INVALID_ARGUMENT', 'options', 'got "text"'],
  [[], 'INVALID_ARGUMENT', 'options', 'got an array of 0'],
  [{ gama: 0.9 }, 'UNKNOWN_OPTION', 'gama', "did you mean 'gamma'?"],
  [{ Models: [] }, 'UNKNOWN_OPTION', 'Models', "did you mean 'models'?"],
  [{ zebra: 1 }, 'UNKNOWN_OPTION', 'zebra', 'known: models, '],
  [{ gamma: 1.1 }, 'INVALID_ARGUMENT', 'gamma', 'in [0.5, 1], got 1.1'],
  [{ gamma: 0.49 }, 'INVALID_ARGUMENT', 'gamma', 'got 0.49'],
  [{ gamma: '0.9' }, 'INVALID_ARGUMENT', 'gamma', 'got "0.9"'],
  [{ gamma: 1n }, 'INVALID_ARGUMENT', 'gamma', 'got 1n'],
  [{ alpha: -0.1 }, 'INVALID_ARGUMENT', 'alpha', 'got -0.1'],
  [{ alpha: Number.NaN }, 'INVALID_ARGUMENT', 'alpha', 'got NaN'],
  [{ alpha: null }, 'INVALID_ARGUMENT', 'alpha', 'got null'],
  [{ lambda0: 0 }, 'INVALID_ARGUMENT', 'lambda0', 'got 0'],
  [
    { policy: 'paper', costWeight: Number.POSITIVE_INFINITY },
    'INVALID_ARGUMENT',
    'costWeight',
    'got Infinity',
  ],
  [{ costWeight: 0.1 }, 'INVALID_ARGUMENT', 'costWeight', "goes with policy 'paper', this is 'dollar'"],
  [
    { budget: { usdPerRequest: 1, mode: 'soft' } },
    'INVALID_ARGUMENT',
    'budget.mode',
    "goes with policy 'paper'",
  ],
  [
    { policy: 'paper', budget: { usdPerRequest: 1, burst: 9 } },
    'INVALID_ARGUMENT',
    'budget.burst',
    "goes with policy 'dollar'",
  ],
  [{ rewardRange: [1, 0] }, 'INVALID_ARGUMENT', 'rewardRange', 'low < high'],
  [{ rewardRange: [0] }, 'INVALID_ARGUMENT', 'rewardRange', 'got an array of 1'],
  [{ rewardRange: [0, Number.NaN] }, 'INVALID_ARGUMENT', 'rewardRange[1]', 'got NaN'],
  [{ forcedExploration: 1.5 }, 'INVALID_ARGUMENT', 'forcedExploration', 'an integer'],
  [{ expectedTokens: { input: 3 } }, 'INVALID_ARGUMENT', 'expectedTokens.output', 'got undefined'],
  [{ expectedTokens: { inputs: 3 } }, 'UNKNOWN_OPTION', 'expectedTokens.inputs', "did you mean 'input'?"],
  [{ pendingCapacity: 0 }, 'INVALID_ARGUMENT', 'pendingCapacity', 'got 0'],
  [{ pendingTtlMs: -5 }, 'INVALID_ARGUMENT', 'pendingTtlMs', 'a finite number > 0, got -5'],
  [{ kernel: 'wsam' }, 'INVALID_ARGUMENT', 'kernel', "did you mean 'wasm'?"],
  [{ policy: 'linucb' }, 'INVALID_ARGUMENT', 'policy', 'expected one of dollar, paper'],
  [{ seed: -1 }, 'INVALID_ARGUMENT', 'seed', 'got -1'],
  [{ seed: 2 ** 32 }, 'INVALID_ARGUMENT', 'seed', 'got 4294967296'],
  [{ clock: 5 }, 'INVALID_ARGUMENT', 'clock', 'a function, got 5'],
  [{ onListenerError: {} }, 'INVALID_ARGUMENT', 'onListenerError', 'a function, got an object'],
  [{ name: 'a.b' }, 'INVALID_ARGUMENT', 'name', 'got "a.b"'],
  [{ name: '' }, 'INVALID_ARGUMENT', 'name', 'non-empty'],
  [{ dimension: 0 }, 'INVALID_ARGUMENT', 'dimension', 'got 0'],
  [{ dimension: 1025 }, 'INVALID_ARGUMENT', 'dimension', 'in [1, 1024], got 1025'],
  [{ dimension: 2.5 }, 'INVALID_ARGUMENT', 'dimension', 'got 2.5'],
  [{ budget: {} }, 'INVALID_ARGUMENT', 'budget.usdPerRequest', 'got undefined'],
  [{ budget: { usdPerRequest: 0 } }, 'INVALID_ARGUMENT', 'budget.usdPerRequest', '> 0, got 0'],
  [{ budget: { usdPerRequest: 5e-324 } }, 'INVALID_ARGUMENT', 'budget.usdPerRequest', 'got 5e-324'],
  [{ budget: { usdPerRequest: 1, mode: 'sotf' } }, 'INVALID_ARGUMENT', 'budget.mode', "did you mean 'soft'?"],
  [{ budget: { usdPerRequst: 1 } }, 'UNKNOWN_OPTION', 'budget.usdPerRequst', "did you mean 'usdPerRequest'?"],
  [{ budget: 0.01 }, 'INVALID_ARGUMENT', 'budget', 'expected an object, got 0.01'],
  [{ models: A }, 'INVALID_ARGUMENT', 'models', 'expected an array'],
  [{ models: [A, A] }, 'DUPLICATE_MODEL', 'models[1].id', "'small' is listed twice"],
  [{ models: new Array(1) }, 'INVALID_ARGUMENT', 'models[0]', 'got undefined'],
  [
    { models: [A, { id: 'b', inputUsdPerMTok: 1 }] },
    'INVALID_ARGUMENT',
    'models[1].outputUsdPerMTok',
    'got undefined',
  ],
  [
    { models: [{ ...A, inputUsdPerMTok: -1 }] },
    'INVALID_ARGUMENT',
    'models[0].inputUsdPerMTok',
    '>= 0, got -1',
  ],
  [
    { models: [{ ...A, outputUsdPerMTok: Number.NaN }] },
    'INVALID_ARGUMENT',
    'models[0].outputUsdPerMTok',
    'NaN',
  ],
  [
    { models: [{ id: 'a', inputUsdPerMTok: 2.5e-7, outputUsdPerMTok: 2e-6 }] },
    'INVALID_ARGUMENT',
    'models[0].inputUsdPerMTok',
    'got 2.5e-7: if that is the price of one token, write 0.25',
  ],
  [
    {
      models: [
        A,
        { ...A, id: 'b', tiers: [{ aboveInputTokens: 1, inputUsdPerMTok: 1, outputUsdPerMTok: 9e-5 }] },
      ],
    },
    'INVALID_ARGUMENT',
    'models[1].tiers[0].outputUsdPerMTok',
    'if that is the price of one token, write 90',
  ],
  [{ models: [{ ...A, inputUsdPerMTok: '1' }] }, 'INVALID_ARGUMENT', 'models[0].inputUsdPerMTok', 'got "1"'],
  [
    { models: [{ ...A, inputUsdPerMToken: 1 }] },
    'UNKNOWN_OPTION',
    'models[0].inputUsdPerMToken',
    'inputUsdPerMTok',
  ],
  [{ models: [{ ...A, id: '' }] }, 'INVALID_ARGUMENT', 'models[0].id', 'a non-empty string, got ""'],
  [{ models: [{ ...A, id: 5 }] }, 'INVALID_ARGUMENT', 'models[0].id', 'got 5'],
  [{ models: [null] }, 'INVALID_ARGUMENT', 'models[0]', 'got null'],
  [{ nEffective: 1, adaptationHorizon: 1 }, 'INVALID_ARGUMENT', 'nEffective', 'not both'],
  [{ nEffective: 0 }, 'INVALID_ARGUMENT', 'nEffective', 'got 0'],
  [{ adaptationHorizon: -1 }, 'INVALID_ARGUMENT', 'adaptationHorizon', 'got -1'],
  [{ adaptationHorizon: 1e7 }, 'INVALID_ARGUMENT', 'adaptationHorizon (as nEffective)', 'got Infinity'],
  [{ priors: {} }, 'INVALID_ARGUMENT', 'priors.format', 'version 1'],
  [{ encoder: 5 }, 'INVALID_ARGUMENT', 'encoder', 'got 5'],
  [{ encoder: { name: 'e', dimension: 3 } }, 'INVALID_ARGUMENT', 'encoder', 'encodeInto or encode'],
  [
    { encoder: { name: '', dimension: 3, encode: () => {} } },
    'INVALID_ARGUMENT',
    'encoder.name',
    'non-empty',
  ],
  [
    { encoder: { name: 'e', dimension: 4, encode: () => {} } },
    'DIMENSION_MISMATCH',
    'dimension',
    "the encoder's 4",
  ],
]

/** That object, with a field whose getter is `get`. */
function withGetter(object: object, name: string, get: () => unknown): object {
  return Object.defineProperty(object, name, { get, enumerable: true })
}

describe('createRouter refuses', () => {
  it.each<[string, (tell: () => never) => unknown, string]>([
    ['an option', (tell) => withGetter({}, 'budget', tell), 'budget'],
    ['a field of one', (tell) => ({ budget: withGetter({}, 'usdPerRequest', tell) }), 'budget'],
    ['a model', (tell) => ({ models: [withGetter({ id: 'a' }, 'inputUsdPerMTok', tell)] }), 'models'],
    ['caps', (tell) => ({ caps: [withGetter({ per: 'day' }, 'usd', tell)] }), 'caps'],
    ['priors', (tell) => ({ priors: withGetter({}, 'dimension', tell) }), 'priors'],
    ['an encoder', (tell) => ({ encoder: withGetter({ encodeInto() {} }, 'name', tell) }), 'encoder'],
    [
      'the size of an encoder',
      (tell) => ({ encoder: withGetter({ name: 'e', encodeInto() {} }, 'dimension', tell) }),
      'encoder',
    ],
    [
      'a store',
      (tell) => ({ models: [A], dimension: 3, store: withGetter({ open() {} }, 'append', tell) }),
      'store.append',
    ],
    [
      'the journal',
      (tell) => ({
        models: [A],
        dimension: 3,
        store: memoryStore(),
        journal: withGetter({}, 'holdMs', tell),
      }),
      'journal',
    ],
    ['a list of names', (tell) => new Proxy({}, { ownKeys: tell }), 'options'],
  ])('%s that throws when it is read is a typed error with its cause', async (_, make, field) => {
    const cause = new RangeError('not today')
    const options = make(() => {
      throw cause
    })
    const error = await expectRejection(
      createRouter(wrong<RouterOptions>(options)),
      'INVALID_ARGUMENT',
      field,
    )
    expect(error.cause).toBe(cause)
  })

  it.each(CASES)('%o', async (options, code, field, says) => {
    const plain = typeof options === 'object' && options !== null && !Array.isArray(options)
    const given = plain ? { dimension: 3, ...options } : options
    const { message } = await expectRejection(createRouter(wrong<RouterOptions>(given)), code, field)
    expect(message.startsWith(field)).toBe(true)
    expect(message).toContain(says)
  })

  it('an encoder whose dimension is invalid', async () => {
    const encoder = { name: 'e', dimension: -1, encodeInto: () => {} }
    await expectRejection(createRouter({ encoder }), 'INVALID_ARGUMENT', 'encoder.dimension')
  })
})

describe('a clock', () => {
  it.each([Number.NaN, Number.POSITIVE_INFINITY, '5', undefined])(
    'that says %s stops the call',
    async (now) => {
      const { router } = await makeBench({ clock: () => 5 })
      const before = router.snapshot()
      const broken = await makeBench({ clock: () => wrong(now), models: [] })
      broken.router.restore(before)
      expectCode(() => broken.router.route([1, 1, 1]), 'INVALID_ARGUMENT', 'clock')
      expectCode(() => broken.router.expire(), 'INVALID_ARGUMENT', 'clock')
      expect(broken.router.snapshot()).toEqual(before)
    },
  )

  it.each([
    [() => new Date(0), 'an object'],
    [Date, /^"\w{3} \w{3} \d\d /],
    [() => new Date(0).toISOString(), '"1970-01-01T00:00:00.000Z"'],
    [() => BigInt(1_764_140_000_000), '1764140000000n'],
    [async () => 1_764_140_000_000, 'a promise that nobody awaited'],
    [() => process.hrtime(), 'an array of 2'],
  ])('of another type is told what is wanted: %s', async (clock, got) => {
    const error = await expectRejection(makeBench({ clock: wrong(clock) }), 'INVALID_ARGUMENT', 'clock')
    expect(error.message).toMatch(/^clock: expected milliseconds since 1970, as Date\.now gives, got /)
    expect(error.message.split(', got ')[1]).toMatch(got)
  })

  it.each([1_764_140_000, 1_764_140_000.25, 2e9, 9e10])('of seconds is refused: %s', async (now) => {
    const error = await expectRejection(makeBench({ clock: () => now }), 'INVALID_ARGUMENT', 'clock')
    expect(error.message).toMatch(/milliseconds since 1970.*, got seconds, /)
    const { router } = await makeBench({ clock: () => now, models: [] })
    for (let i = 0; i < 2; i++) expectCode(() => router.expire(), 'INVALID_ARGUMENT', 'clock')
  })

  it.each([1_764_140_000_000_000, 1_764_140_000_000_000.5, 1e14, 8.64e15])(
    'of microseconds is refused: %s',
    async (now) => {
      const error = await expectRejection(makeBench({ clock: () => now }), 'INVALID_ARGUMENT', 'clock')
      expect(error.message).toMatch(/milliseconds since 1970.*, got microseconds, /)
      const { router } = await makeBench({ clock: () => now, models: [] })
      const before = router.snapshot()
      for (let i = 0; i < 2; i++) expectCode(() => router.expire(), 'INVALID_ARGUMENT', 'clock')
      expect(router.snapshot()).toEqual(before)
    },
  )

  it.each([1_764_140_000_000_000_000, -1e18])('of nanoseconds is refused: %s', async (now) => {
    const error = await expectRejection(makeBench({ clock: () => now }), 'INVALID_ARGUMENT', 'clock')
    expect(error.message).toMatch(/milliseconds since 1970.*, got no date, /)
  })

  it.each([
    ['a clock of the process', () => performance.now()],
    ['a clock that stands at zero', () => 0],
    ['seconds of a day', () => 86_399],
    ['a year before 2001', () => Date.UTC(2000, 11, 31)],
  ])('%s is refused with a store, whose times outlast the process', async (_, clock) => {
    const store = memoryStore()
    const error = await expectRejection(makeBench({ clock, store }), 'INVALID_ARGUMENT', 'clock')
    expect(error.message).toMatch(/milliseconds since 1970.*with a store/)
    const { router } = await makeBench({ clock: () => Date.UTC(2001, 0), store })
    expect(router.recovery?.isNew).toBe(true)
    await router.close()
  })

  it('of a simulation may begin at zero, and come to any time', async () => {
    let now = 0
    const { router } = await makeBench({ clock: () => now })
    for (now of [1, 1e8, 2e9, 1e12]) router.route([1, 1, 1])
    expect(router.stats().requests).toBe(4)
  })
})
