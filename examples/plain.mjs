// Any call, by fetch: npm install paretobandit; OPENAI_API_KEY=... node examples/plain.mjs
import { createRouter } from 'paretobandit'
import { names, prices, prompt } from './prices.mjs'

const { OPENAI_API_KEY = '', OPENAI_BASE_URL = 'https://api.openai.com/v1' } = process.env
const router = await createRouter({ models: prices, budget: { usdPerRequest: 0.002 } })

async function call(model, signal) {
  const response = await fetch(`${OPENAI_BASE_URL}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${OPENAI_API_KEY}` },
    body: JSON.stringify({ model: names[model], messages: [{ role: 'user', content: prompt }] }),
    signal,
  })
  if (!response.ok) throw Object.assign(new Error(await response.text()), { status: response.status })
  return response.json()
}

const { answer, decision, reward } = await router.run(
  prompt,
  { signal: AbortSignal.timeout(60_000) },
  ({ model }, { signal }) => call(model, signal),
)
console.log(`${decision.model}: ${answer.choices[0].message.content}`)
await reward(0.85).durable
console.log(`spent $${router.stats().pacer.spendUsd}`)
