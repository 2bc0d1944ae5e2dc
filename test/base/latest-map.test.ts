import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LatestMap } from '../../src/base/latest-map.js'

describe('a map of the latest', () => {
  it('has the entries that were set last, in that order, and no more than its bound', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer())),
        (sizeMax, sets) => {
          const map = new LatestMap<number, number>(sizeMax)
          for (const [key, value] of sets) map.set(key, value)
          const latest = new Map<number, number>()
          for (const [key, value] of sets) {
            latest.delete(key)
            latest.set(key, value)
          }
          expect([...map]).toEqual([...latest].slice(-sizeMax))
        },
      ),
    )
  })

  it('without a bound forgets what it is told to', () => {
    const map = new LatestMap<string, number>()
    for (let i = 0; i < 1000; i++) map.set(`k${i}`, i)
    expect(map.size).toBe(1000)
    map.trim(2)
    expect([...map.keys()]).toEqual(['k998', 'k999'])
    map.delete('k998')
    map.set('k999', 0).set('k1000', 1)
    expect([...map.values()]).toEqual([0, 1])
  })

  it('knows its oldest entry, whatever was set again, deleted or cleared', () => {
    const step = fc.oneof(
      fc.record({ what: fc.constant('set' as const), key: fc.nat(6) }),
      fc.record({ what: fc.constant('delete' as const), key: fc.nat(6) }),
      fc.record({ what: fc.constant('look' as const), key: fc.constant(0) }),
      fc.record({ what: fc.constant('clear' as const), key: fc.constant(0) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const map = new LatestMap<number, string>(4)
        let keys: number[] = []
        for (const { what, key } of steps) {
          if (what === 'clear') {
            map.clear()
            keys = []
          } else if (what !== 'look') {
            keys = keys.filter((each) => each !== key)
            if (what === 'delete') map.delete(key)
            else {
              map.set(key, 'x')
              keys = [...keys, key].slice(-4)
            }
          } else expect(map.oldest()).toEqual(keys.slice(0, 1))
          expect([...map.keys()]).toEqual(keys)
        }
        expect(map.oldest()).toEqual(keys.slice(0, 1))
      }),
    )
  })
})
