import { afterEach, beforeEach, expect, it, vi } from 'vitest'

/** As the example loads it: the built one, whose types are not there before a build. */
const PACKAGE: string = 'paretobandit'
const { ParetoBanditError }: typeof import('../../src/index.js') = await import(PACKAGE)
const FILE = new URL('../../examples/http.mjs', import.meta.url).href
const { failureOf } = (await import(FILE)) as {
  failureOf(error: unknown): { status: number; headers: object; body: { error: string } }
}

beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => {}))
afterEach(() => vi.restoreAllMocks())

it('a spent budget is no fault of the provider, and is tried again later', () => {
  const error = new ParetoBanditError('BUDGET_EXHAUSTED', '', 'tenant acme: expected 0.002 USD, got 0')
  expect(failureOf(error)).toEqual({
    status: 429,
    headers: { 'retry-after': '60' },
    body: { error: 'the budget is spent' },
  })
  expect(console.error).toHaveBeenCalledWith(error)
})

it.each([
  'INVALID_ARGUMENT',
  'UNKNOWN_REQUEST',
  'REQUEST_CLOSED',
  'REQUEST_FAILED',
  'REQUEST_EXPIRED',
  'ALREADY_REWARDED',
  'MODEL_REMOVED',
] as const)('what a reward cannot be taken for is told to the caller alone: %s', (code) => {
  const error = new ParetoBanditError(code, 'id', "there is no request 'r.9'")
  expect(failureOf(error)).toMatchObject({ status: 400, body: { error: error.message } })
  expect(console.error).not.toHaveBeenCalled()
})

it.each([
  new Error('sk-SECRET'),
  'sk-SECRET',
  null,
  new ParetoBanditError('STORE_UNREACHABLE', '', 'redis://:sk-SECRET@x'),
])('the rest is logged, and the caller hears nothing of it (%s)', (error) => {
  expect(failureOf(error)).toEqual({ status: 502, headers: {}, body: { error: 'no model has answered' } })
  expect(console.error).toHaveBeenCalledWith(error)
})
