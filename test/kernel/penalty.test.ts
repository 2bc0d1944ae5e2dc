import { describe, expect, it } from 'vitest'
import { createRouter } from '../../src/create-router.js'
import { KERNELS, makeArms } from '../support/arena.js'

describe.each(KERNELS)('penalties on kernel %s', (name) => {
  it('are those of the list, whatever the arms cost', async () => {
    const arms = await makeArms(name, { dimension: 3 })
    const { kernel } = arms
    for (let slot = 0; slot < 70; slot++) {
      arms.start(slot, null, 0.5, 0)
      arms.setCandidate(slot, slot)
    }
    kernel.f64.set([1, 2, 1], kernel.layout.context)
    kernel.score(70, 0.1, 0.3, 0)
    const ofPrice = arms.scoreAt(66)
    for (let position = 0; position < 70; position++) arms.setPenalty(position, position === 66 ? -2 : 4)
    kernel.score(70, 0.1, 0.3, 0)
    expect(arms.scoreAt(66)).toBeCloseTo(ofPrice + 0.3 * 2.5, 12)
    expect(arms.scoreAt(0)).toBeCloseTo(ofPrice - 0.3 * 3.5, 12)
    const exact = arms.scoreAt(66)
    kernel.project(1, 70, 0)
    expect(kernel.prune(0, 70, 0.1, 0.3, 0)).toBe(1)
    expect(kernel.argmax(70, 0)).toBe(66)
    expect(arms.scoreAt(66)).toBe(exact)
    arms.setPrice(66, 0.9)
    kernel.score(70, 0.1, 0.3, 0)
    expect(arms.scoreAt(66)).toBe(exact)
  })

  it('start as the price of the arm', async () => {
    const arms = await makeArms(name, { dimension: 2 })
    arms.start(0, null, 0.75, 0)
    arms.setCandidate(0, 0)
    arms.kernel.f64.set([1, 1], arms.kernel.layout.context)
    arms.kernel.score(1, 0, 2, 0)
    expect(arms.scoreAt(0)).toBe(-1.5)
  })
})

describe('the penalties of a list that a router keeps', () => {
  const cheap = { inputUsdPerMTok: 0.2, outputUsdPerMTok: 0.2 }
  const dear = { inputUsdPerMTok: 50, outputUsdPerMTok: 50 }
  const twoModels = () =>
    createRouter({
      policy: 'paper',
      dimension: 2,
      clock: () => 0,
      models: [
        { id: 'a', ...cheap },
        { id: 'b', ...dear },
      ],
    })

  it('follow a reprice that leaves the same models on it', async () => {
    const router = await twoModels()
    expect(router.route([0.5, 1]).model).toBe('a')
    router.reprice('a', dear)
    router.reprice('b', cheap)
    expect(router.route([0.5, 1]).model).toBe('b')
  })

  it('follow a snapshot with other prices', async () => {
    const [router, other] = [await twoModels(), await twoModels()]
    other.reprice('a', dear)
    other.reprice('b', cheap)
    expect(router.route([0.5, 1]).model).toBe('a')
    router.restore(other.snapshot())
    expect(router.route([0.5, 1]).model).toBe('b')
  })

  it('follow a model that takes the slot of another', async () => {
    const router = await twoModels()
    expect(router.route([0.5, 1]).model).toBe('a')
    router.removeModel('a')
    router.addModel({ id: 'c', ...dear }, { forcedExploration: 0 })
    router.reprice('b', cheap)
    expect(router.route([0.5, 1]).model).toBe('b')
  })
})
