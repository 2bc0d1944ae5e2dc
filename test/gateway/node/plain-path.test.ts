import { expect, it } from 'vitest'
import { plainTarget } from '../../../src/gateway/node/plain-path.js'

it.each([
  '/',
  '/metrics?a=/../%65',
  '/v1/models/openai%2Fgpt-4o',
  '/admin/models/a%20b%C3%BC%3A~._-',
  '/v1/.well-known/...',
  '/v1/chat/%63ompletions',
  'http://h/v1/models',
  '*',
])('%s is given on as it is', (target) => {
  expect(plainTarget(target)).toBe(target)
})

it.each(['/%61dmin/keys', '/v1/%2e', '/v1/.%2E/metrics', '/v1/x/..', '/./v1', '/a\\b', '/%2Fv1'])(
  '%s is the name of nothing',
  (target) => {
    expect(plainTarget(target)).toBe(`/${encodeURIComponent(target)}`)
  },
)
