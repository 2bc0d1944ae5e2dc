import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { type RoutedOptions, routed, runOf } from '../../src/adapters/openai/index.js'
import { startUpstream } from '../../src/gateway/node/simulated/upstream.js'
import { createRewards } from '../../src/rewards/index.js'
import { Provider } from './provider.js'

const MODELS = ['sim-small', 'sim-middle', 'sim-large']
const MESSAGES = [{ role: 'user' as const, content: 'What is a contextual bandit?' }]
const ASK = { model: 'auto', messages: MESSAGES }

const provider = new Provider(MODELS)

function clientOf(options: RoutedOptions = {}, maxRetries = 5): OpenAI {
  return routed(
    new OpenAI({ apiKey: 'sk-test', baseURL: provider.upstream.baseUrl, maxRetries }),
    provider.router,
    options,
  )
}

describe('a routed client of openai', () => {
  it('sends what is for auto to the model that was chosen, and books it to the cent', async () => {
    const client = clientOf()
    const answer = await client.chat.completions.create(ASK)
    const run = runOf(answer)
    expect(MODELS).toContain(answer.model)
    expect(run?.decision.model).toBe(answer.model)
    expect(answer.choices[0].message.content).not.toBe('')
    const response = await client.responses.create({
      model: 'auto',
      instructions: 'Be short.',
      input: 'Hello',
    })
    expect(runOf(response)?.decision.model).toBe(response.model)
    expect(await provider.bookedUsd()).toBeCloseTo(provider.upstream.costUsd(), 9)
    await run?.reward(0.8).durable
    expect(provider.sum('rewarded')).toBe(1)
  })

  it('streams, and shows a usage only to those who asked for it', async () => {
    const client = clientOf()
    for (const wants of [false, true]) {
      const more = wants ? { stream_options: { include_usage: true } } : {}
      const stream = await client.chat.completions.create({ ...ASK, stream: true, ...more })
      let text = ''
      let usages = 0
      for await (const { choices, usage } of stream) {
        text += choices[0]?.delta.content ?? ''
        if (usage != null) usages++
      }
      expect(text).not.toBe('')
      expect(usages).toBe(wants ? 1 : 0)
      expect(runOf(stream)?.decisions).toHaveLength(1)
    }
    const events: string[] = []
    for await (const { type } of await client.responses.create({
      model: 'auto',
      input: 'Hello',
      stream: true,
    }))
      events.push(type)
    expect(events.at(-1)).toBe('response.completed')
    expect(await provider.bookedUsd()).toBeCloseTo(provider.upstream.costUsd(), 9)
  })

  it('is read by tee and toReadableStream as by a loop, and shows no usage there either', async () => {
    const client = clientOf()
    const stream = () => client.chat.completions.create({ ...ASK, stream: true })
    const texts: string[] = []
    const [left, right] = (await stream()).tee()
    for (const branch of [left, right]) {
      let text = ''
      for await (const { choices, usage } of branch) {
        expect(usage ?? null).toBeNull()
        text += choices[0]?.delta.content ?? ''
      }
      texts.push(text)
    }
    expect(texts[0]).not.toBe('')
    expect(texts[1]).toBe(texts[0])
    const body = await new Response((await stream()).toReadableStream()).text()
    expect(body.trim().split('\n').length).toBeGreaterThan(1)
    expect(body).not.toContain('"prompt_tokens"')
    expect(await provider.bookedUsd()).toBeCloseTo(provider.upstream.costUsd(), 9)
    await (await stream()).toReadableStream().cancel()
    await provider.bookedUsd()
    expect(provider.sum('cancelled')).toBe(1)
  })

  it('is cancelled by whoever breaks it off by its controller, as OpenAI says to, and checked by no validator', async () => {
    const rewards = createRewards(provider.router)
    const client = clientOf({ rewards })
    const stream = await client.chat.completions.create({ ...ASK, stream: true })
    for await (const _ of stream) stream.controller.abort()
    expect(provider.sum('cancelled')).toBe(1)
    expect(provider.sum('failed')).toBe(0)
    expect(rewards.stats().answers).toBe(0)
    await rewards.close()
  })

  it('leaves all else to the client', async () => {
    const client = clientOf({ auto: 'router' })
    const named = await client.chat.completions.create({ ...ASK, model: 'sim-middle' })
    expect(named.model).toBe('sim-middle')
    expect(runOf(named)).toBeUndefined()
    expect((await client.models.list()).data.length).toBeGreaterThan(0)
    expect(client.baseURL).toBe(provider.upstream.baseUrl)
    expect(provider.router.stats().requests).toBe(0)
    await expect(client.chat.completions.create(ASK)).rejects.toMatchObject({ status: 404 })
  })

  it('asks the next model where one fails, and the client’s own retries do not multiply', async () => {
    provider.plan = (model) => (model === 'sim-small' ? { fault: { kind: 'status', status: 500 } } : {})
    const client = clientOf({ run: { candidates: ['sim-large', 'sim-small'] } })
    for (let i = 0; i < 20; i++) {
      const { model } = await client.chat.completions.create(ASK)
      expect(model).toBe('sim-large')
    }
    const tries = provider.upstream.entries.length
    expect(tries).toBeGreaterThan(20)
    expect(tries).toBeLessThanOrEqual(40)
    expect(provider.router.stats().requests).toBe(tries)
    expect(await provider.bookedUsd()).toBeCloseTo(provider.upstream.costUsd(), 9)
  })

  it('is broken off by its signal', async () => {
    provider.plan = () => ({ delays: { firstTokenMs: 5000 } })
    const abort = new AbortController()
    const work = clientOf().chat.completions.create(ASK, { signal: abort.signal })
    setTimeout(() => abort.abort(), 30)
    await expect(work).rejects.toThrow(/abort/i)
    expect(provider.sum('cancelled')).toBe(1)
  })

  it('keeps the steps of a session with one model, under the names of its provider', async () => {
    const names = { one: 'sim-small', two: 'sim-middle' }
    await provider.rename(names)
    const client = clientOf({ names })
    const metadata = { session_id: 'loop' }
    const seen = new Set<string>()
    for (let i = 0; i < 8; i++) seen.add((await client.chat.completions.create({ ...ASK, metadata })).model)
    expect(seen.size).toBe(1)
    expect(['sim-small', 'sim-middle']).toContain([...seen][0])
  })

  it('calls the client of the model', async () => {
    const other = await startUpstream()
    const elsewhere = new OpenAI({ apiKey: 'sk-other', baseURL: other.baseUrl })
    const client = clientOf({ clients: { 'sim-large': elsewhere }, run: { candidates: ['sim-large'] } })
    await client.chat.completions.create(ASK)
    expect([provider.upstream.entries.length, other.entries.length]).toEqual([0, 1])
    await other.close()
  })
})
