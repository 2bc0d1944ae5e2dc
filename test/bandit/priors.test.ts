import { describe, expect, it } from 'vitest'
import { Arms } from '../../src/bandit/arms.js'
import { checkPriors } from '../../src/bandit/check-priors.js'
import { nEffectiveOf } from '../../src/bandit/horizon.js'
import { scalePrior } from '../../src/bandit/scale-prior.js'
import { createRouter } from '../../src/create-router.js'
import { functionEncoder } from '../../src/features/function-encoder.js'
import { Arena } from '../../src/kernel/arena.js'
import { JsKernel } from '../../src/kernel/js-kernel.js'
import { fitPriors, type PriorRow } from '../../src/router/fit-priors.js'
import { expectCode, expectRejection, wrong } from '../support/errors.js'
import { solve } from '../support/oracle.js'
import { Random } from '../support/random.js'
import { MODELS } from '../support/router.js'

const D = 5

type ContextRow = PriorRow & { readonly context: Float64Array }

function madeRows(count: number): ContextRow[] {
  const random = new Random(7)
  return Array.from({ length: count }, (_, i) => ({
    context: random.vector(D),
    outcomes: {
      small: { reward: random.next() },
      ...(i % 3 === 0 ? { large: { reward: 0.5 + random.next() / 2 } } : {}),
    },
  }))
}

/** A = I + sum x x^T and b = sum r x, in full. */
function ridgeOf(rows: readonly ContextRow[], id: string): number[] {
  const a = Array.from({ length: D }, (_, i) => Array.from({ length: D }, (_, j) => (i === j ? 1 : 0)))
  const b = new Array<number>(D).fill(0)
  for (const { context, outcomes } of rows) {
    if (outcomes[id] === undefined) continue
    for (let i = 0; i < D; i++) {
      b[i] += outcomes[id].reward * context[i]
      for (let j = 0; j < D; j++) a[i][j] += context[i] * context[j]
    }
  }
  return solve(a, b)
}

describe('the adaptation horizon', () => {
  it('of 500 requests at gamma 0.997 makes a prior worth 1163.9', () => {
    expect(nEffectiveOf(500, 0.997)).toBeCloseTo(1163.9, 1)
  })

  it('is the number of requests itself when nothing is forgotten, and continuous there', () => {
    expect(nEffectiveOf(500, 1)).toBe(500)
    expect(nEffectiveOf(500, 1 - 1e-9)).toBeCloseTo(500, 2)
  })

  it('refuses what makes no sense', () => {
    for (const bad of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, '500', null]) {
      expectCode(() => nEffectiveOf(wrong(bad), 0.9), 'INVALID_ARGUMENT', 'horizon')
    }
    for (const bad of [0, -0.5, 1.5, Number.NaN, '1']) {
      expectCode(() => nEffectiveOf(500, wrong(bad)), 'INVALID_ARGUMENT', 'gamma')
    }
  })
})

describe('fitPriors', () => {
  const rows = madeRows(90)
  const priors = fitPriors(rows, { encoder: 'mine' })

  it('gives the ridge solution of each model', () => {
    for (const id of ['small', 'large']) {
      const prior = priors.models[id]
      const arms = new Arms(new JsKernel(new Arena({ dimension: D, gamma: 1, lambda0: 1 })), 1)
      arms.start(
        0,
        { precision: Float64Array.from(prior.precision), response: Float64Array.from(prior.response) },
        0,
        0,
      )
      const wanted = ridgeOf(rows, id)
      for (const [i, weight] of arms.theta(0).entries()) expect(weight).toBeCloseTo(wanted[i], 12)
    }
    expect(priors.models.small.rows).toBe(90)
    expect(priors.models.large.rows).toBe(30)
  })

  it('survives JSON unchanged', () => {
    expect(checkPriors(JSON.parse(JSON.stringify(priors)))).toEqual(priors)
    const odd = fitPriors([{ context: [1], outcomes: JSON.parse('{"__proto__": {"reward": 1}}') }])
    expect(Object.keys(checkPriors(JSON.parse(JSON.stringify(odd))).models)).toEqual(['__proto__'])
  })

  it.each([
    ['rows', null],
    ['rows', 5],
    ['rows', {}],
    ['rows[0]', [null]],
    ['rows[0].context', [{ context: 'text', outcomes: {} }]],
    [
      'rows[1].context',
      [
        { context: [1], outcomes: {} },
        { context: [1, 2], outcomes: {} },
      ],
    ],
    ['rows[0].context[0]', [{ context: [Number.NaN], outcomes: {} }]],
    ['rows[0].outcomes', [{ context: [1], outcomes: null }]],
    ['rows[0].outcomes["a"]', [{ context: [1], outcomes: { a: 1 } }]],
    ['rows[0].outcomes["a"].reward', [{ context: [1], outcomes: { a: { reward: 1e300 } } }]],
  ])('names the field %s', (field, bad) => {
    const code = field === 'rows[1].context' ? 'DIMENSION_MISMATCH' : 'INVALID_ARGUMENT'
    expectCode(() => fitPriors(wrong(bad)), code, field)
  })

  it('refuses no rows, unknown options, and an invalid label', () => {
    expectCode(() => fitPriors([]), 'DATA_INVALID', 'rows')
    expectCode(() => fitPriors(rows, wrong({ encoderr: 'x' })), 'UNKNOWN_OPTION', 'options.encoderr')
    expectCode(() => fitPriors(rows, wrong({ encoder: 5 })), 'INVALID_ARGUMENT', 'encoder')
    expectCode(() => fitPriors(rows, { dimension: 0 }), 'INVALID_ARGUMENT', 'dimension')
  })
})

