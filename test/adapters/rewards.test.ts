import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { AIMessage, HumanMessage } from '@langchain/core/messages'
import { ChatOpenAI } from '@langchain/openai'
import { generateText, jsonSchema, streamText, type ToolSet } from 'ai'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { routed as routedModel } from '../../src/adapters/ai-sdk/index.js'
import { RoutedChatModel } from '../../src/adapters/langchain/index.js'
import { routed as routedClient } from '../../src/adapters/openai/index.js'
import type { PartialPlan } from '../../src/gateway/node/simulated/plan.js'
import { createRewards, type Rewards } from '../../src/rewards/index.js'
import { Provider } from './provider.js'

const MODEL = 'sim-small'
const PROMPT = 'What is a contextual bandit?'
const CAP = { usd: 1, per: 'day', usdPerGrade: 0.01 } as const
const provider = new Provider([MODEL])

interface Asked {
  readonly json?: boolean
  readonly tools?: boolean
  readonly isStreamed: boolean
}
type Ask = (rewards: Rewards, asked: Asked) => Promise<unknown>

/** Texts of the upstream have five letters. */
const SCHEMA = {
  type: 'object',
  properties: { city: { type: 'string', maxLength: 2 } },
  required: ['city'],
} as const
const MESSAGES = [{ role: 'user' as const, content: PROMPT }]

async function drained(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}

const ASKS: readonly (readonly [name: string, ask: Ask])[] = [
  [
    'chats of openai',
    async (rewards, { json, tools, isStreamed }) => {
      const own = new OpenAI({ apiKey: 'sk-test', baseURL: provider.upstream.baseUrl })
      const client = routedClient(own, provider.router, { rewards })
      const body = {
        model: 'auto',
        messages: MESSAGES,
        ...(json ? { response_format: { type: 'json_object' as const } } : {}),
        ...(tools
          ? { tools: [{ type: 'function' as const, function: { name: 'find', parameters: SCHEMA } }] }
          : {}),
      }
      if (isStreamed) await drained(await client.chat.completions.create({ ...body, stream: true }))
      else await client.chat.completions.create(body)
    },
  ],
  [
    'responses of openai',
    async (rewards, { json, tools, isStreamed }) => {
      const own = new OpenAI({ apiKey: 'sk-test', baseURL: provider.upstream.baseUrl })
      const client = routedClient(own, provider.router, { rewards })
      const body = {
        model: 'auto',
        input: PROMPT,
        ...(json ? { text: { format: { type: 'json_object' as const } } } : {}),
        ...(tools
          ? { tools: [{ type: 'function' as const, name: 'find', parameters: SCHEMA, strict: true }] }
          : {}),
      }
      if (isStreamed) await drained(await client.responses.create({ ...body, stream: true }))
      else await client.responses.create(body)
    },
  ],
  [
    'the AI SDK',
    async (rewards, { json, tools, isStreamed }) => {
      const sdk = createOpenAICompatible({
        name: 'sim',
        baseURL: provider.upstream.baseUrl,
        apiKey: 'sk-test',
        includeUsage: true,
        supportsStructuredOutputs: true,
      })
      const model = routedModel(provider.router, { models: { [MODEL]: sdk(MODEL) }, rewards })
      const call = {
        model,
        prompt: PROMPT,
        maxRetries: 0,
        ...(tools
          ? {
              tools: {
                find: { inputSchema: jsonSchema({ ...SCHEMA, required: [...SCHEMA.required] }) },
              } as ToolSet,
            }
          : {}),
      }
      // What is asked for as an object is parsed by the SDK: here the model alone is asked.
      if (json)
        await model.doGenerate({
          prompt: [{ role: 'user', content: [{ type: 'text', text: PROMPT }] }],
          responseFormat: { type: 'json' },
        })
      else if (isStreamed) await drained(streamText({ ...call, onError: () => {} }).fullStream)
      else await generateText(call).catch(() => {})
    },
  ],
  [
    'LangChain',
    async (rewards, { isStreamed }) => {
      const configuration = { baseURL: provider.upstream.baseUrl }
      const own = new ChatOpenAI({ model: MODEL, apiKey: 'sk-test', configuration, maxRetries: 0 })
      const model = new RoutedChatModel({ router: provider.router, models: { [MODEL]: own }, rewards })
      const messages = [new HumanMessage(PROMPT), new AIMessage('Hm.'), new HumanMessage('Well?')]
      if (isStreamed) await drained(await model.stream(messages))
      else await model.invoke(messages)
    },
  ],
]

