import { describe, expect, it } from 'vitest'
import { ParetoBanditError } from '../../src/base/errors.js'
import type { ModelAddedEvent, RouterEvent } from '../../src/events/events.js'
import { fitPriors } from '../../src/index.js'
import { POLICY_NAMES, type PolicyName } from '../../src/policy/policies.js'
import { expectCode } from '../support/errors.js'
import { Random } from '../support/random.js'
import { digest, makeBench, numbersIn } from '../support/router.js'

const VALUES = [
  0,
  -1,
  1,
  1e-9,
  1e-12,
  1e9,
  1e20,
  1e24,
  -1e24,
  1e25,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  5e-324,
]
const TRIALS = 400

/** An event that adds a model with priors, as a router makes it. */
async function addedEvent(policy: PolicyName, random: Random): Promise<ModelAddedEvent> {
  const outcome = () => ({ reward: random.next(), costUsd: 1e-4 + random.next() })
  const rows = Array.from({ length: 200 }, () => ({
    context: [random.next(), random.next(), 1],
    outcomes: { small: outcome(), middle: outcome() },
  }))
  const { router } = await makeBench({ policy, priors: fitPriors(rows) })
  const events: RouterEvent[] = []
  router.on('model-added', (event) => events.push(event))
  router.removeModel('small')
  router.addModel({ id: 'small', inputUsdPerMTok: 1, outputUsdPerMTok: 4 })
  const [event] = events
  if (event?.type !== 'model-added') throw new Error('no model was added')
  return event
}

describe.each(POLICY_NAMES)('under policy %s the prior of an event that adds a model', (policy) => {
  it('is refused where it is impossible, or what follows from it is numbers and a snapshot that is taken', async () => {
    const random = new Random(3)
    const event = await addedEvent(policy, random)
    const outcomes = { applied: 0, refused: 0 }
    for (let trial = 0; trial < TRIALS; trial++) {
      const forged = structuredClone(event)
      const part = trial % 2 === 0 || forged.settledPrior === null ? forged.prior : forged.settledPrior
      if (part === null) throw new Error('it has no prior')
      for (let i = 0; i <= trial % 3; i++) {
        const numbers = (random.next() < 0.7 ? part.precision : part.response) as Float64Array
        numbers[Math.floor(random.next() * numbers.length)] =
          VALUES[Math.floor(random.next() * VALUES.length)]
      }
      const { router } = await makeBench({ policy })
      try {
        router.apply({ ...forged, model: { ...forged.model, id: 'new' } })
      } catch (error) {
        if (!(error instanceof ParetoBanditError)) throw error
        outcomes.refused++
        continue
      }
      outcomes.applied++
      for (let i = 0; i < 20; i++) {
        const { id, model, ...decision } = router.route([random.next(), 10 * random.next(), 1])
        for (const [path, value] of numbersIn({ decision })) expect(value, path).not.toBeNaN()
        router.settle(id, { costUsd: 0.001 * random.next() })
        router.reward(id, random.next())
      }
      for (const [path, value] of numbersIn({ arm: router.inspectArm('new') }))
        expect(value, path).not.toBeNaN()
      const other = await makeBench({ policy })
      other.router.restore(router.snapshot())
      expect(digest(other.router)).toBe(digest(router))
    }
    expect(outcomes.applied).toBeGreaterThan(20)
    expect(outcomes.refused).toBeGreaterThan(20)
  })

  it('is refused where an entry is beyond what those of its row and column allow, however large others are', async () => {
    const event = await addedEvent(policy, new Random(4))
    const precision = Float64Array.of(1e9, 50, 90, 1e-9, 100, 200)
    const model = { ...event.model, id: 'new' }
    const { router } = await makeBench({ policy })
    const forged = { ...event, model, prior: { precision, response: new Float64Array(3) } }
    expectCode(() => router.apply(forged), 'INVALID_ARGUMENT', 'event.prior.precision')
  })
})
