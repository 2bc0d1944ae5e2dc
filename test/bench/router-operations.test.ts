import { describe, expect, it } from 'vitest'
import { RouterBench } from '../../bench/router-operations.js'
import { NODE_PACE } from '../../bench/workload.js'

describe('the router of the bench', () => {
  it.each([3, 100])(
    'of policy dollar and %i models looks for a shadow price, whatever model is the best',
    async (models) => {
      const bench = await RouterBench.create('wasm', 26, models, NODE_PACE, 'dollar')
      // Before each row: what is learned while one is timed may be that a cheaper model is the best.
      for (let row = 0; row < 3; row++) {
        bench.startPacing()
        expect(bench.chosen().isPriced).toBe(true)
        for (let i = 0; i < 20_000; i++) bench.oneCycle()
      }
    },
    30_000,
  )

  it('of policy paper has all models as candidates', async () => {
    const bench = await RouterBench.create('wasm', 26, 100, NODE_PACE)
    expect(() => bench.checkAllCandidates()).not.toThrow()
    expect(bench.chosen().isPriced).toBe(false)
  })
})
