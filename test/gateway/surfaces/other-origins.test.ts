import { afterEach, expect, it } from 'vitest'
import { CLIENT_KEY, closeAll, gatewayServer, HELLO, modelTree } from './gateway-server.js'

afterEach(closeAll)

const ORIGIN = { origin: 'https://app.example' }

it('lets no page of another origin read an answer: a key in a page is a key of all who see it', async () => {
  const server = await gatewayServer({ models: [modelTree('sim-small')] })
  const preflight = await fetch(`${server.url}/v1/chat/completions`, {
    method: 'OPTIONS',
    headers: {
      ...ORIGIN,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    },
  })
  const answer = await server.post('/v1/chat/completions', { model: 'auto', messages: HELLO }, ORIGIN)
  const models = await fetch(`${server.url}/v1/models`, {
    headers: { ...ORIGIN, authorization: `Bearer ${CLIENT_KEY}` },
  })
  expect([preflight.ok, answer.status, models.status]).toEqual([false, 200, 200])
  for (const { headers } of [preflight, answer, models])
    expect([...headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([])
})
