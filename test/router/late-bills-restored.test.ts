import { expect, it } from 'vitest'
import { codeOf } from '../support/errors.js'
import { makeBench, X } from '../support/router.js'

it('a restored router takes bills, and no rewards, for requests that were over in the snapshot', async () => {
  const { router } = await makeBench({})
  const [removed, failed, done] = ['small', 'large', 'large'].map(
    (model) => router.route(X, { candidates: [model] }).id,
  )
  router.removeModel('small')
  router.fail(failed)
  router.settle(done, { costUsd: 0.001 })
  router.reward(done, 1)
  const { router: restored } = await makeBench({})
  restored.restore(router.snapshot())
  for (const id of [removed, failed, done]) {
    let code: unknown
    try {
      restored.reward(id, 1)
    } catch (error) {
      code = codeOf(error)
    }
    expect(code).toBe('REQUEST_CLOSED')
  }
  const spentUsd = (): number => restored.stats().models.find(({ id }) => id === 'large')?.spendUsd ?? 0
  const before = spentUsd()
  restored.settle(failed, { costUsd: 0.25 })
  restored.correct(done, { costUsd: 0.501 })
  expect(spentUsd()).toBeCloseTo(before + 0.75, 9)
  expect(() => restored.settle(removed, { costUsd: 0.1 })).not.toThrow()
})
