// Express: npm install paretobandit openai express; OPENAI_API_KEY=... node examples/express.mjs
//   curl -i localhost:3000/chat -H 'content-type: application/json' -d '{"prompt": "Why is the sky blue?"}'
//   curl localhost:3000/feedback -H 'content-type: application/json' -d '{"id": "(x-decision of the answer)", "reward": 0.9}'
import express from 'express'
import OpenAI from 'openai'
import { createRouter } from 'paretobandit'
import { routed, runOf } from 'paretobandit/openai'
import { failureOf } from './http.mjs'
import { names, prices } from './prices.mjs'

const router = await createRouter({ models: prices, budget: { usdPerRequest: 0.002 } })
const client = routed(new OpenAI(), router, { names })
const app = express().use(express.json())

app.post('/chat', async (request, response) => {
  const prompt = request.body?.prompt
  if (typeof prompt !== 'string') return response.status(400).json({ error: 'expected a prompt' })
  // A user who goes away breaks the call off: it is cancelled and booked, and no model is blamed.
  const left = new AbortController()
  response.once('close', () => left.abort())
  const messages = [{ role: 'user', content: prompt }]
  const body = { model: 'auto', messages, stream: true }
  const stream = await client.chat.completions.create(body, { signal: left.signal })
  response.set({ 'content-type': 'text/plain; charset=utf-8', 'x-decision': runOf(stream)?.decision.id })
  for await (const { choices } of stream) response.write(choices[0]?.delta.content ?? '')
  return response.end()
})

app.post('/feedback', (request, response) => {
  router.reward(request.body?.id, request.body?.reward)
  response.sendStatus(204)
})

app.get('/stats', (_request, response) => void response.json(router.stats()))

app.use((error, _request, response, next) => {
  if (response.headersSent) return next(error)
  const { status, headers, body } = failureOf(error)
  return response.status(status).set(headers).json(body)
})

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', (error) => {
  if (error) throw error
  console.log(`http://127.0.0.1:${server.address().port}`)
})
