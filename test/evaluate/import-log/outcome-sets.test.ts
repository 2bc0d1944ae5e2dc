import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OutcomeSets } from '../../../src/evaluate/import-log/outcome-sets.js'

const outcome = (prompt: string, model: string) => ({
  id: `${prompt}:${model}`,
  place: 'log:1',
  prompt,
  model,
  reward: 1,
  costUsd: 0.001,
})

describe('calls of the same prompt', () => {
  it('make a set when every model has one, and come too late after it', () => {
    const sets = new OutcomeSets(2)
    expect(sets.add(outcome('p', 'a'))).toBeNull()
    expect(sets.add(outcome('p', 'a'))).toBe('same-prompt-again')
    expect(sets.add(outcome('p', 'b'))).toEqual([outcome('p', 'a'), outcome('p', 'b')])
    expect(sets.add(outcome('p', 'b'))).toBe('same-prompt-again')
    expect([...sets.rest()]).toEqual([])
  })

  it('are complete without end: the prompt that was complete first makes room', () => {
    for (const max of [
      { prompts: 3, characters: 1000 },
      { prompts: 1000, characters: 12 },
    ]) {
      const sets = new OutcomeSets(2, max)
      for (let i = 0; i < 1000; i++) {
        const prompt = `p${String(i).padStart(3, '0')}`
        expect(sets.add(outcome(prompt, 'a'))).toBeNull()
        expect(sets.add(outcome(prompt, 'b'))).toHaveLength(2)
      }
      expect(sets.add(outcome('p999', 'a'))).toBe('same-prompt-again')
      expect(sets.add(outcome('p000', 'a'))).toBeNull()
    }
  })

  it('that wait are never forgotten, and leave no room for more than may wait', () => {
    const sets = new OutcomeSets(2, { prompts: 2, characters: 1000 })
    expect([sets.add(outcome('p', 'a')), sets.add(outcome('q', 'a'))]).toEqual([null, null])
    expect(sets.add(outcome('r', 'a'))).toBe('too-many-prompts')
    expect(sets.add(outcome('p', 'b'))).toHaveLength(2)
    expect(sets.add(outcome('r', 'a'))).toBeNull()
    expect([...sets.rest()].map(({ id }) => id)).toEqual(['q:a', 'r:a'])
  })

  it('of any order are given once each, in sets or left', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('p', 'q', 'r', 's'), fc.constantFrom('a', 'b'))),
        fc.integer({ min: 1, max: 4 }),
        (calls, prompts) => {
          const sets = new OutcomeSets(2, { prompts, characters: 100 })
          const given: string[] = []
          let taken = 0
          for (const [prompt, model] of calls) {
            const answer = sets.add(outcome(prompt, model))
            if (typeof answer === 'string') continue
            taken++
            for (const { id } of answer ?? []) given.push(id)
          }
          const left = [...sets.rest()]
          expect(given.length + left.length).toBe(taken)
          expect(new Set(left.map(({ prompt }) => prompt)).size).toBeLessThanOrEqual(prompts)
        },
      ),
    )
  })
})
