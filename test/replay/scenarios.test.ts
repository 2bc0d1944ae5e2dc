import { describe, expect, it } from 'vitest'
import { costUnder, coursesOf, rewardUnder } from '../../src/replay/scenarios.js'
import { MODELS } from './helpers.js'

describe('coursesOf', () => {
  it('keeps stationary calm', () => {
    expect(coursesOf('stationary', MODELS)).toEqual([
      {
        scenario: 'stationary',
        variant: null,
        newcomer: null,
        shifted: null,
        phases: [{ phase: null, events: [], shift: null }],
      },
    ])
  })

  it('drops the price of the dearest model and restores it, announced', () => {
    const [course] = coursesOf('price-drop', MODELS)
    expect(course.shifted).toBe(2)
    expect(course.phases.map(({ phase, events }) => [phase, events])).toEqual([
      [1, []],
      [2, [{ type: 'reprice', model: 2, price: { inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.1 } }]],
      [3, [{ type: 'reprice', model: 2, price: { inputUsdPerMTok: 1.25, outputUsdPerMTok: 10 } }]],
    ])
    const { shift } = course.phases[1]
    expect(costUnder(shift, 2, 1)).toBeCloseTo(0.1 / 5.625, 12)
    expect(costUnder(shift, 1, 1)).toBe(1)
    expect(rewardUnder(shift, 2, 0.4)).toBe(0.4)
    expect(course.phases[2].shift).toBeNull()
  })

  it('spoils the second dearest model silently', () => {
    const [course] = coursesOf('quality-regression', MODELS)
    expect(course.shifted).toBe(1)
    expect(course.phases.flatMap(({ events }) => events)).toEqual([])
    expect(course.phases.map(({ shift }) => rewardUnder(shift, 1, 1))).toEqual([1, 0.75, 1])
    expect(rewardUnder(course.phases[1].shift, 0, 1)).toBe(1)
  })

  it('lets the last model join in three variants', () => {
    const courses = coursesOf('onboarding', MODELS)
    expect(courses.map(({ variant, newcomer }) => [variant, newcomer])).toEqual([
      ['good-cheap', 2],
      ['good-expensive', 2],
      ['bad-cheap', 2],
    ])
    const [good, expensive, bad] = courses.map((course) => course.phases[0])
    expect(good.events).toEqual([{ type: 'join', model: 2, spec: MODELS[2] }])
    const dearer = { id: 'dear', inputUsdPerMTok: 12.5, outputUsdPerMTok: 100 }
    expect(expensive.events).toEqual([{ type: 'join', model: 2, spec: dearer }])
    expect(costUnder(expensive.shift, 2, 0.5)).toBe(5)
    expect(rewardUnder(bad.shift, 2, 0.5)).toBe(0.25)
    expect(costUnder(bad.shift, 2, 0.5)).toBe(0.5)
  })

  it('takes named models and refuses unknown ones with the nearest spelling', () => {
    expect(coursesOf('price-drop', MODELS, { shifted: 'middle' })[0].shifted).toBe(1)
    expect(coursesOf('onboarding', MODELS, { newcomer: 'cheap' })[0].newcomer).toBe(0)
    expect(() => coursesOf('price-drop', MODELS, { shifted: 'midle' })).toThrow("did you mean 'middle'?")
    expect(() => coursesOf('onboarding', MODELS, { newcomer: 'x' })).toThrow(
      'models of the run: cheap, middle, dear',
    )
  })

  it('refuses what cannot be played', () => {
    expect(() => coursesOf('price-drop', MODELS, { shifted: 'cheap' })).toThrow("'cheap' is not above that")
    expect(() => coursesOf('quality-regression', [MODELS[0]])).toThrow('at least 2 models')
    expect(() => coursesOf('onboarding', [MODELS[0]])).toThrow('at least two models')
  })
})
