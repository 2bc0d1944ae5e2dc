// Hono on the edge: npm install paretobandit openai hono; npx wrangler dev examples/hono-worker.mjs, with OPENAI_API_KEY in .dev.vars
// What a Worker learns is gone with it: keep router.snapshot() in a Durable Object. docs/USAGE.md has more on Workers.
import { Hono } from 'hono'
import { env } from 'hono/adapter'
import { stream } from 'hono/streaming'
import OpenAI from 'openai'
import { createRouter, ParetoBanditError } from 'paretobandit'
import { routed, runOf } from 'paretobandit/openai'
import { names, prices } from './prices.mjs'

const router = await createRouter({ models: prices, budget: { usdPerRequest: 0.002 } })
const app = new Hono()
const jsonOf = (context) => context.req.json().catch(() => null)

app.post('/chat', async (context) => {
  const prompt = (await jsonOf(context))?.prompt
  if (typeof prompt !== 'string') return context.json({ error: 'expected a prompt' }, 400)
  const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseURL } = env(context)
  const client = routed(new OpenAI({ apiKey, baseURL }), router, { names })
  const messages = [{ role: 'user', content: prompt }]
  const body = { model: 'auto', messages, stream: true }
  const answer = await client.chat.completions.create(body, { signal: context.req.raw.signal })
  context.header('x-decision', runOf(answer)?.decision.id)
  return stream(context, async (output) => {
    for await (const { choices } of answer) {
      // The user has gone: the call is broken off, cancelled and booked, and no model is blamed.
      if (output.aborted) break
      await output.write(choices[0]?.delta.content ?? '')
    }
  })
})

app.post('/feedback', async (context) => {
  const given = await jsonOf(context)
  router.reward(given?.id, given?.reward)
  return context.body(null, 204)
})

app.get('/stats', (context) => context.json(router.stats()))

app.onError((error, context) =>
  context.json({ error: error.message }, error instanceof ParetoBanditError ? 400 : 502),
)

export default app