describe('scalePrior', () => {
  const prior = fitPriors(madeRows(90)).models.small

  it('keeps theta and makes the bias worth nEffective', () => {
    for (const [nEffective, lambda0] of [
      [1163.9, 1],
      [3, 0.5],
      [1e6, 2],
    ]) {
      const scaled = scalePrior(prior, D, nEffective, lambda0)
      expect(scaled.precision.at(-1)).toBeCloseTo(nEffective + lambda0, 6)
      const arms = new Arms(new JsKernel(new Arena({ dimension: D, gamma: 1, lambda0 })), lambda0)
      arms.start(0, scaled, 0, 0)
      const wanted = ridgeOf(madeRows(90), 'small')
      for (const [i, weight] of arms.theta(0).entries()) expect(weight).toBeCloseTo(wanted[i], 9)
    }
  })
})

describe('checkPriors', () => {
  const good = fitPriors(madeRows(20))
  const copyOf = () => structuredClone(good) as unknown as Record<string, Record<string, unknown>>
  /** The good priors with one field of the file changed. */
  const file = (field: string, value: unknown) => ({ ...copyOf(), [field]: value })
  /** The good priors with one field of a model changed. */
  const model = (field: string, value: unknown) => {
    const copy = copyOf()
    copy.models.small = { ...good.models.small, [field]: value }
    return copy
  }
  const { precision, response } = good.models.small
  const at = 'priors.models["small"]'
  const hole = Object.assign(new Array<number>(5), [1, 1, 1, 1])

  it.each([
    ['priors', null],
    ['priors', 'text'],
    ['priors.format', {}],
    ['priors.format', { format: Object.create(null), version: 1 }],
    ['priors.format', file('version', 2)],
    ['priors.dimension', file('dimension', 0)],
    ['priors.dimension', file('dimension', '5')],
    ['priors.encoder', file('encoder', 5)],
    ['priors.models', file('models', [])],
    [at, file('models', { small: null })],
    [`${at}.precision`, file('dimension', 4)],
    [`${at}.precision`, model('precision', precision.slice(1))],
    [`${at}.precision`, model('precision', precision.with(1, 1e6))],
    [`${at}.precision[0]`, model('precision', precision.with(0, -1))],
    [`${at}.precision[14]`, model('precision', precision.with(14, 0))],
    [`${at}.precision[2]`, model('precision', [1, 0, null, ...precision.slice(3)])],
    [`${at}.response`, model('response', [...response, 1])],
    [`${at}.response`, model('response', 'text')],
    [`${at}.response[3]`, model('response', response.with(3, Number.NaN))],
    [`${at}.response[4]`, model('response', hole)],
    [`${at}.rows`, model('rows', -1)],
  ])('refuses a broken %s', (field, broken) => {
    expectCode(() => checkPriors(broken), 'INVALID_ARGUMENT', field)
  })
})

