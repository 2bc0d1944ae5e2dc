import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { ChatOpenAI } from '@langchain/openai'
import { generateText, streamText } from 'ai'
import OpenAI from 'openai'
import { describe, expect, it, vi } from 'vitest'
import { routed as routedModel } from '../../src/adapters/ai-sdk/index.js'
import { RoutedChatModel } from '../../src/adapters/langchain/index.js'
import { routed as routedClient } from '../../src/adapters/openai/index.js'
import { Provider } from './provider.js'

const MODELS = ['sim-small', 'sim-large']
const provider = new Provider(MODELS)

type Ask = (prompt: string, signal?: AbortSignal, heard?: (text: string) => void) => Promise<unknown>

/** Clients as their users make them. LangChain's models retry by themselves, so they are told not to, as USAGE.md does. */
const client = () =>
  routedClient(new OpenAI({ apiKey: 'k', baseURL: provider.upstream.baseUrl }), provider.router)
const model = () => {
  const sdk = createOpenAICompatible({ name: 'x', baseURL: provider.upstream.baseUrl, includeUsage: true })
  return routedModel(provider.router, { models: Object.fromEntries(MODELS.map((id) => [id, sdk(id)])) })
}
const chat = () => {
  const configuration = { baseURL: provider.upstream.baseUrl }
  const models = MODELS.map((id) => [
    id,
    new ChatOpenAI({ model: id, apiKey: 'k', configuration, maxRetries: 0 }),
  ])
  return new RoutedChatModel({ router: provider.router, models: Object.fromEntries(models) })
}

const CALLS: Readonly<Record<string, Ask>> = {
  openai: (content, signal) =>
    client().chat.completions.create({ model: 'auto', messages: [{ role: 'user', content }] }, { signal }),
  'responses of openai': (input, signal) => client().responses.create({ model: 'auto', input }, { signal }),
  'the AI SDK': (prompt, abortSignal) =>
    generateText({ model: model(), prompt, ...(abortSignal && { abortSignal }) }),
  LangChain: (prompt, signal) => chat().invoke(prompt, { ...(signal && { signal }) }),
}

const STREAMS: Readonly<Record<string, Ask>> = {
  openai: async (content, signal, heard) => {
    const messages = [{ role: 'user' as const, content }]
    const stream = await client().chat.completions.create(
      { model: 'auto', messages, stream: true },
      { signal },
    )
    for await (const { choices } of stream) heard?.(choices[0]?.delta.content ?? '')
  },
  'responses of openai': async (input, signal, heard) => {
    const stream = await client().responses.create({ model: 'auto', input, stream: true }, { signal })
    for await (const event of stream) if (event.type === 'response.output_text.delta') heard?.(event.delta)
  },
  'the AI SDK': async (prompt, abortSignal, heard) => {
    const { fullStream } = streamText({
      model: model(),
      prompt,
      ...(abortSignal && { abortSignal }),
      onError: () => {},
    })
    for await (const part of fullStream) {
      if (part.type === 'text-delta') heard?.(part.text)
      if (part.type === 'error') throw part.error
      if (part.type === 'abort') throw new Error('aborted')
    }
  },
  LangChain: async (prompt, signal, heard) => {
    for await (const { text } of await chat().stream(prompt, { ...(signal && { signal }) })) heard?.(text)
  },
}

async function settled(): Promise<void> {
  await provider.upstream.idle()
  await vi.waitFor(() => expect(provider.router.stats().pending.unsettled).toBe(0))
}

const asked = () => provider.upstream.entries.map(({ request }) => request.model)

describe.each(Object.entries(CALLS))('a call of %s', (_, ask) => {
  it('whose signal was aborted before sends nothing, costs nothing, and blames no model', async () => {
    await expect(ask('Hello', AbortSignal.abort())).rejects.toThrow(/abort/i)
    await settled()
    expect(asked()).toEqual([])
    expect(provider.sum('failed')).toBe(0)
    expect(provider.router.stats().pacer.spendUsd).toBe(0)
  })

  it('that all models fail asks each once', async () => {
    provider.plan = () => ({ fault: { kind: 'status', status: 500 } })
    await expect(ask('Hello')).rejects.toThrow()
    await settled()
    expect(asked().sort()).toEqual([...MODELS].sort())
  })

  it('that its provider calls a mistake is told so', async () => {
    provider.plan = () => ({ fault: { kind: 'status', status: 400, message: 'no such parameter' } })
    await expect(ask('Hello')).rejects.toThrow(/no such parameter/)
    await settled()
    expect(provider.router.stats().pacer.spendUsd).toBe(0)
  })

  it('whose answer tells no usage is booked as it was expected', async () => {
    provider.plan = () => ({ usage: { place: 'missing' } })
    await ask('Hello')
    await settled()
    expect(provider.router.stats().pacer.spendUsd).toBeGreaterThan(0)
    expect(provider.sum('failed')).toBe(0)
  })

  it('runs beside 40 others, and all are booked to the cent', async () => {
    await Promise.all(Array.from({ length: 40 }, (_, i) => ask(`Question ${i}`)))
    await settled()
    expect(provider.router.stats().pacer.spendUsd).toBeCloseTo(provider.upstream.costUsd(), 9)
    expect(asked()).toHaveLength(40)
  })
})

