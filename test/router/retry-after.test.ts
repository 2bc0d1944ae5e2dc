import { expect, it } from 'vitest'
import { retryAfterOf } from '../../src/index.js'

const NOW = Date.parse('2026-01-01T00:00:00Z')

it.each<[string, number | null]>([
  ['7', 7000],
  ['0', 0],
  ['0.5', 500],
  ['Thu, 01 Jan 2026 00:00:05 GMT', 5000],
  ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
  ['soon', null],
  ['', null],
  ['1e308', null],
  ['1e309', null],
  ['Infinity', null],
])('retry-after: %s is %j ms', (text, ms) => {
  expect(retryAfterOf((name) => (name === 'retry-after' ? text : null), NOW)).toBe(ms)
})
