import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeBench, X } from '../support/router.js'

const MODELS = [{ id: 'small', inputUsdPerMTok: 1, outputUsdPerMTok: 10 }]
const SIZE = { inputTokens: 1000, expectedOutputTokens: 100 } as const

/** 1,000 tokens in and 100 out: $0.002. */
const ANTHROPIC = [
  {
    type: 'message_start',
    message: {
      id: 'm',
      type: 'message',
      role: 'assistant',
      content: [],
      model: 'x',
      stop_reason: null,
      usage: { input_tokens: 1000, output_tokens: 1 },
    },
  },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'hi' } },
  { type: 'content_block_stop', index: 0 },
  { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 100 } },
  { type: 'message_stop' },
] as const
const chunk = (more: object) => ({
  id: 'c',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'x',
  ...more,
})
const OPENAI = [
  chunk({ choices: [{ index: 0, delta: { role: 'assistant', content: 'hi' }, finish_reason: null }] }),
  chunk({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
  chunk({ choices: [], usage: { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 } }),
] as const

let server: Server
let baseURL = ''
/** The provider breaks the next answer off after its first event. */
let isBreaking = false
/** The provider goes silent after the first event of the next answer. */
let isSilent = false

beforeAll(async () => {
  server = createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const isAnthropic = request.url?.endsWith('/messages') === true
    const lines = isAnthropic
      ? ANTHROPIC.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
      : [...OPENAI.map((event) => `data: ${JSON.stringify(event)}\n\n`), 'data: [DONE]\n\n']
    if (!isBreaking && !isSilent) return response.end(lines.join(''))
    response.write(lines[0], () => isBreaking && setTimeout(() => response.destroy(), 20))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  baseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

async function bench() {
  isBreaking = false
  isSilent = false
  const { router } = await makeBench({ policy: 'dollar', models: MODELS, forcedExploration: 0 })
  const told: { kind: string; costUsd: number }[] = []
  for (const kind of ['settled', 'failed', 'cancelled'] as const)
    router.on(kind, ({ costUsd }) => told.push({ kind, costUsd }))
  return {
    router,
    told,
    until: (kind: string) => expect.poll(() => told.map((each) => each.kind)).toEqual([kind]),
  }
}

const MESSAGES = [{ role: 'user' as const, content: 'x' }]
const anthropic = () =>
  new Anthropic({ apiKey: 'x', baseURL, maxRetries: 0 }).messages.stream({
    model: 'x',
    max_tokens: 100,
    messages: MESSAGES,
  })
const openai = () =>
  new OpenAI({ apiKey: 'x', baseURL, maxRetries: 0 }).chat.completions.stream({
    model: 'x',
    stream_options: { include_usage: true },
    messages: MESSAGES,
  })

type Helper = ReturnType<typeof anthropic> | ReturnType<typeof openai>
const HELPERS: readonly [string, () => Helper, number, (stream: Helper) => Promise<unknown>][] = [
  [
    'messages.stream of Anthropic',
    anthropic,
    ANTHROPIC.length,
    async (stream) => 'finalMessage' in stream && stream.finalMessage(),
  ],
  [
    'chat.completions.stream of OpenAI',
    openai,
    OPENAI.length,
    async (stream) => 'finalChatCompletion' in stream && stream.finalChatCompletion(),
  ],
]

describe.each(HELPERS)('%s', (_, make, events, finalOf) => {
  it('is booked by its usage where only its whole answer is asked for', async () => {
    const { router, told, until } = await bench()
    const { answer } = await router.run(X, SIZE, make)
    expect(await finalOf(answer)).toMatchObject({ usage: expect.anything() })
    await until('settled')
    expect(told[0].costUsd).toBeCloseTo(0.002, 12)
  })

  it('is booked where nobody waits for it', async () => {
    const { router, told, until } = await bench()
    await router.run(X, SIZE, make)
    await until('settled')
    expect(told[0].costUsd).toBeCloseTo(0.002, 12)
  })

  it('gives all its events to a loop, and is booked once when that ends', async () => {
    const { router, told } = await bench()
    const { answer } = await router.run(X, SIZE, make)
    let count = 0
    for await (const _ of answer) count++
    expect(count).toBe(events)
    expect(told).toEqual([{ kind: 'settled', costUsd: expect.closeTo(0.002, 12) }])
    expect(await finalOf(answer)).toMatchObject({ usage: expect.anything() })
    expect(told).toHaveLength(1)
  })

  it('that is left early, or aborted, is cancelled', async () => {
    for (const leave of [
      async (answer: Helper) => {
        for await (const _ of answer) break
      },
      async (answer: Helper) => answer.abort(),
    ]) {
      const { router, until } = await bench()
      isSilent = true
      const { answer } = await router.run(X, SIZE, make)
      await leave(answer)
      await until('cancelled')
    }
  })

  it('that its signal breaks off is cancelled', async () => {
    const { router, until } = await bench()
    isSilent = true
    const abort = new AbortController()
    const { answer } = await router.run(X, { ...SIZE, signal: abort.signal }, make)
    const whole = finalOf(answer).catch((error: unknown) => error)
    abort.abort()
    await until('cancelled')
    expect(await whole).toBeInstanceOf(Error)
  })

  it('that breaks has failed, and whoever waits for it hears why', async () => {
    const { router, until } = await bench()
    isBreaking = true
    const { answer } = await router.run(X, SIZE, make)
    await expect(finalOf(answer)).rejects.toThrow()
    await until('failed')
  })
})
