import OpenAI from 'openai'
import { zodResponseFormat } from 'openai/helpers/zod'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { routed, runOf } from '../../src/adapters/openai/index.js'
import type { PartialPlan } from '../../src/gateway/node/simulated/plan.js'
import { createRewards } from '../../src/rewards/index.js'
import { Provider } from './provider.js'

const MODELS = ['sim-small', 'sim-large']
const messages = [{ role: 'user' as const, content: 'hi' }]
const provider = new Provider(MODELS)

function clientOf(): OpenAI {
  const options = { apiKey: 'k', baseURL: provider.upstream.baseUrl, maxRetries: 0 }
  return routed(new OpenAI(options), provider.router)
}

async function read(stream: AsyncIterable<unknown>): Promise<object> {
  let count = 0
  for await (const _ of stream) count++
  expect(count).toBeGreaterThan(1)
  return stream
}

const chat = () => clientOf().chat.completions.create({ model: 'auto', messages })
const chatStream = async () =>
  read(await clientOf().chat.completions.create({ model: 'auto', messages, stream: true }))
const parse = () =>
  clientOf().chat.completions.parse({
    model: 'auto',
    messages,
    response_format: zodResponseFormat(z.object({ a: z.string() }), 'x'),
  })
const respond = () => clientOf().responses.create({ model: 'auto', input: 'hi' })
const respondStream = async () =>
  read(await clientOf().responses.create({ model: 'auto', input: 'hi', stream: true }))

const ERROR: PartialPlan = { fault: { kind: 'error-event', afterPieces: 0, message: 'overloaded' } }
const FAILED: PartialPlan = { fault: { kind: 'error-event', form: 'failed', afterPieces: 0 } }
const PAGE: PartialPlan = { fault: { kind: 'content-type', contentType: 'text/html' } }

const CASES: readonly (readonly [string, () => Promise<object>, PartialPlan])[] = [
  ['an error in place of a chat', chat, ERROR],
  ['a page in place of a chat', chat, PAGE],
  ['a page in place of what is parsed', parse, PAGE],
  ['an error in place of what is parsed', parse, ERROR],
  ['a page in place of a stream', chatStream, PAGE],
  ['an error of a stream after the role', chatStream, ERROR],
  ['an error in place of a response', respond, ERROR],
  ['a page in place of a response', respond, PAGE],
  ['a page in place of a stream of a response', respondStream, PAGE],
  ['an error of a stream of a response', respondStream, ERROR],
  ['a stream of a response that fails before any text', respondStream, FAILED],
]

describe.each(CASES)('%s, of status 200', (_, ask, plan) => {
  it('is a failure of its model, at no cost, and another is asked', async () => {
    let calls = 0
    provider.plan = () => (calls++ === 0 ? plan : {})
    const answer = await ask()
    const [first, second] = provider.upstream.entries.map(({ request }) => request.model)
    expect(runOf(answer)?.decisions.map(({ model }) => model)).toEqual([first, second])
    expect(first).not.toBe(second)
    expect(provider.sum('failed')).toBe(1)
    expect(await provider.bookedUsd()).toBeCloseTo(provider.upstream.entries[1].costUsd, 12)
  })

  it('is an error of the client where no model is left', async () => {
    provider.plan = () => plan
    const error = await Promise.resolve(ask()).then(
      () => null,
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(OpenAI.InternalServerError)
    expect(error).toMatchObject({ status: 502 })
    expect(String(error)).toMatch(/overloaded|busy|expected an answer of a model, got/i)
    expect(provider.upstream.entries).toHaveLength(2)
    expect(provider.sum('failed')).toBe(2)
    expect(await provider.bookedUsd()).toBe(0)
  })
})

it('an error after the first words of a stream is told to whoever reads it, and nobody else is asked', async () => {
  provider.plan = () => ({ fault: { kind: 'error-event', afterPieces: 2, message: 'overloaded' } })
  await expect(chatStream()).rejects.toThrow('overloaded')
  expect(provider.upstream.entries).toHaveLength(1)
  expect(provider.sum('failed')).toBe(1)
})

it.each<[what: string, plan: PartialPlan]>([
  ['fails', { fault: { kind: 'error-event', form: 'failed', afterPieces: 2 } }],
  ['has an error event', { fault: { kind: 'error-event', afterPieces: 2 } }],
])(
  'a stream of a response that %s after its first words is a failure of its model, and not judged',
  async (_, plan) => {
    provider.plan = () => plan
    const judged: string[] = []
    const ask = ({ user }: { readonly user: string }) => {
      judged.push(user)
      return '{"score": 7}'
    }
    const cap = { usd: 1, per: 'day', usdPerGrade: 0.01 } as const
    const rewards = createRewards(provider.router, { windowMs: 0, judge: { ask, share: 1, cap } })
    const own = new OpenAI({ apiKey: 'k', baseURL: provider.upstream.baseUrl, maxRetries: 0 })
    const { responses } = routed(own, provider.router, { rewards })
    const asked = { model: 'auto', stream: true } as const
    const stream = await responses.create({ ...asked, input: 'It breaks off.' })
    await read(stream).catch((error: unknown) => expect(error).toBeInstanceOf(OpenAI.APIError))
    expect(provider.sum('failed')).toBe(1)
    expect(await provider.bookedUsd()).toBeGreaterThan(0)
    provider.plan = () => ({})
    await read(await responses.create({ ...asked, input: 'It ends.' }))
    await expect.poll(() => judged.length).toBe(1)
    expect(judged[0]).toContain('It ends.')
  },
)

it('a client without errors of its own gets one with the status', async () => {
  const create = async () => ({ error: { message: 'overloaded' } })
  const client = routed({ chat: { completions: { create } } }, provider.router)
  const ask = client.chat.completions.create as (body: object) => Promise<unknown>
  await expect(ask({ model: 'auto', messages })).rejects.toMatchObject({ message: 'overloaded', status: 502 })
  expect(provider.sum('failed')).toBe(2)
})

it('an error that says that it is its object, of status 200, is a failure of its model', async () => {
  const said = { object: 'error', message: 'no room', type: 'server_error', code: 500 }
  const client = new OpenAI({ apiKey: 'k', maxRetries: 0, fetch: async () => Response.json(said) })
  const asked = routed(client, provider.router).chat.completions.create({ model: 'auto', messages })
  await expect(asked).rejects.toBeInstanceOf(OpenAI.InternalServerError)
  await expect(asked).rejects.toThrow(/no room/)
  expect(provider.sum('failed')).toBe(MODELS.length)
  expect(await provider.bookedUsd()).toBe(0)
})
