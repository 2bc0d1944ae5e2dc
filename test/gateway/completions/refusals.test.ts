import { describe, expect, it } from 'vitest'
import { Refusals } from '../../../src/gateway/completions/refusals.js'

const MODELS = [{ id: 'a' }, { id: 'b' }]

function refusals() {
  let now = 0
  const counted = new Refusals(() => now)
  return {
    add: (times: number, surface: 'chat' | 'responses' = 'responses') =>
      Array.from({ length: times }, () => counted.add('a', surface)),
    end: (surface: 'chat' | 'responses') => counted.end('a', surface),
    shut: () => counted.shut(MODELS, 'responses'),
    pass: (ms: number) => {
      now += ms
    },
    counted,
  }
}

describe('refusals in a row', () => {
  it('are those of a model after three, and an answer ends the row', () => {
    const { add, end, shut } = refusals()
    expect(add(5)).toEqual([false, false, false, true, true])
    expect(shut()).toEqual([])
    end('responses')
    expect(add(4)).toEqual([false, false, false, true])
  })

  it('of one surface are no failures of a model that answers on another, which is left alone there', () => {
    const { add, end, shut, counted } = refusals()
    expect(add(2)).toEqual([false, false])
    end('chat')
    expect(add(1)).toEqual([false])
    expect(shut()).toEqual([])
    expect(add(1)).toEqual([false])
    expect(shut()).toEqual(['a'])
    expect(counted.shut(MODELS, 'chat')).toEqual([])
    end('responses')
    expect(shut()).toEqual([])
  })

  it('are asked for again after a minute, then after two, and ten at most', () => {
    const { add, end, shut, pass } = refusals()
    add(1)
    end('chat')
    add(2)
    for (const minutes of [1, 2, 4, 8, 10, 10]) {
      // Many that were under way together are one.
      expect(add(3)).toEqual([false, false, false])
      pass(minutes * 60_000 - 1)
      expect([minutes, shut()]).toEqual([minutes, ['a']])
      pass(1)
      expect([minutes, shut()]).toEqual([minutes, []])
    }
  })

  it('of a model that is refused everywhere count, whatever it answered before', () => {
    const { add, end } = refusals()
    end('chat')
    add(3, 'chat')
    add(3, 'responses')
    expect([add(1, 'chat'), add(1, 'responses')]).toEqual([[true], [true]])
  })
})
