import { describe, expect, it } from 'vitest'
import { Estimates } from '../../../src/gateway/dashboard/estimates.js'
import { Explanations } from '../../../src/gateway/dashboard/explanations.js'
import { DECISIONS_MIN } from '../../../src/gateway/dashboard/what-if.js'
import { createRouter } from '../../../src/index.js'

const MODELS = [
  { id: 'small', inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.4 },
  { id: 'large', inputUsdPerMTok: 2, outputUsdPerMTok: 10 },
]
const BEGAN = 1_800_000_000_000

async function explained() {
  const clock = { now: BEGAN }
  const router = await createRouter<string>({
    models: MODELS,
    budget: { usdPerRequest: 0.001 },
    seed: 1,
    dimension: 3,
    clock: () => clock.now,
  })
  const explanations = new Explanations((id) => router.explain(id))
  const estimates = new Estimates(
    explanations,
    () => null,
    () => clock.now,
  )
  /** A decision every 100 ms. */
  const play = (count: number) => {
    for (let i = 0; i < count; i++) {
      const { id } = router.route(new Float64Array([Math.sin(i), Math.cos(i), 1]))
      explanations.of(id, clock.now)
      clock.now += 100
    }
  }
  return { clock, play, estimates }
}

describe('estimates', () => {
  it('are all of the same decisions, and say which', async () => {
    const { play, estimates } = await explained()
    play(DECISIONS_MIN - 1)
    expect(estimates.read()).toMatchObject({ span: null, savings: null })
    expect(estimates.whatIf(1)).toBeNull()
    play(21)
    const { span, savings } = estimates.read()
    expect(span).toEqual({ decisions: 50, from: BEGAN, to: BEGAN + 4900 })
    const answer = estimates.whatIf(0.0005)
    expect(savings?.chosen.decisions).toBe(50)
    expect(answer?.before.usdPerRequest).toBe(savings?.chosen.usdPerRequest.mean)
    expect(answer?.before.reward).toBe(savings?.chosen.reward.mean)
  })

  it('stay so for five seconds, but while there are few', async () => {
    const { clock, play, estimates } = await explained()
    play(40)
    expect(estimates.read().span?.decisions).toBe(40)
    const { number } = estimates
    play(10)
    expect(estimates.read().span?.decisions).toBe(40)
    const before = estimates.whatIf(0.0005)
    expect(estimates.number).toBe(number)
    play(11)
    expect(estimates.read().span?.decisions).toBe(61)
    expect(estimates.number).toBe(number + 1)
    expect(estimates.whatIf(0.0005)?.before).not.toEqual(before?.before)
    play(1)
    clock.now += 5000
    expect(estimates.read().span?.decisions).toBe(62)
    clock.now += 5000
    expect(estimates.read().span?.decisions).toBe(62)
    expect(estimates.number).toBe(number + 2)
  })
})
