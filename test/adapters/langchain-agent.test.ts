import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { AIMessage, type AIMessageChunk, HumanMessage } from '@langchain/core/messages'
import type { ChatGeneration, LLMResult } from '@langchain/core/outputs'
import { tool } from '@langchain/core/tools'
import { ChatOpenAI } from '@langchain/openai'
import { createAgent, createMiddleware, FakeToolCallingModel, providerStrategy } from 'langchain'
import { describe, expect, it } from 'vitest'
import {
  RoutedChatModel,
  type RoutedChatModelFields,
  reward,
  routingMiddleware,
  runOf,
} from '../../src/adapters/langchain/index.js'
import { Random } from '../support/random.js'
import { Provider, TOOLS_ONCE } from './provider.js'

const MODELS = ['sim-small', 'sim-large']
const LOOK = tool(async () => 'seen', {
  name: 'look',
  description: 'Looks around.',
  schema: { type: 'object', properties: {} },
})
const ASK = { messages: [new HumanMessage('Look around')] }
const CITY = {
  type: 'object' as const,
  title: 'city',
  properties: { city: { type: 'string' } },
  required: ['city'],
}

const provider = new Provider(MODELS)

function fieldsOf(more: Partial<RoutedChatModelFields> = {}): RoutedChatModelFields {
  const configuration = { baseURL: provider.upstream.baseUrl }
  const models = Object.fromEntries(
    MODELS.map((model) => [
      model,
      new ChatOpenAI({ model, apiKey: 'sk-test', configuration, maxRetries: 0 }),
    ]),
  )
  return { router: provider.router, models, ...more }
}

/** An agent whose own model is never asked. */
function agentOf(more: Partial<RoutedChatModelFields> = {}) {
  return createAgent({
    model: new FakeToolCallingModel(),
    tools: [LOOK],
    middleware: [routingMiddleware(createMiddleware, fieldsOf(more))],
  })
}

const modelsAsked = () => provider.upstream.entries.map(({ request }) => request.model)

