import { expect, it } from 'vitest'
import { plainTarget } from '../../../src/gateway/node/plain-path.js'

it.each([
  '/',
  '/metrics?a=/../%65',
  '/v1/models/openai%2Fgpt-4o',
  '/admin/models/a%20b%C3%BC%3A~._-',
  '/v1/.well-known/...',
  'http://h/v1/models',
  '*',
])('%s is given on as it is', (target) => {
  expect(plainTarget(target)).toBe(target)
})

it.each([
  '/admin/k%65ys',
  '/admin/%6Beys',
  '/v1/models/%2D',
  '/v1/%7e',
  '/v1/x%31',
  '/v1/a/..',
  '/./v1',
  '/a\\b',
  '/%2Fv1',
])('%s is the name of nothing', (target) => {
  expect(plainTarget(target)).toBe(`/${encodeURIComponent(target)}`)
})
