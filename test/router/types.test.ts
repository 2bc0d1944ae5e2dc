import { describe, expect, expectTypeOf, it } from 'vitest'
import {
  createRouter,
  type Decision,
  type ModelSpec,
  type Router,
  type RouterOptions,
} from '../../src/index.js'

const PRICE = { inputUsdPerMTok: 1, outputUsdPerMTok: 2 }

describe('the ids of models', () => {
  it('are the type of a decision, where they are given', async () => {
    const router = await createRouter({
      models: [
        { id: 'small', ...PRICE },
        { id: 'large', ...PRICE },
      ],
      dimension: 3,
    })
    expectTypeOf(router).toEqualTypeOf<Router<'small' | 'large'>>()
    expectTypeOf(router.route).returns.toEqualTypeOf<Decision<'small' | 'large'>>()
    expectTypeOf(router.routeMany).returns.toEqualTypeOf<Decision<'small' | 'large'>[]>()
    expectTypeOf(router.routeAsync).returns.resolves.toEqualTypeOf<Decision<'small' | 'large'>>()
    const clients = { small: 1, large: 2 }
    expect(clients[router.route([0, 0, 1]).model]).toBeGreaterThan(0)
    // @ts-expect-error: it has no such model
    expect(router.route([0, 0, 1]).model === 'medium').toBe(false)
    // Whoever takes any router takes this one.
    expectTypeOf(router).toExtend<Router>()
    const decision: Decision = router.route([0, 0, 1])
    expect(decision.model).toMatch(/small|large/)
  })

  it('are any text where they are not known, or more are to come', async () => {
    expectTypeOf(await createRouter({ dimension: 3 })).toEqualTypeOf<Router>()
    const models: readonly ModelSpec[] = [{ id: 'a', ...PRICE }]
    expectTypeOf(await createRouter({ models, dimension: 3 })).toEqualTypeOf<Router>()
    const options: RouterOptions = { models, dimension: 3 }
    expectTypeOf(await createRouter(options)).toEqualTypeOf<Router>()
    expectTypeOf(
      await createRouter<string>({ models: [{ id: 'a', ...PRICE }], dimension: 3 }),
    ).toEqualTypeOf<Router>()
  })

  it('leave misspelt options refused', async () => {
    // @ts-expect-error: it is called `dimension`
    await expect(createRouter({ dimensions: 3 })).rejects.toThrow('dimensions')
    const models = [{ id: 'a', ...PRICE, inputUsdPerMtok: 1 }] as const
    await expect(createRouter({ models: [{ ...models[0] }], dimension: 3 })).rejects.toThrow(
      'inputUsdPerMtok',
    )
  })
})
