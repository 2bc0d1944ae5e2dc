import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UnderWay } from '../../../src/gateway/completions/under-way.js'

describe('what is under way', () => {
  it('is what came and has not gone, in whatever order that happens', () => {
    const moves = fc.array(fc.record({ isEnd: fc.boolean(), which: fc.nat() }), { maxLength: 200 })
    fc.assert(
      fc.property(moves, (all) => {
        const underWay = new UnderWay<{ place: number }>()
        const expected: { place: number }[] = []
        for (const { isEnd, which } of all) {
          if (isEnd && expected.length > 0) {
            const [gone] = expected.splice(which % expected.length, 1)
            underWay.delete(gone)
            // Only the first time counts.
            underWay.delete(gone)
          } else {
            const member = { place: 0 }
            underWay.add(member)
            expected.push(member)
          }
        }
        expect(new Set(underWay.members())).toEqual(new Set(expected))
        expect(underWay.members()).toHaveLength(expected.length)
      }),
      { seed: 1 },
    )
  })
})