/** What one answer of a plan is found to be. */
async function flawsOf(ask: Ask, plan: PartialPlan, asked: Asked): Promise<string[]> {
  provider.plan = () => plan
  const rewards = createRewards(provider.router, { windowMs: 0, weights: { validator: 1 } })
  await ask(rewards, asked)
  await provider.upstream.idle()
  const { answers, flaws } = rewards.stats()
  expect(answers).toBe(1)
  await rewards.close()
  expect(provider.sum('rewarded')).toBe(1)
  return Object.entries(flaws).flatMap(([flaw, count]) => (count > 0 ? [flaw] : []))
}

describe.each(ASKS)('answers of %s', (name, ask) => {
  for (const isStreamed of [false, true]) {
    it(`are looked at by validators, and the router is told once, streamed: ${isStreamed}`, async () => {
      expect(await flawsOf(ask, { text: 'A bandit.' }, { isStreamed })).toEqual([])
    })

    it(`that are cut short are found, streamed: ${isStreamed}`, async () => {
      expect(await flawsOf(ask, { text: 'A ban', ending: 'length' }, { isStreamed })).toEqual([
        'truncated_answer',
      ])
    })

    // Which tools there are only LangChain's models know.
    it.skipIf(name === 'LangChain')(
      `that call a tool as it is not are found, streamed: ${isStreamed}`,
      async () => {
        expect(await flawsOf(ask, { toolCalls: 1 }, { tools: true, isStreamed })).toEqual(['invalid_answer'])
      },
    )
  }

  it.skipIf(name === 'LangChain')('that are no JSON where that was asked for are found', async () => {
    const asked = { json: true, isStreamed: false }
    expect(await flawsOf(ask, { text: 'A bandit.' }, asked)).toEqual(['invalid_answer'])
  })

  it('are graded by the judge, who does not see the model', async () => {
    provider.plan = () => ({ text: 'A bandit.' })
    const asked: string[] = []
    let graded = () => {}
    const done = new Promise<void>((resolve) => {
      graded = resolve
    })
    const rewards = createRewards(provider.router, {
      windowMs: 0,
      judge: {
        ask: ({ system, user }) => {
          asked.push(system + user)
          graded()
          return '{"score": 7}'
        },
        share: 1,
        cap: CAP,
      },
    })
    await ask(rewards, { isStreamed: true })
    await done
    await expect.poll(() => provider.sum('rewarded')).toBe(1)
    expect(asked).toHaveLength(1)
    expect(asked[0]).toContain('A bandit.')
    expect(asked[0]).toContain(PROMPT)
    expect(asked[0]).not.toContain(MODEL)
    expect(provider.router.stats().models[0].meanReward).toBeCloseTo(0.7, 12)
    await rewards.close()
  })

  it('reach whoever asked, whatever rewards do', async () => {
    const broken = {
      now: () => 0,
      answered: () => {
        throw new Error('broken')
      },
    } as unknown as Rewards
    await expect(ask(broken, { isStreamed: false })).resolves.toBeUndefined()
    await expect(ask(broken, { isStreamed: true })).resolves.toBeUndefined()
  })
})

it('a stream that nobody reads to its end is not looked at', async () => {
  const rewards = createRewards(provider.router)
  const own = new OpenAI({ apiKey: 'sk-test', baseURL: provider.upstream.baseUrl })
  const client = routedClient(own, provider.router, { rewards })
  for await (const _ of await client.chat.completions.create({
    model: 'auto',
    messages: MESSAGES,
    stream: true,
  }))
    break
  expect(rewards.stats().answers).toBe(0)
})
