import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
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

  it('begins at the start again once many entries have gone, and finds the oldest all the same', () => {
    const map = new LatestMap<number, string>()
    const put = (key: number): void => {
      map.set(key, 'x')
    }
    for (let key = 0; key < 10; key++) put(key)
    expect(map.oldest()).toEqual([0])
    for (let key = 10; key < 5000; key++) {
      put(key)
      map.delete(key)
    }
    expect(map.oldest()).toEqual([0])
    map.delete(0)
    expect(map.oldest()).toEqual([1])
    for (let key = 1; key < 10; key++) map.delete(key)
    put(5000)
    expect(map.oldest()).toEqual([5000])
  })

  it('keeps no memory of entries that went since the oldest was looked for', () => {
    setFlagsFromString('--expose-gc')
    const collect: () => void = runInNewContext('gc')
    const map = new LatestMap<number, number>()
    map.set(-1, 0)
    map.oldest()
    collect()
    const before = process.memoryUsage().heapUsed
    for (let key = 0; key < 1_000_000; key++) {
      map.set(key, 0)
      map.delete(key)
    }
    collect()
    // Some 50 MB where a look holds on to all tables since.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(10e6)
    expect(map.oldest()).toEqual([-1])
  })
})
