// LangChain.js: npm install paretobandit @langchain/core @langchain/openai; OPENAI_API_KEY=... node examples/langchain.mjs
import { ChatOpenAI } from '@langchain/openai'
import { createRouter } from 'paretobandit'
import { RoutedChatModel, reward } from 'paretobandit/langchain'
import { names, prices, prompt } from './prices.mjs'

const configuration = { baseURL: process.env.OPENAI_BASE_URL }
const router = await createRouter({ models: prices, budget: { usdPerRequest: 0.002 } })
const of = (id) => new ChatOpenAI({ model: names[id], configuration, maxRetries: 0 })
const chat = new RoutedChatModel({ router, models: { small: of('small'), large: of('large') } })
const message = await chat.invoke(prompt)
console.log(message.text)
await reward(message, 0.85)
console.log(`spent $${router.stats().pacer.spendUsd}`)
