import { expect, it } from 'vitest'
import { isTooDeep } from '../../../src/gateway/protocols/too-deep.js'
import { ParetoBanditError } from '../../../src/index.js'

/** What is thrown where JSON of this many levels is written. */
function thrownBy(levels: number): unknown {
  let value: unknown = []
  for (let level = 1; level < levels; level++) value = [value]
  try {
    return JSON.stringify(value)
  } catch (error) {
    return error
  }
}

it('knows the error of an engine, in whatever it is wrapped', () => {
  const error = thrownBy(100_000)
  for (const cause of [
    error,
    new Error('a provider', { cause: error }),
    new Error('a', { cause: new Error('b', { cause: error }) }),
  ])
    expect(isTooDeep(cause)).toBe(true)
})

it('takes no words of others for it, and ends with any chain of causes', () => {
  const circular = new Error('a')
  circular.cause = circular
  const words = 'the tenant "call stack" has no budget'
  const others = [
    thrownBy(3),
    circular,
    new Error(words),
    new ParetoBanditError('BUDGET_EXHAUSTED', '', words),
    words,
    null,
  ]
  for (const other of others) expect(isTooDeep(other)).toBe(false)
})
