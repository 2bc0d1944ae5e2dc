// An application that uses every adapter and the gateway, before the provider at OPENAI_BASE_URL, on whatever runtime it
// is started: its `fetch` answers with what each of them has spent, USD, and how many rewards they took.
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { ChatOpenAI } from '@langchain/openai'
import { generateText } from 'ai'
import OpenAI from 'openai'
import { createRouter } from 'paretobandit'
import * as aiSdk from 'paretobandit/ai-sdk'
import { clientSurfaces, createGateway, readConfig, routerOptionsOf } from 'paretobandit/gateway'
import * as langchain from 'paretobandit/langchain'
import * as openai from 'paretobandit/openai'

const apiKey = 'sk-test'
const prompt = 'Why is the sky blue?'
const messages = [{ role: 'user', content: prompt }]

const PARTS = {
  async openai(baseURL, router) {
    const client = openai.routed(new OpenAI({ apiKey, baseURL }), router)
    const stream = await client.chat.completions.create({ model: 'auto', messages, stream: true })
    for await (const _ of stream);
    openai.runOf(stream)?.reward(1)
  },
  async aiSdk(baseURL, router) {
    const provider = createOpenAICompatible({ name: 'provider', apiKey, baseURL })
    const models = Object.fromEntries(router.stats().models.map(({ id }) => [id, provider(id)]))
    const model = aiSdk.routed(router, { models })
    await aiSdk.reward(await generateText({ model, prompt, maxRetries: 0 }), 1)
  },
  async langchain(baseURL, router) {
    const of = (model) => new ChatOpenAI({ model, apiKey, configuration: { baseURL }, maxRetries: 0 })
    const models = Object.fromEntries(router.stats().models.map(({ id }) => [id, of(id)]))
    const chat = new langchain.RoutedChatModel({ router, models })
    await langchain.reward(await chat.invoke(prompt), 1)
  },
}

async function gateway(baseUrl, models) {
  const config = await readConfig(
    {
      store: { kind: 'memory' },
      upstreams: [{ id: 'provider', protocol: 'openai', baseUrl, apiKey: '$KEY' }],
      models: models.map(({ id, ...prices }) => ({ id, upstream: 'provider', prices })),
      rewards: { windowMs: 0 },
      keys: [{ name: 'application', value: '$CLIENT' }],
    },
    { name: 'config', env: { KEY: apiKey, CLIENT: 'pb-client-0123456789abcdef' } },
  )
  const router = await createRouter(routerOptionsOf(config))
  const served = await createGateway({ config, router, surfaces: clientSurfaces() })
  const send = async (path, body) => {
    const headers = { authorization: 'Bearer pb-client-0123456789abcdef', 'content-type': 'application/json' }
    const text = JSON.stringify(body)
    const answer = await served.fetch(
      new Request(`http://gateway${path}`, { method: 'POST', headers, body: text }),
    )
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return answer
  }
  const answer = await send('/v1/chat/completions', { model: 'auto', messages })
  await answer.text()
  const id = answer.headers.get('x-paretobandit-decision')
  await send('/v1/feedback', { decision_id: id, value: 1 })
  const told = spent(router)
  await served.close()
  return told
}

function spent(router) {
  const { pacer, pending, models } = router.stats()
  const rewarded = models.reduce((sum, model) => sum + model.rewarded, 0)
  return { usd: pacer.spendUsd, unsettled: pending.unsettled, rewarded }
}

export default {
  /** `POST { baseUrl, models }` */
  async fetch(request) {
    const { baseUrl, models } = await request.json()
    const told = { gateway: await gateway(baseUrl, models) }
    for (const [name, use] of Object.entries(PARTS)) {
      const router = await createRouter({ models, budget: { usdPerRequest: 0.002 } })
      await use(baseUrl, router)
      told[name] = spent(router)
    }
    return Response.json(told)
  },
}
