import { expect, it } from 'vitest'
import { retryAfterOf } from '../../src/index.js'

const NOW = Date.parse('2026-01-01T00:00:00Z')

it.each<[string, number | null]>([
  ['7', 7000],
  ['0', 0],
  ['0.5', 500],
  ['Thu, 01 Jan 2026 00:00:05 GMT', 5000],
  ['Wed, 31 Dec 2025 00:00:00 GMT', null],
  ['Thu, 01 Jan 2026 00:00:00 GMT', null],
  ['-5', null],
  ['soon', null],
  ['', null],
  ['1e308', null],
  ['1e309', null],
  ['Infinity', null],
])('retry-after: %s is %j ms', (text, ms) => {
  expect(retryAfterOf((name) => (name === 'retry-after' ? text : null), NOW)).toBe(ms)
})

it.each<[string, string, number | null]>([
  // Its clock is an hour behind, and an hour ahead.
  ['Wed, 31 Dec 2025 23:00:05 GMT', 'Wed, 31 Dec 2025 23:00:00 GMT', 5000],
  ['Thu, 01 Jan 2026 01:00:05 GMT', 'Thu, 01 Jan 2026 01:00:00 GMT', 5000],
  ['Wed, 31 Dec 2025 22:59:00 GMT', 'Wed, 31 Dec 2025 23:00:00 GMT', null],
  ['Thu, 01 Jan 2026 00:00:05 GMT', 'today', 5000],
])('retry-after: %s of an answer of %s is %j ms', (text, date, ms) => {
  const headers: Readonly<Record<string, string>> = { 'retry-after': text, date }
  expect(retryAfterOf((name) => headers[name] ?? null, NOW)).toBe(ms)
})
