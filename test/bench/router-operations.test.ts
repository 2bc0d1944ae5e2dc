import { describe, expect, it } from 'vitest'
import { RouterBench } from '../../bench/router-operations.js'
import { NODE_PACE } from '../../bench/workload.js'

describe('the router of the bench', () => {
  it.each([3, 100])(
    'of policy dollar and %i models looks for a shadow price, whatever model is the best',
    async (models) => {
      const bench = await RouterBench.create('wasm', 26, models, NODE_PACE, 'dollar')
      expect(() => bench.checkPriced()).not.toThrow()
    },
  )

  it('of policy paper has all models as candidates', async () => {
    const bench = await RouterBench.create('wasm', 26, 100, NODE_PACE)
    expect(() => bench.checkAllCandidates()).not.toThrow()
    expect(() => bench.checkPriced()).toThrow('the shadow price stays 0')
  })
})
