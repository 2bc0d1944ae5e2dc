import * as six from 'ai'
import { MockLanguageModelV3, simulateReadableStream } from 'ai/test'
import * as seven from 'ai7'
import { MockLanguageModelV4 } from 'ai7/test'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { reward, routed, runOf } from '../../src/adapters/ai-sdk/index.js'
import { METADATA_KEY, RUNS_MAX, Runs } from '../../src/adapters/run-tags.js'
import { createRouter, type Router, type Run } from '../../src/index.js'
import { expectCode } from '../support/errors.js'
import { Random } from '../support/random.js'

type Part = Readonly<Record<string, unknown>>

/** Tokens in, of which 20 are cached, and out, of which 7 are reasoning. */
const USAGE = {
  inputTokens: { total: 100, noCache: 80, cacheRead: 20, cacheWrite: 0 },
  outputTokens: { total: 40, text: 33, reasoning: 7 },
}
const PRICES = { inputUsdPerMTok: 1, cachedInputUsdPerMTok: 0.1, outputUsdPerMTok: 4, reasoningUsdPerMTok: 5 }
const COST_USD = (80 * 1 + 20 * 0.1 + 33 * 4 + 7 * 5) / 1e6
const STOP = { unified: 'stop', raw: 'stop' }
const TOOL_CALLS = { unified: 'tool-calls', raw: 'tool_calls' }
const TEXT = [{ type: 'text', text: 'Hello.' }]
const CALL = { type: 'tool-call', toolCallId: 'c', toolName: 'look', input: '{}' }

interface Said {
  readonly content?: readonly Part[]
  readonly parts?: readonly Part[]
  readonly error?: unknown
  readonly waits?: boolean
  /** Last part of a stream, as most providers send it after an error too; null: none comes. */
  readonly finish?: Part | null
}

/** A mock of the SDK's own that says what it is told to, call by call. */
function mock(version: 'v3' | 'v4', say: (call: number, prompt: readonly Part[]) => Said) {
  let calls = 0
  const next = async ({
    prompt,
    abortSignal,
  }: {
    prompt: unknown
    abortSignal?: AbortSignal
  }): Promise<Said> => {
    const said = say(++calls, prompt as readonly Part[])
    if (said.waits === true)
      await new Promise((_, reject) => {
        abortSignal?.addEventListener('abort', () => reject(abortSignal.reason))
      })
    if (said.error !== undefined) throw said.error
    return said
  }
  const finishOf = (content: readonly Part[]) =>
    content.some(({ type }) => type === 'tool-call') ? TOOL_CALLS : STOP
  const options = {
    doGenerate: async (asked: never) => {
      const { content = TEXT, finish } = await next(asked)
      return { content, finishReason: finishOf(content), usage: USAGE, warnings: [], ...finish } as never
    },
    doStream: async (asked: never) => {
      const { content = TEXT, parts = partsOf(content), finish = {} } = await next(asked)
      const end = { type: 'finish', finishReason: finishOf(content), usage: USAGE, ...finish }
      const all = [{ type: 'stream-start', warnings: [] }, ...parts]
      const ends = finish === null ? [] : [end]
      return { stream: simulateReadableStream({ chunks: [...all, ...ends] as never[] }) } as never
    },
  }
  return version === 'v3' ? new MockLanguageModelV3(options) : new MockLanguageModelV4(options)
}

function partsOf(content: readonly Part[]): Part[] {
  return content.flatMap((part) =>
    part.type === 'text'
      ? [
          { type: 'text-start', id: '1' },
          { type: 'text-delta', id: '1', delta: part.text },
          { type: 'text-end', id: '1' },
        ]
      : [part],
  )
}

const failing = (statusCode: number) => Object.assign(new Error(`status ${statusCode}`), { statusCode })

let router: Router<string>
beforeEach(async () => {
  const models = ['one', 'two'].map((id) => ({ id, ...PRICES }))
  router = await createRouter<string>({ models, kernel: 'js', forcedExploration: 0 })
})
afterEach(() => router.close())