describe('a router with priors', () => {
  const priors = fitPriors(madeRows(60), { encoder: 'mine' })

  it('starts its arms from them, and leaves models they do not know cold', async () => {
    const router = await createRouter({
      policy: 'paper',
      dimension: D,
      priors,
      models: MODELS,
      adaptationHorizon: 500,
    })
    const wanted = ridgeOf(madeRows(60), 'large')
    for (const [i, weight] of router.inspectArm('large').theta.entries())
      expect(weight).toBeCloseTo(wanted[i], 9)
    expect(router.inspectArm('large').variances[D - 1]).toBeLessThan(0.01)
    expect(router.inspectArm('middle').variances[D - 1]).toBe(1)
  })

  it('keeps its own copy of them', async () => {
    const mine = structuredClone(priors)
    const router = await createRouter({ dimension: D, priors: mine })
    ;(mine.models.small.precision as number[]).fill(Number.NaN)
    router.addModel(MODELS[0])
    expect(router.inspectArm('small').theta.every(Number.isFinite)).toBe(true)
  })

  it('refuses those of another dimension or encoder', async () => {
    await expectRejection(createRouter({ dimension: 4, priors }), 'DIMENSION_MISMATCH', 'priors.dimension')
    const encoder = { name: 'other', dimension: D, encodeInto: () => {} }
    await expectRejection(createRouter({ encoder, priors }), 'INVALID_ARGUMENT', 'priors')
    await expectRejection(
      createRouter({ dimension: D, priors, nEffective: 5, adaptationHorizon: 5 }),
      'INVALID_ARGUMENT',
    )
  })
})

describe('priors that know none of the models', () => {
  const of = (ids: readonly string[]) =>
    fitPriors([{ context: [1, 2], outcomes: Object.fromEntries(ids.map((id) => [id, { reward: 0.5 }])) }])
  const models = ['a', 'b'].map((id) => ({ ...MODELS[0], id }))

  it('are refused by names: nothing would be warm, and nobody would notice', async () => {
    const made = createRouter({ dimension: 2, models, priors: of(['openai/a', 'A']) })
    const error = await expectRejection(made, 'INVALID_ARGUMENT', 'priors.models')
    expect(error.message).toBe('priors.models: expected one at least of a, b, got openai/a, A')
    const many = createRouter({
      dimension: 2,
      models,
      priors: of(Array.from({ length: 40 }, (_, i) => `m${i}`)),
    })
    await expect(many).rejects.toThrow(/got m0, m1, m2, m3, m4, m5, m6, m7 and 32 more$/)
    const empty = createRouter({ dimension: 2, models, priors: { ...of(['a']), models: {} } })
    await expect(empty).rejects.toThrow(/got no model$/)
  })

  it('may be given to a router without models, which come later', async () => {
    const router = await createRouter({ dimension: 2, priors: of(['a']) })
    for (const model of models) router.addModel(model)
    expect(router.inspectArm('a').theta).not.toEqual(router.inspectArm('b').theta)
  })

  it('may know some of the models', async () => {
    const router = await createRouter({ dimension: 2, models, priors: of(['b', 'c']) })
    expect(router.inspectArm('a').theta).not.toEqual(router.inspectArm('b').theta)
  })
})

describe('fitPriors on prompts', () => {
  const encoder = functionEncoder({
    name: 'letters',
    dimension: 2,
    encode: (text) => [text.length, text.indexOf('a')],
  })
  const outcomes = { small: { reward: 0.5 } }

  it('encodes them, and gives what their contexts would give', () => {
    const fromPrompts = fitPriors(
      [
        { prompt: 'banana', outcomes },
        { prompt: 'plum', outcomes },
      ],
      { encoder },
    )
    const fromContexts = fitPriors(
      [
        { context: [6, 1, 1], outcomes },
        { context: [4, -1, 1], outcomes },
      ],
      { encoder: 'letters' },
    )
    expect(fromPrompts).toEqual(fromContexts)
    expect(fromPrompts.encoder).toBe('letters')
  })

  it('refuses rows without either, prompts without an encoder, and encoders that have to wait', () => {
    expectCode(() => fitPriors([{ outcomes }], { encoder }), 'INVALID_ARGUMENT', 'rows[0].prompt')
    expectCode(() => fitPriors([{ prompt: 'plum', outcomes }]), 'INVALID_ARGUMENT', 'rows[0].context')
    const waiting = wrong({ name: 'later', dimension: 3, encode: async () => [1, 2, 3] })
    expectCode(
      () => fitPriors([{ prompt: 'plum', outcomes }], wrong({ encoder: waiting })),
      'ASYNC_ENCODER',
      'encoder',
    )
  })
})