describe('a routing middleware for agents of LangChain', () => {
  it('has all steps of a run answered by one model, books them, and one reward reaches all', async () => {
    provider.plan = TOOLS_ONCE
    const result = await agentOf().invoke(ASK)
    expect(result.messages.map((message) => message.getType())).toEqual(['human', 'ai', 'tool', 'ai'])
    expect(modelsAsked()).toHaveLength(2)
    expect(new Set(modelsAsked()).size).toBe(1)
    expect(runOf(result)?.decision.model).toBe(modelsAsked()[0])
    expect(await provider.bookedUsd()).toBeCloseTo(provider.upstream.costUsd(), 9)
    await reward(result, 0.75)
    expect(provider.sum('rewarded')).toBe(2)
    await expect(reward({ messages: [new AIMessage('mine')] }, 1)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      field: 'answer',
    })
  })

  it('routes the next turn of a conversation by itself', async () => {
    const agent = agentOf()
    const first = await agent.invoke(ASK)
    const second = await agent.invoke({ messages: [...first.messages, new HumanMessage('And now?')] })
    await reward(second, 1)
    expect(provider.sum('rewarded')).toBe(1)
    await reward(first, 1)
    expect(provider.sum('rewarded')).toBe(2)
  })

  it('streams the messages of the model, each piece once, with its usage', async () => {
    provider.plan = TOOLS_ONCE
    const pieces: AIMessageChunk[] = []
    const stream = await agentOf().stream(ASK, { streamMode: 'messages' })
    for await (const [piece] of stream) if (piece.getType() === 'ai') pieces.push(piece as AIMessageChunk)
    const byId = new Map<string | undefined, AIMessageChunk>()
    for (const piece of pieces) byId.set(piece.id, byId.get(piece.id)?.concat(piece) ?? piece)
    const answers = [...byId.values()]
    expect(answers.map(({ tool_calls: calls }) => calls?.length ?? 0)).toEqual([1, 0])
    expect(pieces.length).toBeGreaterThan(5)
    expect(answers.map(({ usage_metadata: usage }) => usage)).toMatchObject(
      provider.upstream.entries.map(({ tokens }) => ({ output_tokens: tokens.output })),
    )
    expect(await provider.bookedUsd()).toBeCloseTo(provider.upstream.costUsd(), 9)
    expect(provider.upstream.entries.every(({ request }) => request.isStreamed)).toBe(true)
  })

  it('tells callbacks of each call once, with the usage that LangChain’s own models tell', async () => {
    provider.plan = TOOLS_ONCE
    const told: unknown[] = []
    const callbacks = [
      {
        handleChatModelStart: () => void told.push('start'),
        handleLLMEnd: ({ generations }: LLMResult) => {
          const [[{ message }]] = generations as ChatGeneration[][]
          told.push((message as AIMessage).usage_metadata)
        },
      },
    ]
    await agentOf().invoke(ASK, { callbacks })
    const usages = provider.upstream.entries.map(({ tokens: { input, output } }) => ({
      total_tokens: input + output,
    }))
    expect(told).toEqual(usages.flatMap((usage) => ['start', expect.objectContaining(usage)]))
  })

  it('gives structured answers, by a tool and by the schema of a provider', async () => {
    for (const responseFormat of [CITY, providerStrategy(CITY)]) {
      const agent = createAgent({
        model: new FakeToolCallingModel(),
        tools: [],
        responseFormat: responseFormat as typeof CITY & Record<string, unknown>,
        middleware: [routingMiddleware(createMiddleware, fieldsOf())],
      })
      const result = await agent.invoke(ASK)
      expect(result.structuredResponse).toEqual({ city: expect.any(String) })
      await reward(result, 1)
    }
    expect(provider.sum('rewarded')).toBe(2)
    expect(await provider.bookedUsd()).toBeCloseTo(provider.upstream.costUsd(), 9)
  })

  it('asks the next model where one fails, and tells what went wrong with all', async () => {
    provider.plan = (model) => (model === 'sim-small' ? { fault: { kind: 'status', status: 500 } } : {})
    for (let i = 0; i < 3; i++) expect(runOf(await agentOf().invoke(ASK))?.decision.model).toBe('sim-large')
    provider.plan = () => ({ fault: { kind: 'status', status: 500 } })
    await expect(agentOf().invoke(ASK)).rejects.toThrow(/500/)
    expect(await provider.bookedUsd()).toBeCloseTo(provider.upstream.costUsd(), 9)
  })

  it('is cancelled by the signal of the agent', async () => {
    provider.plan = () => ({ delays: { firstTokenMs: 20_000 } })
    const abort = new AbortController()
    provider.upstream.until(() => true).then(() => abort.abort())
    await expect(agentOf().invoke(ASK, { signal: abort.signal })).rejects.toThrow(/abort/i)
    await expect.poll(() => provider.sum('cancelled')).toBe(1)
    expect(provider.sum('failed')).toBe(0)
  })

  it('routes among any chat models: without a usage a call is booked by what was set aside', async () => {
    const toolCalls = [[{ name: 'look', args: {}, id: 'one' }], []]
    const fake = new FakeToolCallingModel({ toolCalls })
    const result = await agentOf({ models: { 'sim-small': fake, 'sim-large': fake } }).invoke(ASK)
    expect(result.messages).toHaveLength(4)
    await reward(result, 1)
    expect(provider.sum('rewarded')).toBe(2)
    expect(await provider.bookedUsd()).toBeGreaterThan(0)
    expect(provider.upstream.entries).toHaveLength(0)
  })

  it('needs no package langchain where none is used', () => {
    const dist = fileURLToPath(new URL('../../dist/', import.meta.url))
    const files = [
      'langchain.js',
      ...['index', 'routing-middleware'].map((each) => `adapters/langchain/${each}.d.ts`),
    ]
    for (const file of files)
      expect(readFileSync(dist + file, 'utf8')).not.toMatch(/(?:from|import)\W{1,2}langchain\b/)
  })

  it('books 1,000 mixed calls of agents and models to what their provider counts, to 1e-9', async () => {
    const random = new Random(16)
    const aborts = new Map<string, AbortController>()
    provider.plan = (model, isStreamed, body) => {
      const abort = [...aborts].find(([key]) => JSON.stringify(body.messages).includes(key))?.[1]
      if (abort !== undefined) {
        queueMicrotask(() => abort.abort())
        return { delays: { firstTokenMs: 20_000 } }
      }
      const roll = random.below(12)
      if (roll === 0) return { fault: { kind: 'status', status: random.next() < 0.5 ? 500 : 429 } }
      if (roll === 1) return { fault: { kind: 'status', status: 400 } }
      // In the middle of the answer, whether it is streamed or not.
      if (roll === 2) return { fault: { kind: 'reset', afterPieces: 2 } }
      const tokens = roll < 6 ? { tokens: { cachedInput: 3, reasoning: 2 } } : {}
      return { ...tokens, ...('tools' in body ? TOOLS_ONCE(model, isStreamed, body) : {}) }
    }
    const agent = agentOf()
    const model = new RoutedChatModel(fieldsOf())
    const ways: readonly (() => Promise<unknown>)[] = [
      () => agent.invoke(ASK),
      async () => {
        for await (const _ of await agent.stream(ASK, { streamMode: 'messages' }));
      },
      async () => {
        const key = crypto.randomUUID()
        const abort = new AbortController()
        aborts.set(key, abort)
        await agent.invoke({ messages: [key] }, { signal: abort.signal }).finally(() => aborts.delete(key))
      },
      ...[0, 1, 2].map(() => () => model.invoke('Hello')),
      ...[0, 1, 2, 3].map(() => async () => {
        for await (const _ of await model.stream('Hello'));
      }),
    ]
    const one = async (i: number): Promise<void> => {
      try {
        await ways[i % ways.length]()
      } catch (error) {
        expect(String(error)).toMatch(/overloaded|abort|terminated|connection|premature/i)
      }
    }
    for (let i = 0; i < 1000; i += 10) await Promise.all(Array.from({ length: 10 }, (_, j) => one(i + j)))
    await provider.upstream.idle()
    await expect.poll(() => provider.router.stats().pending.unsettled).toBe(0)
    expect(provider.upstream.entries.length).toBeGreaterThan(1000)
    expect(provider.sum('cancelled')).toBeGreaterThan(99)
    expect(await provider.bookedUsd()).toBeCloseTo(provider.expectedUsd(), 9)
  }, 240_000)
})