describe.each(Object.entries(STREAMS))('a stream of %s', (way, ask) => {
  it('whose signal was aborted before sends nothing, costs nothing, and blames no model', async () => {
    await expect(ask('Hello', AbortSignal.abort())).rejects.toThrow(/abort/i)
    await settled()
    expect(asked()).toEqual([])
    expect(provider.sum('failed')).toBe(0)
  })

  it('that is aborted after its first words is cancelled, and what may be billed is booked', async () => {
    provider.plan = () => ({ fault: { kind: 'stall', afterPieces: 2 } })
    const abort = new AbortController()
    const heard = (text: string) => text !== '' && setTimeout(() => abort.abort(), 5)
    await ask('Hello', abort.signal, heard).catch((error) => expect(String(error)).toMatch(/abort/i))
    await settled()
    expect(provider.sum('cancelled')).toBe(1)
    expect(provider.sum('failed')).toBe(0)
    expect(asked()).toHaveLength(1)
    expect(provider.router.stats().pacer.spendUsd).toBeCloseTo(provider.expectedUsd(), 9)
  })

  it('that is aborted before its first words blames no model, and no other is asked', async () => {
    provider.plan = () => ({ fault: { kind: 'stall', afterPieces: 0 } })
    const abort = new AbortController()
    provider.upstream.until(() => true).then(() => setTimeout(() => abort.abort(), 20))
    await ask('Hello', abort.signal).catch((error) => expect(String(error)).toMatch(/abort/i))
    await settled()
    expect([provider.sum('cancelled'), provider.sum('failed'), asked().length]).toEqual([1, 0, 1])
    expect(provider.router.stats().pacer.spendUsd).toBeCloseTo(provider.expectedUsd(), 9)
  })

  // The AI SDK copies its streams, and does not tell that one copy is read no more: leaving it takes its `abortSignal`.
  it.skipIf(way === 'the AI SDK')(
    'whose reader leaves after the first words is cancelled, and blames no model',
    async () => {
      provider.plan = () => ({ fault: { kind: 'stall', afterPieces: 3 } })
      const heard = (text: string) => {
        if (text !== '') throw new Error('enough')
      }
      await expect(ask('Hello', undefined, heard)).rejects.toThrow('enough')
      await settled()
      expect([provider.sum('cancelled'), provider.sum('failed'), asked().length]).toEqual([1, 0, 1])
      expect(provider.router.stats().pacer.spendUsd).toBeCloseTo(provider.expectedUsd(), 9)
    },
  )

  it('that breaks before its first words goes on with the next model', async () => {
    provider.plan = (name) => (name === 'sim-small' ? { fault: { kind: 'reset', afterPieces: 0 } } : {})
    let text = ''
    for (let i = 0; i < 6; i++)
      await ask(`Hello ${i}`, undefined, (more) => {
        text += more
      })
    await settled()
    expect(text).not.toBe('')
    expect(asked().filter((name) => name === 'sim-large')).toHaveLength(6)
  })

  it('that breaks after its first words tells its reader, and asks nobody else', async () => {
    provider.plan = () => ({ fault: { kind: 'reset', afterPieces: 2 } })
    const heard = vi.fn()
    await expect(ask('Hello', undefined, heard)).rejects.toThrow()
    await settled()
    expect(heard).toHaveBeenCalled()
    expect(asked()).toHaveLength(1)
    expect(provider.sum('failed')).toBe(1)
    expect(provider.router.stats().pacer.spendUsd).toBeCloseTo(provider.expectedUsd(), 9)
  })

  it('that ends without its last event is not taken for a whole one for nothing', async () => {
    provider.plan = () => ({ fault: { kind: 'cut', afterPieces: 'all' } })
    await ask('Hello').catch(() => {})
    await settled()
    expect(asked()).toHaveLength(1)
    expect(provider.router.stats().pacer.spendUsd).toBeGreaterThan(0)
  })

  it('that tells no usage is booked as it was expected', async () => {
    provider.plan = () => ({ usage: { place: 'missing' } })
    await ask('Hello')
    await settled()
    expect(provider.router.stats().pacer.spendUsd).toBeGreaterThan(0)
  })

  it('runs beside 40 others, and all are booked to the cent', async () => {
    await Promise.all(Array.from({ length: 40 }, (_, i) => ask(`Question ${i}`)))
    await settled()
    expect(provider.router.stats().pacer.spendUsd).toBeCloseTo(provider.upstream.costUsd(), 9)
  })
})
