import { expect, it } from 'vitest'
import { Unanswered } from '../../../src/gateway/completions/unanswered.js'

it('prompts without an answer are a failure of their model after ten in a row, each model by itself', () => {
  const counted = new Unanswered()
  const add = (times: number) => Array.from({ length: times }, () => counted.add('a'))
  expect(add(12).indexOf(true)).toBe(10)
  expect(counted.add('b')).toBe(false)
  counted.end('a')
  expect(add(12).indexOf(true)).toBe(10)
})
