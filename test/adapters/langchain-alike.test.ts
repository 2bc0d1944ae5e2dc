import type { LLMResult } from '@langchain/core/outputs'
import { tool } from '@langchain/core/tools'
import { ChatOpenAI } from '@langchain/openai'
import { describe, expect, it } from 'vitest'
import { RoutedChatModel, type RoutedChatModelFields, runOf } from '../../src/adapters/langchain/index.js'
import { Provider } from './provider.js'

const MODELS = ['sim-small', 'sim-large']
const LOOK = tool(async () => 'seen', {
  name: 'look',
  description: 'Looks around.',
  schema: { type: 'object', properties: { where: { type: 'string' } } },
})
const FORMAT = {
  type: 'function' as const,
  function: { name: 'look', parameters: { type: 'object', properties: {} } },
}

const provider = new Provider(MODELS)

function openai(model: string, cache = false): ChatOpenAI {
  const configuration = { baseURL: provider.upstream.baseUrl }
  return new ChatOpenAI({ model, apiKey: 'sk-test', configuration, maxRetries: 0, cache })
}

function routed(fields: Partial<RoutedChatModelFields> = {}, ids = MODELS): RoutedChatModel {
  const models = Object.fromEntries(ids.map((id) => [id, openai(id)]))
  return new RoutedChatModel({ router: provider.router, models, ...fields })
}

const bodies = () => provider.upstream.entries.map(({ request: { body } }) => ({ ...body, model: 'any' }))

const OPTIONS = {
  stop: ['END'],
  seed: 7,
  parallel_tool_calls: false,
  response_format: { type: 'json_object' as const },
  tools: [FORMAT],
  tool_choice: 'look',
}

describe('a routed chat model of LangChain', () => {
  it.each(['invoke', 'stream', 'withConfig', 'bindTools'] as const)(
    'asks its models for all that it is asked for by %s',
    async (way) => {
      for (const chat of [openai('sim-small'), routed()]) {
        const { tools, ...more } = OPTIONS
        const asked = chat as RoutedChatModel
        if (way === 'invoke') await asked.invoke('Hello', OPTIONS)
        if (way === 'withConfig') await asked.withConfig(OPTIONS).invoke('Hello')
        if (way === 'bindTools') await asked.bindTools(tools).invoke('Hello', more)
        if (way === 'stream') for await (const _ of await asked.stream('Hello', OPTIONS));
      }
      const [alone, own] = bodies()
      expect(alone).toMatchObject({ seed: 7, stop: ['END'], tools: [{ type: 'function' }] })
      expect(own).toEqual(alone)
    },
  )

  it('asks none that cannot take what an option asks for, and keeps the steps of tools of an option with one model', async () => {
    const chat = routed({ capabilities: { 'sim-small': [] } })
    const schema = { name: 'x', schema: { type: 'object', properties: {} } }
    for (let i = 0; i < 4; i++) {
      await chat.invoke('Hello', { tools: [FORMAT] })
      await chat.invoke('Hello', { response_format: { type: 'json_schema', json_schema: schema } })
    }
    expect(new Set(provider.upstream.entries.map(({ request }) => request.model))).toEqual(
      new Set(['sim-large']),
    )
    provider.plan = () => ({ toolCalls: 1 })
    const first = await routed().invoke('Hello', { tools: [FORMAT] })
    const said = [first, { role: 'tool', content: 'seen', tool_call_id: first.tool_calls?.[0].id ?? '' }]
    for (let i = 0; i < 4; i++)
      expect(runOf(await routed().invoke(said, { tools: [FORMAT] }))?.decision.model).toBe(
        runOf(first)?.decision.model,
      )
  })

  it('takes from a cache what it itself was asked for, of the same models and with the same tools', async () => {
    const chat = routed({ cache: true })
    const prompt = crypto.randomUUID()
    const ways = [
      () => chat.invoke(prompt),
      () => chat.bindTools([LOOK]).invoke(prompt),
      () => chat.bindTools([FORMAT]).invoke(prompt),
      () => chat.bindTools([LOOK], { tool_choice: 'look' }).invoke(prompt),
      () => chat.invoke(prompt, { stop: ['END'] }),
      () => routed({ cache: true }, ['sim-small']).invoke(prompt),
    ]
    for (const [i, way] of ways.entries()) {
      await way()
      const again = await way()
      expect(bodies()).toHaveLength(i + 1)
      expect(runOf(again)).not.toBeNull()
    }
    expect(await provider.bookedUsd()).toBeCloseTo(provider.upstream.costUsd(), 9)
  })

  it.each([false, true])('tells callbacks what was used (streamed: %s)', async (isStreamed) => {
    const told: LLMResult[] = []
    const callbacks = [{ handleLLMEnd: (result: LLMResult) => void told.push(result) }]
    for (const chat of [openai('sim-small'), routed({}, ['sim-small'])]) {
      if (isStreamed) for await (const _ of await chat.stream('Hello', { callbacks }));
      else await chat.invoke('Hello', { callbacks })
    }
    const [alone, own] = told.map(({ llmOutput }) => llmOutput?.tokenUsage)
    expect(alone.totalTokens).toBeGreaterThan(0)
    expect(own).toEqual(alone)
  })

  it('adds up what several prompts used', async () => {
    const asked = [['Hello'], ['Good morning']]
    const alone = await openai('sim-small').generate(asked)
    const own = await routed({}, ['sim-small']).generate(asked)
    expect(alone.llmOutput?.tokenUsage.totalTokens).toBeGreaterThan(0)
    expect(own.llmOutput).toEqual(alone.llmOutput)
  })

  it('streams nothing where it is told not to', async () => {
    let pieces = 0
    for await (const _ of await routed({ disableStreaming: true }).stream('Hello')) pieces++
    expect(pieces).toBe(1)
    expect(bodies()[0]).not.toMatchObject({ stream: true })
  })

  it('is called by its name', () => {
    expect(routed().getName()).toBe('RoutedChatModel')
    expect(class Renamed extends RoutedChatModel {}.lc_name()).toBe('RoutedChatModel')
  })
})