const settledUsd = () => router.stats().pacer.spendUsd
const rewarded = () => router.stats().models.reduce((sum, model) => sum + model.rewarded, 0)

describe.each([
  ['v3', six],
  ['v4', seven as unknown as typeof six],
] as const)('a routed model of the AI SDK, specification %s', (version, sdk) => {
  const modelOf = (say: (call: number, prompt: readonly Part[]) => Said, other = say) =>
    routed(router, {
      models: { one: mock(version, say), two: mock(version, other) },
    }) as Parameters<typeof sdk.generateText>[0]['model']

  it('generates a text, is booked to the cent, and learns from a reward', async () => {
    const model = modelOf(() => ({}))
    const result = await sdk.generateText({ model, prompt: 'Hello', maxRetries: 0 })
    expect(result.text).toBe('Hello.')
    expect(settledUsd()).toBeCloseTo(COST_USD, 12)
    expect(result.providerMetadata?.paretobandit).toMatchObject({ decision: expect.any(String) })
    await reward(result, 0.75)
    expect(rewarded()).toBe(1)
    expect((await runOf(result))?.decisions).toHaveLength(1)
    await expect(reward({}, 1)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', field: 'result' })
  })

  it('streams a text', async () => {
    const result = sdk.streamText({ model: modelOf(() => ({})), prompt: 'Hello', maxRetries: 0 })
    let text = ''
    for await (const piece of result.textStream) text += piece
    expect(text).toBe('Hello.')
    expect(settledUsd()).toBeCloseTo(COST_USD, 12)
    await reward(result, 1)
    expect(rewarded()).toBe(1)
  })

  it('makes an object', async () => {
    const model = modelOf(() => ({ content: [{ type: 'text', text: '{"answer":42}' }] }))
    const schema = sdk.jsonSchema<{ answer: number }>({
      type: 'object',
      properties: { answer: { type: 'number' } },
      required: ['answer'],
    })
    const { object } = await sdk.generateObject({ model, schema, prompt: 'The answer?', maxRetries: 0 })
    expect(object).toEqual({ answer: 42 })
    expect(settledUsd()).toBeCloseTo(COST_USD, 12)
  })

  it.each(['generateText', 'streamText'] as const)(
    'stays with one model in a tool loop of %s, and its reward reaches all steps',
    async (name) => {
      const say = (_: number, prompt: readonly Part[]) =>
        prompt.filter(({ role }) => role === 'tool').length < 4 ? { content: [CALL] } : {}
      const tools = {
        look: sdk.tool({
          inputSchema: sdk.jsonSchema<object>({ type: 'object' }),
          execute: async () => 'seen',
        }),
      }
      const model = modelOf(say)
      const asked = { model, tools, prompt: 'Look around', stopWhen: sdk.stepCountIs(9), maxRetries: 0 }
      const decided: string[] = []
      router.on('routed', (event) => decided.push(event.model))
      // Cheap and dear would take turns: both are as good.
      const result = name === 'generateText' ? await sdk.generateText(asked) : sdk.streamText(asked)
      expect(await result.text).toBe('Hello.')
      expect(decided).toHaveLength(5)
      expect(new Set(decided).size).toBe(1)
      expect(settledUsd()).toBeCloseTo(5 * COST_USD, 12)
      await reward(result, 0.5)
      expect(rewarded()).toBe(5)
    },
  )

  it('asks the next model where one fails, also in the middle of a tool loop and before a stream says anything', async () => {
    const failsLater = (call: number): Said => (call === 1 ? { content: [CALL] } : { error: failing(503) })
    const tools = {
      look: sdk.tool({
        inputSchema: sdk.jsonSchema<object>({ type: 'object' }),
        execute: async () => 'seen',
      }),
    }
    const result = await sdk.generateText({
      model: modelOf(failsLater, () => ({})),
      tools,
      prompt: 'Look',
      stopWhen: sdk.stepCountIs(3),
      maxRetries: 0,
    })
    expect(result.text).toBe('Hello.')
    const broken = (): Said => ({ parts: [{ type: 'error', error: failing(500) }] })
    const streamed = sdk.streamText({ model: modelOf(broken, () => ({})), prompt: 'Hello', maxRetries: 0 })
    expect(await streamed.text).toBe('Hello.')
    expect(router.stats().models.reduce((sum, { failed }) => sum + failed, 0)).toBeGreaterThanOrEqual(1)
    expect(router.stats().pending.unsettled).toBe(0)
  })

  it('tells what went wrong with all of them', async () => {
    const model = modelOf(() => ({ error: failing(500) }))
    await expect(sdk.generateText({ model, prompt: 'Hello', maxRetries: 0 })).rejects.toThrow('status 500')
    expect(router.stats().requests).toBe(2)
    expect(settledUsd()).toBe(0)
  })

  it('is cancelled by the caller, before an answer and in the middle of a stream', async () => {
    const abort = new AbortController()
    const work = sdk.generateText({
      model: modelOf(() => ({ waits: true })),
      prompt: 'Hello',
      maxRetries: 0,
      abortSignal: abort.signal,
    })
    setTimeout(() => abort.abort(), 20)
    await expect(work).rejects.toThrow(/abort/i)
    const model = modelOf(() => ({}))
    const { stream } = (await (model as unknown as MockLanguageModelV3).doStream({
      prompt: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }],
    } as never)) as { stream: ReadableStream<Part> }
    const reader = stream.getReader()
    await reader.read()
    await reader.cancel()
    await expect.poll(() => router.stats().pending.unsettled).toBe(0)
    const { models } = router.stats()
    expect(models.reduce((sum, { cancelled }) => sum + cancelled, 0)).toBe(2)
    expect(models.reduce((sum, { failed }) => sum + failed, 0)).toBe(0)
  })

  const ERROR_PART = { type: 'error', error: new Error('overloaded') }
  const UNTOLD = {
    inputTokens: { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
    outputTokens: { total: undefined, text: undefined, reasoning: undefined },
  }
  const LONG = { ...USAGE, outputTokens: { total: 4000, text: 4000, reasoning: 0 } }
  const LONG_USD = (80 * 1 + 20 * 0.1 + 4000 * 4) / 1e6
  const ERROR_FINISH = { unified: 'error', raw: undefined }
  it.each<[string, Said, number | null]>([
    ['an error, and a last part that counts', { parts: [...partsOf(TEXT), ERROR_PART] }, null],
    [
      'an error, and a last part that counts more than was reserved',
      { parts: [...partsOf(TEXT), ERROR_PART], finish: { usage: LONG } },
      LONG_USD,
    ],
    [
      'an error, and a last part that says so',
      { parts: [...partsOf(TEXT), ERROR_PART], finish: { finishReason: ERROR_FINISH, usage: LONG } },
      LONG_USD,
    ],
    [
      'an error, and a last part that counts nothing',
      { parts: [...partsOf(TEXT), ERROR_PART], finish: { usage: UNTOLD } },
      null,
    ],
    ['a last part that says so', { finish: { finishReason: ERROR_FINISH, usage: LONG } }, LONG_USD],
    ['an error alone', { parts: [...partsOf(TEXT), ERROR_PART], finish: null }, null],
    ['no last part', { finish: null }, null],
  ])(
    'whose stream ends with %s has failed, at what it counts and no less than was reserved',
    async (_, said, costUsd) => {
      let reservedUsd = Number.NaN
      router.on('routed', (event) => {
        reservedUsd = event.reservedUsd
      })
      const result = sdk.streamText({
        model: modelOf(() => said),
        prompt: 'Hello',
        maxRetries: 0,
        onError: () => {},
      })
      await result.consumeStream({ onError: () => {} })
      await expect.poll(() => router.stats().pending.unsettled).toBe(0)
      const { models } = router.stats()
      expect(models.reduce((sum, { failed }) => sum + failed, 0)).toBe(1)
      expect(settledUsd()).toBeCloseTo(costUsd ?? reservedUsd, 12)
    },
  )

  it('whose whole answer ends with an error has failed, and is booked by its usage', async () => {
    const model = modelOf(() => ({ finish: { finishReason: { unified: 'error', raw: 'x' } } }))
    expect((await sdk.generateText({ model, prompt: 'Hello', maxRetries: 0 })).text).toBe('Hello.')
    expect(router.stats().models.reduce((sum, { failed }) => sum + failed, 0)).toBe(1)
    expect(settledUsd()).toBeCloseTo(COST_USD, 12)
  })

  it('answers router.run likewise', async () => {
    for (const usage of [USAGE, LONG]) {
      const before = settledUsd()
      const finish = { finishReason: ERROR_FINISH, usage }
      const say = () => ({ parts: [...partsOf(TEXT), ERROR_PART], finish })
      const model = mock(version, say) as Parameters<typeof sdk.generateText>[0]['model']
      const run = await router.run('Hello', {}, () =>
        sdk.streamText({ model, prompt: 'Hello', maxRetries: 0, onError: () => {} }),
      )
      await run.answer.consumeStream({ onError: () => {} })
      await expect.poll(() => router.stats().pending.unsettled).toBe(0)
      const costUsd = usage === LONG ? LONG_USD : run.decision.reservedUsd
      expect(settledUsd() - before).toBeCloseTo(costUsd, 12)
    }
    expect(router.stats().models.reduce((sum, { failed }) => sum + failed, 0)).toBe(2)
  })

  it.each<[how: string, error: Error]>([
    ['broken off', new DOMException('aborted', 'AbortError')],
    ['cut', new Error('the socket is closed')],
  ])('answers router.run, %s, and no rejection is left without a handler', async (how, error) => {
    const unhandled: unknown[] = []
    const tell = (reason: unknown) => unhandled.push(reason)
    process.on('unhandledRejection', tell)
    const parts = [{ type: 'stream-start', warnings: [] }, ...partsOf(TEXT).slice(0, 2)]
    const doStream = async () => {
      const stream = new ReadableStream({
        start(controller) {
          for (const part of parts) controller.enqueue(part)
          setTimeout(() => controller.error(error), 5)
        },
      })
      return { stream } as never
    }
    const Mock = version === 'v3' ? MockLanguageModelV3 : MockLanguageModelV4
    const model = new Mock({ doStream }) as Parameters<typeof sdk.generateText>[0]['model']
    const run = await router.run('Hello', {}, () =>
      sdk.streamText({ model, prompt: 'Hello', maxRetries: 0, onError: () => {} }),
    )
    await run.answer.consumeStream({ onError: () => {} })
    await expect.poll(() => router.stats().pending.unsettled).toBe(0)
    await new Promise((resolve) => setTimeout(resolve, 20))
    process.off('unhandledRejection', tell)
    expect(unhandled).toEqual([])
    const { models } = router.stats()
    const counted = models.reduce((sum, each) => sum + (how === 'cut' ? each.failed : each.cancelled), 0)
    expect(counted).toBe(1)
    expect(settledUsd()).toBeCloseTo(run.decision.reservedUsd, 12)
  })

  it('is booked by its usage where its reader leaves after the last part', async () => {
    const { stream } = (await (modelOf(() => ({})) as unknown as MockLanguageModelV3).doStream({
      prompt: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }],
    } as never)) as { stream: ReadableStream<Part> }
    const reader = stream.getReader()
    for (let isOver = false; !isOver; ) isOver = (await reader.read()).value?.type === 'finish'
    await reader.cancel()
    await expect.poll(settledUsd).toBeCloseTo(COST_USD, 12)
    expect(router.stats().models.reduce((sum, { settled }) => sum + settled, 0)).toBe(1)
  })

  it('takes options of one call, and of all', async () => {
    const model = routed(router, {
      models: { one: mock(version, () => ({})), two: mock(version, () => ({})) },
      run: { candidates: ['one'] },
    }) as Parameters<typeof sdk.generateText>[0]['model']
    const decided: string[] = []
    router.on('routed', (event) => decided.push(event.model))
    await sdk.generateText({ model, prompt: 'Hello' })
    const providerOptions = { paretobandit: { candidates: ['two'], session: 's' } }
    await sdk.generateText({ model, prompt: 'Hello', providerOptions })
    expect(decided).toEqual(['one', 'two'])
  })

  it('books 1,000 mixed calls to what their provider counts and what was set aside for those that broke off, to 1e-9', async () => {
    const random = new Random(16)
    let billedUsd = 0
    const reserved = new Map<string, number>()
    router.on('routed', ({ id, reservedUsd }) => reserved.set(id, reservedUsd))
    let brokenOff = 0
    router.on('cancelled', ({ id, costUsd }) => {
      if (costUsd === 0) return
      brokenOff++
      billedUsd += reserved.get(id) ?? Number.NaN
    })
    const say = (_: number, prompt: readonly Part[]): Said => {
      const said = JSON.stringify(prompt)
      if (said.includes('Wait')) return { waits: true }
      const roll = random.below(10)
      if (roll === 0) return { error: failing(random.next() < 0.5 ? 500 : 429) }
      if (roll === 1) return { error: failing(400) }
      billedUsd += COST_USD
      return said.includes('Look') && prompt.at(-1)?.role !== 'tool' ? { content: [CALL] } : {}
    }
    const model = modelOf(say)
    const tools = {
      look: sdk.tool({
        inputSchema: sdk.jsonSchema<object>({ type: 'object' }),
        execute: async () => 'seen',
      }),
    }
    const stopWhen = sdk.stepCountIs(3)
    const once = { model, maxRetries: 0 }
    const ways: readonly (() => PromiseLike<unknown>)[] = [
      () => sdk.generateText({ ...once, prompt: 'Hello' }),
      () => sdk.streamText({ ...once, prompt: 'Hello', onError: () => {} }).consumeStream(),
      () => sdk.generateText({ ...once, prompt: 'Look', tools, stopWhen }),
      () => sdk.streamText({ ...once, prompt: 'Look', tools, stopWhen, onError: () => {} }).consumeStream(),
      () => {
        const abort = new AbortController()
        setTimeout(() => abort.abort(), 1)
        return sdk.generateText({ ...once, prompt: 'Wait', abortSignal: abort.signal })
      },
    ]
    for (let i = 0; i < 1000; i++)
      await Promise.resolve(ways[i % ways.length]()).catch((error) =>
        expect(String(error)).toMatch(/status|abort/i),
      )
    expect(router.stats().pending.unsettled).toBe(0)
    expect(brokenOff).toBe(200)
    expect(settledUsd()).toBeCloseTo(billedUsd, 9)
    expect(billedUsd).toBeGreaterThan(700 * COST_USD)
  })
})

describe('what a routed model is made of', () => {
  it('is a model at least, all of one specification', () => {
    expectCode(() => routed(router, { models: {} }), 'INVALID_ARGUMENT', 'models')
    const models = { one: mock('v3', () => ({})), two: mock('v4', () => ({})) }
    expect(() => routed(router, { models })).toThrow(/specification v3/)
  })

  it('remembers the latest ten thousand answers', () => {
    const runs = new Runs()
    for (let i = 0; i < RUNS_MAX + 5; i++) runs.add(String(i), {} as Run<undefined>)
    expect(runs.size).toBe(RUNS_MAX)
    const of = (run: string) =>
      runs.of({ [METADATA_KEY]: { decision: 'r.1', model: 'm', run, session: null } })
    expect(of('0')).toBeNull()
    expect(of(String(RUNS_MAX))).not.toBeNull()
  })
})
