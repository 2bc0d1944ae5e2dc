// The least that a gateway in Node does: hono reads and parses a body, undici sends it on, the answer goes back.
//     node bare-proxy.mjs http://127.0.0.1:PORT

import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { Agent, request } from 'undici'

const [, , upstream] = process.argv
const dispatcher = new Agent({ connections: 1024 })
const app = new Hono()
app.post('/v1/chat/completions', async ({ req }) => {
  const body = await req.json()
  const answer = await request(`${upstream}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...body, model: 'mock' }),
    dispatcher,
  })
  const headers = { 'content-type': answer.headers['content-type'] }
  if (body.stream === true) return new Response(Readable.toWeb(answer.body), { headers })
  return new Response(JSON.stringify(await answer.body.json()), { headers })
})
const server = createServer(getRequestListener(app.fetch))
server.keepAliveTimeout = 120_000
server.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`))
