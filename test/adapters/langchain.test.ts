import { AIMessage, type AIMessageChunk, HumanMessage, ToolMessage } from '@langchain/core/messages'
import { tool } from '@langchain/core/tools'
import { ChatOpenAI } from '@langchain/openai'
import { describe, expect, it } from 'vitest'
import { RoutedChatModel, reward, runOf } from '../../src/adapters/langchain/index.js'
import type { RunOptions } from '../../src/index.js'
import { expectCode } from '../support/errors.js'
import { Provider } from './provider.js'

const MODELS = ['sim-small', 'sim-large']
const LOOK = tool(async () => 'seen', {
  name: 'look',
  description: 'Looks around.',
  schema: { type: 'object', properties: {} },
})

const provider = new Provider(MODELS)

function modelOf(run: RunOptions = {}): RoutedChatModel {
  const configuration = { baseURL: provider.upstream.baseUrl }
  const models = Object.fromEntries(
    MODELS.map((model) => [
      model,
      new ChatOpenAI({ model, apiKey: 'sk-test', configuration, maxRetries: 0 }),
    ]),
  )
  return new RoutedChatModel({ router: provider.router, models, run })
}

describe('a routed chat model of LangChain', () => {
  it('answers by the model that was chosen, is booked to the cent, and learns from a reward', async () => {
    const message = await modelOf().invoke('What is a contextual bandit?')
    expect(message.text).not.toBe('')
    const run = runOf(message)
    expect(MODELS).toContain(run?.decision.model)
    expect(provider.upstream.entries.map(({ request }) => request.model)).toEqual([run?.decision.model])
    expect(await provider.bookedUsd()).toBeCloseTo(provider.upstream.costUsd(), 9)
    await reward(message, 0.75)
    expect(provider.sum('rewarded')).toBe(1)
    await expect(reward(new AIMessage('mine'), 1)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      field: 'answer',
    })
  })

  it('streams', async () => {
    let whole: AIMessageChunk | undefined
    for await (const chunk of await modelOf().stream('Hello')) whole = whole?.concat(chunk) ?? chunk
    if (whole === undefined) throw new Error('no answer')
    expect(whole.text).not.toBe('')
    expect(MODELS).toContain(runOf(whole)?.decision.model)
    await reward(whole, 1)
    expect(provider.sum('rewarded')).toBe(1)
    expect(await provider.bookedUsd()).toBeCloseTo(provider.upstream.costUsd(), 9)
    expect(provider.upstream.costUsd()).toBeGreaterThan(0)
  })

  it('learns from a reward of any piece of a stream', async () => {
    const pieces: AIMessageChunk[] = []
    for await (const piece of await modelOf().stream('Hello')) pieces.push(piece)
    const runs = new Set(pieces.map((piece) => runOf(piece)))
    expect(pieces.length).toBeGreaterThan(2)
    expect(runs.size).toBe(1)
    expect(runs.has(null)).toBe(false)
    await reward(pieces[pieces.length - 1], 0.5)
    expect(provider.sum('rewarded')).toBe(1)
  })

  it('stays with one model in a tool loop, and its reward reaches all steps', async () => {
    const model = modelOf().bindTools([LOOK], { tool_choice: 'required' })
    const messages: (HumanMessage | AIMessage | ToolMessage)[] = [new HumanMessage('Look around')]
    for (let step = 0; step < 4; step++) {
      const answer = await model.invoke(messages)
      messages.push(answer)
      expect(answer.tool_calls).toHaveLength(1)
      for (const call of answer.tool_calls ?? [])
        messages.push(new ToolMessage({ content: 'seen', tool_call_id: call.id ?? '' }))
    }
    expect(new Set(provider.upstream.entries.map(({ request }) => request.model)).size).toBe(1)
    const last = messages.at(-2)
    if (last === undefined) throw new Error('no answer')
    await reward(last, 0.5)
    expect(provider.sum('rewarded')).toBe(4)
    expect(await provider.bookedUsd()).toBeCloseTo(provider.upstream.costUsd(), 9)
  })

  it('gives objects that have a schema, as LangChain does it: by a tool that the model calls', async () => {
    provider.plan = () => ({ toolCalls: 1 })
    const schema = { type: 'object', properties: { answer: { type: 'string' } }, required: ['answer'] }
    const model = modelOf().withStructuredOutput<{ answer: string }>(schema, { name: 'reply' })
    expect(typeof (await model.invoke('The answer?')).answer).toBe('string')
    expect(await provider.bookedUsd()).toBeCloseTo(provider.upstream.costUsd(), 9)
  })

  it('asks the next model where one fails, and tells what went wrong with all', async () => {
    provider.plan = (model) => (model === 'sim-small' ? { fault: { kind: 'status', status: 500 } } : {})
    for (let i = 0; i < 3; i++) {
      const message = await modelOf().invoke('Hello')
      expect(runOf(message)?.decision.model).toBe('sim-large')
    }
    provider.plan = () => ({ fault: { kind: 'status', status: 500 } })
    await expect(modelOf().invoke('Hello')).rejects.toMatchObject({ status: 500 })
    expect(await provider.bookedUsd()).toBeCloseTo(provider.upstream.costUsd(), 9)
  })

  it('is cancelled by its signal', async () => {
    provider.plan = () => ({ delays: { firstTokenMs: 5000 } })
    const abort = new AbortController()
    setTimeout(() => abort.abort(), 30)
    await expect(modelOf().invoke('Hello', { signal: abort.signal })).rejects.toThrow(/abort/i)
    await expect.poll(() => provider.router.stats().pending.unsettled).toBe(0)
    expect(provider.sum('cancelled')).toBe(1)
  })

  it('binds tools to models that take them alone', () => {
    const model = new RoutedChatModel({
      router: provider.router,
      models: { 'sim-small': modelOf().withConfig({}) as never },
    })
    expectCode(() => model.bindTools([LOOK]), 'INVALID_ARGUMENT', /^models\[/)
  })
})
