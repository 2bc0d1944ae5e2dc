// The client of openai: npm install paretobandit openai; OPENAI_API_KEY=... node examples/openai.mjs
import OpenAI from 'openai'
import { createRouter } from 'paretobandit'
import { routed, runOf } from 'paretobandit/openai'
import { names, prices, prompt } from './prices.mjs'

const router = await createRouter({ models: prices, budget: { usdPerRequest: 0.002 } })
const client = routed(new OpenAI(), router, { names })
const stream = await client.chat.completions.create({
  model: 'auto',
  messages: [{ role: 'user', content: prompt }],
  stream: true,
})
for await (const { choices } of stream) process.stdout.write(choices[0]?.delta.content ?? '')
await runOf(stream)?.reward(0.85).durable
console.log(`\nspent $${router.stats().pacer.spendUsd}`)
