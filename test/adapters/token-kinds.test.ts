import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { ChatOpenAI } from '@langchain/openai'
import { generateText, streamText } from 'ai'
import { describe, expect, it, vi } from 'vitest'
import { routed } from '../../src/adapters/ai-sdk/index.js'
import { RoutedChatModel } from '../../src/adapters/langchain/index.js'
import type { PartialPlan } from '../../src/gateway/node/simulated/plan.js'
import { Provider } from './provider.js'

const MODELS = ['sim-small', 'sim-large']
const provider = new Provider(MODELS)

const sdkOf = () =>
  createOpenAICompatible({ name: 'x', baseURL: provider.upstream.baseUrl, includeUsage: true })
const sdkModel = () => {
  const sdk = sdkOf()
  const models = Object.fromEntries(MODELS.map((id) => [id, sdk(id)]))
  return routed(provider.router, { models })
}
const chatOf = (model: string) =>
  new ChatOpenAI({
    model,
    apiKey: 'k',
    maxRetries: 0,
    configuration: { baseURL: provider.upstream.baseUrl },
    // Without it LangChain does not tell the tier of a chat that it does not stream.
    __includeRawResponse: true,
  })
const chatModel = () =>
  new RoutedChatModel({
    router: provider.router,
    models: Object.fromEntries(MODELS.map((id) => [id, chatOf(id)])),
  })

const WAYS: Readonly<Record<string, () => Promise<unknown>>> = {
  'the AI SDK': () => generateText({ model: sdkModel(), prompt: 'hi', maxRetries: 0 }),
  'a stream of the AI SDK': async () =>
    await streamText({ model: sdkModel(), prompt: 'hi', maxRetries: 0 }).text,
  LangChain: () => chatModel().invoke('hi'),
  'a stream of LangChain': async () => {
    for await (const _ of await chatModel().stream('hi'));
  },
  'run, of the AI SDK': () =>
    provider.router.run('hi', {}, ({ model }) => generateText({ model: sdkOf()(model), prompt: 'hi' })),
  'run, of a stream of the AI SDK': async () => {
    const run = await provider.router.run('hi', {}, ({ model }) =>
      streamText({ model: sdkOf()(model), prompt: 'hi' }),
    )
    await run.answer.text
    await vi.waitFor(() => expect(provider.router.stats().pending.unsettled).toBe(0))
  },
  'run, of LangChain': () => provider.router.run('hi', {}, ({ model }) => chatOf(model).invoke('hi')),
  'run, of a stream of LangChain': async () => {
    const run = await provider.router.run('hi', {}, ({ model }) => chatOf(model).stream('hi'))
    for await (const _ of run.answer);
  },
}

const cached = { input: 1000, cachedInput: 700, output: 100 }
const PLANS: Readonly<Record<string, PartialPlan>> = {
  audio: { tokens: { input: 500, audioInput: 300, output: 200, audioOutput: 50 } },
  'cache writes': { tokens: { input: 5000, cacheWrite5m: 4000, output: 10 } },
  'cached tokens as DeepSeek names them': { usage: { style: 'deepseek' }, tokens: cached },
  'cached and written tokens as Anthropic names them': {
    usage: { style: 'anthropic-names' },
    tokens: { ...cached, cacheWrite5m: 100 },
  },
  'reasoning tokens': { tokens: { input: 100, output: 500, reasoning: 300 } },
}

/** The AI SDK keeps the tier of chats that it does not stream. */
const TELL_NO_TIER = ['run, of a stream of the AI SDK']

describe.each(Object.entries(WAYS))('what %s tells', (way, ask) => {
  it.each(Object.entries(PLANS))('has %s, which are booked to the cent', async (_, plan) => {
    provider.plan = () => plan
    await ask()
    expect(provider.upstream.costUsd()).toBeGreaterThan(0)
    expect(await provider.bookedUsd()).toBeCloseTo(provider.upstream.costUsd(), 12)
    expect(provider.router.stats().models.map(({ flaggedUsages }) => flaggedUsages)).toEqual([0, 0])
  })

  it.skipIf(TELL_NO_TIER.includes(way))('has the discount of a tier', async () => {
    provider.router.disable('sim-large')
    provider.plan = () => ({ serviceTier: 'flex', tokens: { input: 1000, output: 100 } })
    await ask()
    expect(await provider.bookedUsd()).toBeCloseTo(provider.upstream.costUsd(), 12)
    expect(provider.upstream.entries[0].serviceTier).toBe('flex')
  })
})

it('audio is booked at its own price: $0.017725, not the $0.0055 of text', async () => {
  provider.router.disable('sim-small')
  for (const ask of Object.values(WAYS)) {
    provider.plan = () => PLANS.audio
    const before = await provider.bookedUsd()
    await ask()
    expect((await provider.bookedUsd()) - before).toBeCloseTo(0.017725, 12)
  }
})

it('the tier of a stream of responses, which the AI SDK tells at its end, has its discount', async () => {
  provider.router.disable('sim-large')
  provider.plan = () => ({ serviceTier: 'flex', tokens: { input: 1000, output: 100 } })
  const sdk = createOpenAI({ apiKey: 'k', baseURL: provider.upstream.baseUrl })
  const run = await provider.router.run('hi', {}, ({ model }) =>
    streamText({ model: sdk(model), prompt: 'hi' }),
  )
  await run.answer.text
  await vi.waitFor(() => expect(provider.router.stats().pending.unsettled).toBe(0))
  expect(await provider.bookedUsd()).toBeCloseTo(provider.upstream.costUsd(), 12)
})
