import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RunOptions } from '../../src/index.js'
import { Provider } from './provider.js'

const provider = new Provider(['sim-small', 'sim-large'])
const MESSAGES = [{ role: 'user' as const, content: 'Hi' }]

interface Helper extends AsyncIterable<unknown> {
  readonly controller: AbortController
  /** Not of responses. */
  toReadableStream?(): ReadableStream
}

const ends = { chat: 'finalChatCompletion', responses: 'finalResponse', messages: 'finalMessage' } as const
type Kind = keyof typeof ends

function ask(kind: Kind, model: string): Helper {
  const options = { apiKey: 'none', maxRetries: 0 } as const
  const openai = new OpenAI({ ...options, baseURL: `${provider.upstream.origin}/v1` })
  if (kind === 'chat')
    return openai.chat.completions.stream({
      model,
      messages: MESSAGES,
      stream_options: { include_usage: true },
    })
  if (kind === 'responses') return openai.responses.stream({ model, input: 'Hi' })
  const anthropic = new Anthropic({ ...options, baseURL: provider.upstream.origin })
  return anthropic.messages.stream({ model, max_tokens: 1e5, messages: MESSAGES })
}

const run = (kind: Kind, options: RunOptions = {}) =>
  provider.router.run('Hi', options, ({ model }) => ask(kind, model))
const final = (kind: Kind, answer: Helper): Promise<object> => {
  const method: unknown = Reflect.get(answer, ends[kind])
  return (method as () => Promise<object>)()
}
async function count(events: AsyncIterable<unknown>): Promise<number> {
  let sum = 0
  for await (const _ of events) sum++
  return sum
}

const unhandled: unknown[] = []
const note = (reason: unknown) => void unhandled.push(reason)
beforeEach(() => void process.on('unhandledRejection', note))
afterEach(() => {
  process.off('unhandledRejection', note)
  expect(unhandled.splice(0)).toEqual([])
})

describe.each(Object.keys(ends) as Kind[])('a helper that streams (%s), given by run', (kind) => {
  const expectBooked = async () => {
    // The end of the stream is told a turn after that of HTTP.
    await provider.upstream.idle()
    await expect.poll(() => provider.router.stats().pending.unsettled).toBe(0)
    expect(await provider.bookedUsd()).toBeCloseTo(provider.expectedUsd(), 12)
  }

  it('is booked by its usage where the whole answer is waited for, and nobody reads its events', async () => {
    const { answer } = await run(kind)
    expect(await final(kind, answer)).toMatchObject({ usage: expect.anything() })
    await expectBooked()
    expect(provider.sum('cancelled')).toBe(0)
  })

  it('is booked where nobody asks for anything any more', async () => {
    await run(kind)
    await expectBooked()
    expect(provider.sum('cancelled')).toBe(0)
  })

  it('is booked where its events are read, the first of them too, and however they are read', async () => {
    const events = await count((await run(kind)).answer)
    expect(events).toBeGreaterThan(3)
    provider.plan = () => ({ text: 'The same again.' })
    const looped = await count((await run(kind)).answer)
    const { answer } = await run(kind)
    const lines = answer.toReadableStream?.()
    if (lines !== undefined)
      expect((await new Response(lines).text()).trim().split('\n')).toHaveLength(looped)
    const whole = (await run(kind)).answer
    expect(await count(whole)).toBe(looped)
    await final(kind, whole)
    await expectBooked()
  })

  it('goes on for as long as the answer is, though nobody reads its events', async () => {
    provider.plan = () => ({ text: 'words '.repeat(6000) })
    const { answer } = await run(kind)
    await final(kind, answer)
    await expectBooked()
    expect(provider.sum('cancelled')).toBe(0)
  })

  it('is cancelled where its reader leaves, its controller or a signal breaks it off', async () => {
    provider.plan = () => ({ fault: { kind: 'stall', afterPieces: 2 } })
    for await (const _ of (await run(kind)).answer) break
    ;(await run(kind)).answer.controller.abort()
    const abort = new AbortController()
    const { answer } = await run(kind, { signal: abort.signal })
    const read = count(answer)
    abort.abort()
    await expect(read).rejects.toBe(abort.signal.reason)
    await expectBooked()
    expect(provider.sum('cancelled')).toBe(3)
  })

  it('has failed where it breaks off in the middle, and its reader is told', async () => {
    provider.plan = () => ({ fault: { kind: 'reset', afterPieces: 2 } })
    await expect(count((await run(kind)).answer)).rejects.toThrow()
    await expect(final(kind, (await run(kind)).answer)).rejects.toThrow()
    await expectBooked()
    expect(provider.sum('failed')).toBe(2)
  })

  it('is that of another model where the first one fails', async () => {
    let first = ''
    provider.plan = (model) => {
      first ||= model
      return model === first ? { fault: { kind: 'status', status: 503 } } : {}
    }
    const { answer, decisions } = await run(kind)
    expect(decisions).toHaveLength(2)
    await final(kind, answer)
    await expectBooked()
  })
})
