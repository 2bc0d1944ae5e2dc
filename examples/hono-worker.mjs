// Hono on the edge: npm install paretobandit openai hono; npx wrangler dev examples/hono-worker.mjs, with OPENAI_API_KEY in .dev.vars
// What a Worker learns is gone with it: keep router.snapshot() in a Durable Object. docs/USAGE.md has more on Workers.
import { Hono } from 'hono'
import { env } from 'hono/adapter'
import OpenAI from 'openai'
import { createRouter } from 'paretobandit'
import { routed, runOf } from 'paretobandit/openai'
import { failureOf, jsonOf, textOf } from './http.mjs'
import { names, prices } from './prices.mjs'

const router = await createRouter({ models: prices, budget: { usdPerRequest: 0.002 } })
const app = new Hono()

app.post('/chat', async (context) => {
  const prompt = (await jsonOf(context.req.raw))?.prompt
  if (typeof prompt !== 'string') return context.json({ error: 'expected a prompt' }, 400)
  const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseURL } = env(context)
  const client = routed(new OpenAI({ apiKey, baseURL }), router, { names })
  const messages = [{ role: 'user', content: prompt }]
  const body = { model: 'auto', messages, stream: true }
  // A user who goes away breaks the call off: it is cancelled and booked, and no model is blamed.
  const answer = await client.chat.completions.create(body, { signal: context.req.raw.signal })
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'x-decision': runOf(answer)?.decision.id }
  return context.body(textOf(answer), 200, headers)
})

app.post('/feedback', async (context) => {
  const given = await jsonOf(context.req.raw)
  router.reward(given?.id, given?.reward)
  return context.body(null, 204)
})

app.get('/stats', (context) => context.json(router.stats()))

app.onError((error, context) => {
  const { status, headers, body } = failureOf(error)
  return context.json(body, status, headers)
})

export default app
