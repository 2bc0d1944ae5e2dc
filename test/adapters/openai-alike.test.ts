import OpenAI, { APIUserAbortError, OpenAIError } from 'openai'
import { describe, expect, it, vi } from 'vitest'
import { routed } from '../../src/adapters/openai/index.js'
import { createRewards } from '../../src/rewards/index.js'
import { Provider } from './provider.js'

const MESSAGES = [{ role: 'user' as const, content: 'What is a contextual bandit?' }]
const provider = new Provider(['sim-small', 'sim-large'])
const plain = () => new OpenAI({ apiKey: 'sk-test', baseURL: provider.upstream.baseUrl, maxRetries: 0 })

/** The client as it is, and routed: whoever uses it sees no difference. */
const CLIENTS = {
  alone: () => ({ client: plain(), model: 'sim-small' }),
  routed: () => ({ client: routed(plain(), provider.router), model: 'auto' }),
}

interface Asking {
  readonly client: OpenAI
  readonly model: string
  readonly signal: AbortSignal
}

const CALLS: Readonly<Record<string, (asking: Asking) => Promise<unknown>>> = {
  'chat.completions.create': ({ client, model, signal }) =>
    client.chat.completions.create({ model, messages: MESSAGES }, { signal }),
  'chat.completions.create, with its response': ({ client, model, signal }) =>
    client.chat.completions.create({ model, messages: MESSAGES }, { signal }).withResponse(),
  'chat.completions.parse': ({ client, model, signal }) =>
    client.chat.completions.parse({ model, messages: MESSAGES }, { signal }),
  'chat.completions.stream': ({ client, model, signal }) =>
    client.chat.completions.stream({ model, messages: MESSAGES }, { signal }).finalChatCompletion(),
  'chat.completions.runTools': ({ client, model, signal }) =>
    client.chat.completions.runTools({ model, messages: MESSAGES, tools: [] }, { signal }).finalContent(),
  'responses.create': ({ client, model, signal }) =>
    client.responses.create({ model, input: 'Hello' }, { signal }),
  'responses.parse': ({ client, model, signal }) =>
    client.responses.parse({ model, input: 'Hello' }, { signal }),
  'responses.stream': ({ client, model, signal }) =>
    client.responses.stream({ model, input: 'Hello' }, { signal }).finalResponse(),
}

const STREAMS: Readonly<Record<string, (asking: Asking) => Promise<AsyncIterable<unknown>>>> = {
  'chat.completions': ({ client, model, signal }) =>
    client.chat.completions.create({ model, messages: MESSAGES, stream: true }, { signal }),
  responses: ({ client, model, signal }) =>
    client.responses.create({ model, input: 'Hello', stream: true }, { signal }),
}

const settled = () => expect.poll(() => provider.router.stats().pending.unsettled).toBe(0)

describe.each(Object.entries(CLIENTS))('a client of openai, %s', (name, made) => {
  it.each(Object.entries(CALLS))('%s rejects with its own error when its signal aborts', async (_, call) => {
    provider.plan = () => ({ delays: { firstTokenMs: 5000 } })
    const reasons = [undefined, new Error('enough'), new DOMException('too late', 'TimeoutError'), 'a text']
    for (const reason of reasons) {
      const abort = new AbortController()
      const before = provider.upstream.entries.length
      const arrived = provider.upstream.until(() => provider.upstream.entries.length > before)
      arrived.then(() => abort.abort(reason))
      const work = call({ ...made(), signal: abort.signal })
      await expect(work).rejects.toBeInstanceOf(APIUserAbortError)
    }
    await expect(call({ ...made(), signal: AbortSignal.abort() })).rejects.toBeInstanceOf(APIUserAbortError)
    await settled()
    expect([provider.sum('cancelled'), provider.sum('failed')]).toEqual([name === 'routed' ? 4 : 0, 0])
  })

  it.each(Object.entries(STREAMS))(
    '%s ends a stream whose signal aborts without an error',
    async (_, begin) => {
      provider.plan = () => ({ delays: { betweenTokensMs: 50 } })
      const abort = new AbortController()
      let pieces = 0
      for await (const _piece of await begin({ ...made(), signal: abort.signal }))
        if (++pieces === 6) abort.abort(new Error('enough'))
      expect(pieces).toBe(6)
      await settled()
      expect([provider.sum('cancelled'), provider.sum('failed')]).toEqual([name === 'routed' ? 1 : 0, 0])
    },
  )

  it.each(Object.entries(STREAMS))('%s refuses to read a stream twice', async (_, begin) => {
    const { signal } = new AbortController()
    const whole = await begin({ ...made(), signal })
    for await (const _piece of whole);
    const left = await begin({ ...made(), signal })
    for await (const _piece of left) break
    for (const stream of [whole, left])
      await expect(async () => {
        for await (const _piece of stream);
      }).rejects.toBeInstanceOf(OpenAIError)
    await settled()
  })

  it('tells the id of a request that was parsed', async () => {
    const { client, model } = made()
    const answers = [
      await client.chat.completions.parse({ model, messages: MESSAGES }),
      await client.responses.parse({ model, input: 'Hello' }),
      (await client.chat.completions.parse({ model, messages: MESSAGES }).withResponse()).data,
    ]
    for (const answer of answers) {
      expect(Reflect.get(answer, '_request_id')).toEqual(expect.any(String))
      expect(Object.keys(answer)).not.toContain('_request_id')
    }
  })
})

describe('a routed client of openai', () => {
  it('makes no reward of a stream that its signal ended', async () => {
    provider.plan = () => ({ delays: { betweenTokensMs: 50 } })
    const rewards = createRewards(provider.router)
    const client = routed(plain(), provider.router, { rewards })
    const abort = new AbortController()
    const stream = await client.chat.completions.create(
      { model: 'auto', messages: MESSAGES, stream: true },
      { signal: abort.signal },
    )
    for await (const { choices } of stream) if (choices[0]?.delta.content) abort.abort()
    await settled()
    expect(rewards.stats().answers).toBe(0)
    await rewards.close()
  })

  it('has the reason of the signal beside its error', async () => {
    const reason = new Error('enough')
    const client = routed(plain(), provider.router)
    const asked = client.chat.completions.create(
      { model: 'auto', messages: MESSAGES },
      { signal: AbortSignal.abort(reason) },
    )
    await expect(asked).rejects.toMatchObject({ cause: reason })
  })

  it('that is made otherwise, and has no such error, rejects with the reason', async () => {
    const create = () => new Promise(() => {})
    const client = routed({ chat: { completions: { create } } }, provider.router)
    const call = client.chat.completions.create as (...given: unknown[]) => Promise<unknown>
    const signal = AbortSignal.timeout(10)
    await expect(call({ model: 'auto', messages: MESSAGES }, { signal })).rejects.toMatchObject({
      name: 'TimeoutError',
    })
  })

  it('expects as much as all answers of a request may have', async () => {
    const run = vi.spyOn(provider.router, 'run')
    const client = routed(plain(), provider.router)
    const body = { model: 'auto', messages: MESSAGES, max_completion_tokens: 20 }
    for (const n of [1, null, 3]) await client.chat.completions.create({ ...body, n })
    await client.chat.completions.create({ ...body, max_completion_tokens: null, n: 3 })
    expect(run.mock.calls.map(([, options]) => options?.maxOutputTokens)).toEqual([20, 20, 60, undefined])
    await settled()
    expect(await provider.bookedUsd()).toBeCloseTo(provider.upstream.costUsd(), 9)
  })
})
