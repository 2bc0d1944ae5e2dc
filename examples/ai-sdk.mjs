// The AI SDK: npm install paretobandit ai @ai-sdk/openai-compatible; OPENAI_API_KEY=... node examples/ai-sdk.mjs
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { generateText } from 'ai'
import { createRouter } from 'paretobandit'
import { reward, routed } from 'paretobandit/ai-sdk'
import { names, prices, prompt } from './prices.mjs'

const { OPENAI_API_KEY: apiKey = '', OPENAI_BASE_URL: baseURL = 'https://api.openai.com/v1' } = process.env
const provider = createOpenAICompatible({ name: 'openai', apiKey, baseURL })
const router = await createRouter({ models: prices, budget: { usdPerRequest: 0.002 } })
const models = { small: provider(names.small), large: provider(names.large) }
const result = await generateText({ model: routed(router, { models }), prompt, maxRetries: 0 })
console.log(result.text)
await reward(result, 0.85)
console.log(`spent $${router.stats().pacer.spendUsd}`)
