import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { ChatOpenAI } from '@langchain/openai'
import { generateText } from 'ai'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { routed as routedModel } from '../../src/adapters/ai-sdk/index.js'
import { RoutedChatModel } from '../../src/adapters/langchain/index.js'
import { routed as routedClient } from '../../src/adapters/openai/index.js'
import type { RunOptions } from '../../src/index.js'
import { Provider } from './provider.js'

const MODEL = 'sim-small'
const provider = new Provider([MODEL])

/** Each adapter with options of all calls, and a call with a signal of its own. */
const ADAPTERS: Readonly<Record<string, (run: RunOptions, signal?: AbortSignal) => Promise<unknown>>> = {
  openai: async (run, signal) => {
    const client = new OpenAI({ apiKey: 'k', baseURL: provider.upstream.baseUrl })
    const body = { model: 'auto', messages: [{ role: 'user' as const, content: 'Hello' }] }
    return routedClient(client, provider.router, { run }).chat.completions.create(body, { signal })
  },
  'the AI SDK': (run, signal) => {
    const sdk = createOpenAICompatible({ name: 'x', baseURL: provider.upstream.baseUrl })
    const model = routedModel(provider.router, { models: { [MODEL]: sdk(MODEL) }, run })
    return generateText({ model, prompt: 'Hello', ...(signal && { abortSignal: signal }) })
  },
  LangChain: (run, signal) => {
    const configuration = { baseURL: provider.upstream.baseUrl }
    const model = new ChatOpenAI({ model: MODEL, apiKey: 'k', configuration, maxRetries: 0 })
    const chat = new RoutedChatModel({ router: provider.router, models: { [MODEL]: model }, run })
    return chat.invoke('Hello', { ...(signal && { signal }) })
  },
}

describe.each(Object.entries(ADAPTERS))('a signal of all calls of %s', (_, ask) => {
  it.each([
    ['breaks a call off at its provider', false, 'all'],
    ['does so beside a signal of the call', true, 'all'],
    ['leaves the call its own', true, 'own'],
  ] as const)('%s', async (_how, hasOwn, which) => {
    provider.plan = () => ({ delays: { firstTokenMs: 20_000 } })
    const all = new AbortController()
    const own = new AbortController()
    const work = ask({ signal: all.signal }, hasOwn ? own.signal : undefined)
    const entry = provider.upstream.until(() => true)
    entry.then(() => (which === 'all' ? all : own).abort())
    await expect(work).rejects.toThrow(/abort/i)
    await expect.poll(async () => (await entry).ended).toBe('left')
    expect([provider.sum('cancelled'), provider.sum('failed')]).toEqual([1, 0])
  })
})
