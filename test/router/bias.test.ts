import { describe, expect, it } from 'vitest'
import { functionEncoder } from '../../src/features/index.js'
import { createRouter, type RouterOptions } from '../../src/index.js'
import { Random } from '../support/random.js'

const MODELS = [
  { id: 'small', inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.1 },
  { id: 'large', inputUsdPerMTok: 5, outputUsdPerMTok: 5 },
]
const EMBEDDING = [0.25, -0.5, 0.125]
const NO_BIAS = {
  code: 'INVALID_ARGUMENT',
  field: 'input[2]',
  message: expect.stringMatching(/expected 1, the bias \(append it .* or set `bias: false`\), got 0\.125/),
}
const routerOf = (options: RouterOptions = {}) => createRouter({ models: MODELS, dimension: 3, ...options })

describe('a vector without the bias at its end', () => {
  it.each([
    ['a list', EMBEDDING],
    ['a Float64Array', Float64Array.from(EMBEDDING)],
    ['a Float32Array', Float32Array.from(EMBEDDING)],
  ])('is refused, and changes nothing: %s', async (_, vector) => {
    const router = await routerOf()
    const before = router.snapshot()
    expect(() => router.route(vector)).toThrow(expect.objectContaining(NO_BIAS))
    await expect(router.routeAsync(vector)).rejects.toMatchObject(NO_BIAS)
    await expect(router.preview(vector)).rejects.toMatchObject(NO_BIAS)
    await expect(router.run(vector, {}, async () => ({}))).rejects.toMatchObject(NO_BIAS)
    expect(() => router.routeMany([[1, 2, 1], vector])).toThrow(
      expect.objectContaining({ ...NO_BIAS, field: 'inputs[1][2]' }),
    )
    expect(router.snapshot()).toEqual(before)
  })

  it('is refused where texts are encoded too', async () => {
    const encoder = functionEncoder({
      name: 'lengths',
      dimension: 2,
      encode: (text) => [text.length / 10, 0],
    })
    const router = await createRouter({ models: MODELS, encoder })
    expect(router.route('hello').model).toBeTypeOf('string')
    expect(() => router.route(EMBEDDING)).toThrow(expect.objectContaining(NO_BIAS))
  })

  it.each([
    ['by who says so', { bias: false }],
    ['by policy paper, which knows of none', { policy: 'paper' }],
    ['by policy thompson', { policy: 'thompson' }],
  ] as const)('is taken %s', async (_, options) => {
    const router = await routerOf(options)
    expect(router.route(EMBEDDING).model).toBeTypeOf('string')
    expect(router.routeMany([EMBEDDING])).toHaveLength(1)
  })

  it('is refused of policy paper too where that is asked for', async () => {
    const router = await routerOf({ policy: 'paper', bias: true })
    expect(() => router.route(EMBEDDING)).toThrow(expect.objectContaining(NO_BIAS))
  })

  it.each([{ async: false }, { async: true }] as const)(
    'is taken of an encoder that says it has none, and given as it is too: %o',
    async ({ async }) => {
      const options = { name: 'none', dimension: 3, bias: false } as const
      const encoder = async
        ? functionEncoder({ ...options, async, encode: async () => EMBEDDING })
        : functionEncoder({ ...options, encode: () => EMBEDDING })
      const router = await createRouter({ models: MODELS, encoder })
      expect((await router.routeAsync('a text')).model).toBeTypeOf('string')
      expect(router.route(EMBEDDING).model).toBeTypeOf('string')
      const strict = await createRouter({ models: MODELS, encoder, bias: true })
      await expect(strict.routeAsync('a text')).rejects.toThrow('1, the bias')
    },
  )

  it.each([
    [
      'sync',
      {
        name: 'mine',
        dimension: 3,
        encodeInto: (_: string, out: Float64Array, at: number) => out.set(EMBEDDING, at),
      },
    ],
    ['async', { name: 'mine', dimension: 3, encode: async () => EMBEDDING }],
  ])('is refused of an encoder of one’s own: %s', async (_, encoder) => {
    const router = await createRouter({ models: MODELS, encoder })
    const made = { ...NO_BIAS, code: 'ENCODER_FAILED', field: "encoder 'mine'[2]" }
    await expect(router.routeAsync('a text')).rejects.toMatchObject('encode' in encoder ? NO_BIAS : made)
    if ('encodeInto' in encoder) expect(() => router.route('a text')).toThrow(expect.objectContaining(made))
    const other = await createRouter({ models: MODELS, encoder, bias: false })
    expect((await other.routeAsync('a text')).model).toBeTypeOf('string')
  })
})

/** Mean reward of three thousand requests of four topics: the large model is better at each, by more at the later ones. */
async function meanReward(seed: number, bias: boolean): Promise<number> {
  const random = new Random(seed)
  const router = await createRouter({
    models: MODELS,
    dimension: bias ? 7 : 6,
    bias,
    seed,
    budget: { usdPerRequest: 0.0012 },
    clock: () => 0,
  })
  let sum = 0
  for (let i = 0; i < 3000; i++) {
    const topic = random.below(4)
    const topics = [0, 1, 2, 3].map((each) => (each === topic ? 1 : 0))
    const noise = [random.next() - 0.5, random.next() - 0.5]
    const { id, model } = router.route([...topics, ...noise, ...(bias ? [1] : [])])
    const reward = (model === 'large' ? 0.8 : 0.6 - 0.05 * topic) + 0.1 * (random.next() - 0.5)
    router.settle(id, { costUsd: model === 'large' ? 0.0018 : 0.00006 })
    router.reward(id, reward)
    sum += reward
  }
  return sum / 3000
}

it.each([1, 2, 3])('a router earns more with the bias than without, seed %i', async (seed) => {
  const [withBias, without] = [await meanReward(seed, true), await meanReward(seed, false)]
  expect(withBias).toBeGreaterThan(without + 0.02)
})

it('bias is true or false', async () => {
  // @ts-expect-error
  await expect(routerOf({ bias: 1 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', field: 'bias' })
})
