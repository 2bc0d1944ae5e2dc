import { Readable } from 'node:stream'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import {
  type Decision,
  type Router,
  type RouterOptions,
  type Run,
  type RunOptions,
  usageOf,
} from '../../src/index.js'
import { RunSessions, SESSION_TTL_MS, SESSIONS_MAX } from '../../src/router/run/run-sessions.js'
import { expectCode, expectRejection } from '../support/errors.js'
import { Random } from '../support/random.js'
import { makeBench, TestClock, X } from '../support/router.js'

const SMALL = { id: 'small', inputUsdPerMTok: 1, outputUsdPerMTok: 10 }
const LARGE = { id: 'large', inputUsdPerMTok: 3, outputUsdPerMTok: 30 }
/** $0.002 on the small model. */
const USAGE = { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 }
const SIZE = { inputTokens: 1000, expectedOutputTokens: 100 } as const

interface Told {
  readonly kind: string
  readonly id: string
  readonly costUsd: number
}

async function bench(options: Partial<RouterOptions> = {}) {
  const { router, clock } = await makeBench({
    policy: 'dollar',
    models: [SMALL, LARGE],
    forcedExploration: 0,
    ...options,
  })
  const told: Told[] = []
  for (const kind of ['settled', 'failed', 'cancelled'] as const)
    router.on(kind, ({ id, costUsd }) => told.push({ kind, id, costUsd }))
  return { router, clock, told }
}

const failing = (status: number, more: object = {}) =>
  Object.assign(new Error(`status ${status}`), { status, ...more })

async function rejected(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => null,
    (error: unknown) => error,
  )
}

async function* events(list: readonly unknown[], error?: Error): AsyncGenerator<unknown> {
  for (const each of list) yield each
  if (error !== undefined) throw error
}

/** A piece of a stream of LangChain. */
function langChain(content: string, usage_metadata?: object, response_metadata: object = {}): object {
  return { content, response_metadata, ...(usage_metadata === undefined ? {} : { usage_metadata }) }
}

describe('run', () => {
  it('asks nobody for a router that is closed before it has begun', async () => {
    const { router } = await bench()
    let calls = 0
    const asked = router.run(X, {}, async () => calls++)
    const refused = expectRejection(asked, 'STORE_CLOSED')
    await router.close()
    await refused
    expect(calls).toBe(0)
  })

  it('routes, calls and books the usage of the answer, whose it is', async () => {
    const { router, clock, told } = await bench()
    const usages: readonly [string, object, number][] = [
      ['OpenAI', { usage: USAGE }, 0.002],
      ['Anthropic', { usage: { input_tokens: 500, output_tokens: 10, cache_read_input_tokens: 0 } }, 0.0006],
      ['Gemini', { usageMetadata: { promptTokenCount: 1000, candidatesTokenCount: 0 } }, 0.001],
      ['AI SDK', { usage: { inputTokens: 1 }, totalUsage: { inputTokens: 1000, outputTokens: 100 } }, 0.002],
      [
        'LangChain',
        { usage_metadata: { input_tokens: 1000, output_tokens: 100, total_tokens: 1100 } },
        0.002,
      ],
      ['axios', { data: { usage: USAGE } }, 0.002],
    ]
    for (const [whose, answer, costUsd] of usages) {
      const run = await router.run(X, { ...SIZE, candidates: ['small'] }, async (decision, { attempt }) => {
        expect(decision.model).toBe('small')
        expect(attempt).toBe(1)
        clock.now += 250
        return answer
      })
      expect(run.answer).toBe(answer)
      expect(run.decisions).toEqual([run.decision])
      expect(told.at(-1), whose).toMatchObject({ kind: 'settled', id: run.decision.id })
      expect(told.at(-1)?.costUsd, whose).toBeCloseTo(costUsd, 12)
    }
    expect(router.stats().models[0].meanLatencyMs).toBe(250)
  })

  it('teaches by a reward', async () => {
    const { router } = await bench()
    const { reward, decision } = await router.run(X, SIZE, () => ({ usage: USAGE }))
    await reward(0.75).durable
    const model = router.stats().models.find(({ id }) => id === decision.model)
    expect(model).toMatchObject({ rewarded: 1, meanReward: 0.75 })
    expectCode(() => reward(1), 'ALREADY_REWARDED')
  })

  it('asks another model where one fails, within the tries', async () => {
    const { router, told } = await bench()
    const asked: string[] = []
    const run = await router.run(X, SIZE, ({ model }) => {
      asked.push(model)
      if (asked.length === 1) throw failing(503, { headers: new Headers({ 'retry-after': '7' }) })
      return { usage: USAGE }
    })
    expect(new Set(asked).size).toBe(2)
    expect(run.decisions.map(({ model }) => model)).toEqual(asked)
    expect(told).toMatchObject([{ kind: 'failed', costUsd: 0 }, { kind: 'settled' }])
    let calls = 0
    const error = await rejected(
      router.run(X, { ...SIZE, triesMax: 1 }, () => {
        calls++
        throw failing(500)
      }),
    )
    expect(error).toMatchObject({ status: 500 })
    expect(calls).toBe(1)
  })

  it.each([
    [500, 'failed'],
    [400, 'cancelled'],
  ])('pays nothing for a call that was refused (%i) while its model was removed', async (status) => {
    const { router } = await bench({ caps: [{ usd: 1, per: 'day' }] })
    const refused = router.run(X, { ...SIZE, triesMax: 1 }, ({ model }) => {
      router.removeModel(model)
      throw failing(status)
    })
    expect(await rejected(refused)).toMatchObject({ status })
    const { account, pacer } = router.stats()
    expect(pacer).toMatchObject({ spendUsd: 0, reservedUsd: 0 })
    expect(account?.caps[0]).toMatchObject({ spentUsd: 0, reservedUsd: 0 })
  })

  it('pays nothing for a call that was refused after newer ones pushed it out', async () => {
    const { router } = await bench({ pendingCapacity: 1 })
    const refused = router.run(X, { ...SIZE, triesMax: 1 }, () => {
      router.settle(router.route(X).id, { costUsd: 0 })
      router.settle(router.route(X).id, { costUsd: 0 })
      throw failing(500)
    })
    expect(await rejected(refused)).toMatchObject({ status: 500 })
    expect(router.stats().pacer).toMatchObject({ spendUsd: 0, reservedUsd: 0 })
  })

  it('takes a response of fetch that is not ok for a failure, and gives the last one as it came', async () => {
    const { router, told } = await bench()
    const refusal = () => new Response('away', { status: 503, headers: { 'retry-after': '7' } })
    const responses: Response[] = []
    const answered = await router.run(X, { ...SIZE, usage: () => USAGE }, () => {
      const response = responses.length === 0 ? refusal() : new Response('{}')
      responses.push(response)
      return response
    })
    expect(answered.answer).toBe(responses[1])
    expect(told).toMatchObject([
      { kind: 'failed', costUsd: 0 },
      { kind: 'settled', costUsd: expect.any(Number) },
    ])
    // Nobody reads it.
    expect(await responses[0].text().catch(() => 'cancelled')).not.toBe('away')
    for (const triesMax of [1, 2, 5]) {
      const { answer, decisions, reward } = await router.run(X, { ...SIZE, triesMax }, refusal)
      expect(await answer.text()).toBe('away')
      expect(decisions).toHaveLength(Math.min(triesMax, 2))
      expectCode(() => reward(1), 'REQUEST_FAILED')
    }
    const wrong = await router.run(X, SIZE, () => new Response('no', { status: 400 }))
    expect(await wrong.answer.text()).toBe('no')
    expect(wrong.decisions).toHaveLength(1)
    expect(told.at(-1)).toMatchObject({ kind: 'cancelled', costUsd: 0 })
    expect(router.stats().pacer.reservedUsd).toBe(0)
  })

  it.each([
    ['of a package, with a body of the web', new ReadableStream(), (body: ReadableStream) => body.locked],
    ['of a package, with a body of Node', new Readable({ read() {} }), (body: Readable) => body.destroyed],
    ['without a body', null, () => true],
  ])('takes a response %s that is not ok for a failure', async (_, body, isLeft) => {
    const { router, told } = await bench()
    const pauses: unknown[] = []
    router.on('failed', ({ retryAfterMs }) => pauses.push(retryAfterMs))
    let cancelled = 0
    if (body instanceof ReadableStream) body.cancel = async () => void cancelled++
    const headers = { get: (name: string) => (name === 'retry-after' ? '7' : null) }
    const more = { headers, body, text: async () => 'away', json: async () => ({}) }
    const refusal = { ok: false, status: 503, ...more }
    let calls = 0
    const { answer } = await router.run<unknown>(X, SIZE, () => (calls++ === 0 ? refusal : { usage: USAGE }))
    expect(answer).toEqual({ usage: USAGE })
    expect(told.map(({ kind }) => kind)).toEqual(['failed', 'settled'])
    expect(pauses).toEqual([7000])
    expect(cancelled === 1 || isLeft(body as never)).toBe(true)
    expect(await router.run<unknown>(X, SIZE, () => ({ ...refusal, status: 400 }))).toMatchObject({
      answer: { status: 400 },
    })
    expect(told.at(-1)).toMatchObject({ kind: 'cancelled', costUsd: 0 })
  })

  it.each(['status', 'name', 'cause', 'headers', 'code'])(
    'books a call that fails with an error whose %s cannot be read',
    async (name) => {
      const { router, told } = await bench()
      const failure = Object.defineProperty(new Error('refused'), name, {
        get() {
          throw new RangeError('nobody reads this')
        },
      })
      const run = router.run(X, SIZE, () => {
        throw failure
      })
      expect(await rejected(run)).toBe(failure)
      expect(told.map(({ kind }) => kind)).toEqual(['failed', 'failed'])
      expect(router.stats().pacer.reservedUsd).toBe(0)
    },
  )

  it('cancels a call whose client says so in an error of another realm', async () => {
    const { router, told } = await bench()
    const gone: unknown = runInNewContext("Object.assign(new Error('gone'), { name: 'AbortError' })")
    const run = router.run(X, SIZE, () => {
      throw gone
    })
    expect(await rejected(run)).toBe(gone)
    expect(told.map(({ kind }) => kind)).toEqual(['cancelled'])
  })

  it('tells of the call’s own failure where no other model is left', async () => {
    const { router } = await bench()
    for (const options of [{ triesMax: 5 }, { candidates: ['small'], triesMax: 5 }] as const) {
      let calls = 0
      const error = await rejected(
        router.run(X, { ...SIZE, ...options }, () => {
          throw failing(500, { call: ++calls })
        }),
      )
      expect(error).toMatchObject({ status: 500, call: 'candidates' in options ? 1 : 2 })
    }
  })

  it.each([400, 413, 422])(
    'asks nobody else about a request that is wrong (%i), and blames no model',
    async (status) => {
      const { router, told } = await bench()
      let calls = 0
      const call = () => {
        calls++
        throw failing(status)
      }
      expect(await rejected(router.run(X, SIZE, call))).toMatchObject({ status })
      expect(calls).toBe(1)
      expect(told).toMatchObject([{ kind: 'cancelled', costUsd: 0 }])
    },
  )

  it.each([
    ['no answer came of it, and nothing says that it was not made', new Error('socket hang up'), true],
    ['it was never there', Object.assign(new Error('x'), { cause: { code: 'ECONNREFUSED' } }), false],
    ['it was refused', failing(429), false],
  ])('books a call that failed: %s', async (_, error, isBilled) => {
    const { router, told } = await bench()
    await rejected(
      router.run(X, { ...SIZE, triesMax: 1 }, () => {
        throw error
      }),
    )
    expect(told).toHaveLength(1)
    expect(told[0].kind).toBe('failed')
    expect(told[0].costUsd > 0).toBe(isBilled)
  })

  it('cancels a call that its signal breaks off, and asks nobody else', async () => {
    const { router, told } = await bench()
    const abort = new AbortController()
    let calls = 0
    const call = async (_: Decision, { signal }: { signal: AbortSignal | undefined }) => {
      calls++
      expect(signal).toBe(abort.signal)
      abort.abort()
      throw new Error('aborted by the client')
    }
    const error = await rejected(router.run(X, { ...SIZE, signal: abort.signal }, call))
    expect(error).toBe(abort.signal.reason)
    expect(calls).toBe(1)
    expect(told).toMatchObject([{ kind: 'cancelled' }])
    // It was sent: the provider may bill it.
    expect(told[0].costUsd).toBeGreaterThan(0)
    expect(await rejected(router.run(X, { signal: abort.signal }, call))).toMatchObject({
      name: 'AbortError',
    })
    expect(calls).toBe(1)
    expect(router.stats().requests).toBe(1)
  })

  it('books an answer without a usage at what was reserved', async () => {
    const { router, told } = await bench()
    for (const answer of ['a text', null, { usage: null }, { text: 'x' }, { usage: { words: 7 } }]) {
      const { decision } = await router.run(X, SIZE, () => answer)
      expect(told.at(-1)).toEqual({ kind: 'settled', id: decision.id, costUsd: decision.reservedUsd })
    }
  })

  it('takes the discount of how it was served, also of a stream', async () => {
    const flex = { ...SMALL, flexDiscount: 0.5 }
    const { router, told } = await bench({ models: [flex] })
    await router.run(X, SIZE, () => ({ usage: USAGE, service_tier: 'flex' }))
    const list = [{ service_tier: 'flex' }, { usage: USAGE }]
    for await (const _ of (await router.run(X, SIZE, () => events(list))).answer);
    await router.run(X, SIZE, () => ({ usage: USAGE, service_tier: 'default' }))
    expect(told.map(({ costUsd }) => Math.round(costUsd * 1e9))).toEqual([1e6, 1e6, 2e6])
  })

  it('takes usages from where the caller says', async () => {
    const { router, told } = await bench()
    const usage = (answer: unknown) => (answer as { bill: object }).bill
    await router.run(X, { ...SIZE, usage, candidates: ['small'] }, () => ({ bill: USAGE }))
    expect(told.at(-1)?.costUsd).toBeCloseTo(0.002, 12)
  })

  it('asks nobody else where the caller cannot read what came', async () => {
    const { router, told } = await bench()
    let calls = 0
    const usage = () => {
      throw new Error('no such field')
    }
    const { answer, decision } = await router.run(X, { ...SIZE, usage }, () => ++calls)
    expect([answer, calls]).toEqual([1, 1])
    expect(told).toEqual([{ kind: 'settled', id: decision.id, costUsd: decision.reservedUsd }])
  })

  it('takes a response of OpenAI that failed for a failed call, at its usage', async () => {
    const { router, told } = await bench({ models: [SMALL] })
    const answer = {
      object: 'response',
      status: 'failed',
      error: { message: 'busy' },
      output: [],
      usage: USAGE,
    }
    const run = await router.run(X, SIZE, () => answer)
    expect(run.answer).toBe(answer)
    expect(told).toEqual([{ kind: 'failed', id: run.decision.id, costUsd: expect.closeTo(0.002, 12) }])
  })

  it('loses no answer whose members cannot be looked at', async () => {
    const { router, told } = await bench()
    const names = ['usage', 'response', 'providerMetadata', 'finishReason', 'service_tier', 'message', 'data']
    const answer = new Proxy(
      { text: 'Hello.' },
      {
        get(target, name) {
          if (names.includes(String(name))) throw new Error(`no ${String(name)}`)
          return Reflect.get(target, name)
        },
      },
    )
    let calls = 0
    const run = await router.run(X, SIZE, () => {
      calls++
      return answer
    })
    expect([run.answer, calls]).toEqual([answer, 1])
    const { id, reservedUsd } = run.decision
    expect(told).toEqual([{ kind: 'settled', id, costUsd: reservedUsd }])
    const stream = await router.run(X, SIZE, () => events([answer, answer]))
    for await (const event of stream.answer) expect(event).toBe(answer)
    expect(told).toHaveLength(2)
  })

  it.each<[what: string, later: boolean, steps: number]>([
    ['an answer', false, 1],
    ['an answer of two steps', false, 2],
    ['a stream', true, 1],
    ['a stream of two steps', true, 2],
  ])(
    'books the cache that version 5 of the AI SDK leaves out of the prompt of Anthropic: of %s',
    async (_, isLater, count) => {
      const prices = { cachedInputUsdPerMTok: 0.1, cacheWrite5mUsdPerMTok: 1.25, cacheWrite1hUsdPerMTok: 2 }
      const { router, told } = await bench({ models: [{ ...SMALL, ...prices }] })
      const usage = { inputTokens: 3000, outputTokens: 100, totalTokens: 3100, cachedInputTokens: 2000 }
      const totalUsage = Object.fromEntries(
        Object.entries(usage).map(([name, value]) => [name, value * count]),
      )
      const own = { cache_creation_input_tokens: 500, cache_creation: { ephemeral_1h_input_tokens: 200 } }
      const providerMetadata = { anthropic: { usage: own, cacheCreationInputTokens: 500 } }
      const steps = Array.from({ length: count }, () => ({ usage, providerMetadata }))
      const whole = { usage, totalUsage, providerMetadata, steps, finishReason: 'stop' }
      const answer = isLater
        ? Object.fromEntries(Object.entries(whole).map(([name, value]) => [name, Promise.resolve(value)]))
        : whole
      await router.run(X, SIZE, () => answer)
      await expect.poll(() => told.length).toBe(1)
      const costUsd = (3000 * 1 + 2000 * 0.1 + 300 * 1.25 + 200 * 2 + 100 * 10) / 1e6
      expect(told).toEqual([
        { kind: 'settled', id: expect.any(String), costUsd: expect.closeTo(count * costUsd, 12) },
      ])
      expect(router.stats().models[0].flaggedUsages).toBe(0)
    },
  )

  it('books a usage that comes later, as of streamText', async () => {
    const { router, told } = await bench()
    let come: (usage: object) => void = () => {}
    const usage = new Promise<object>((resolve) => {
      come = resolve
    })
    await router.run(X, { ...SIZE, candidates: ['small'] }, () => ({ totalUsage: usage, textStream: null }))
    expect(told).toEqual([])
    come({ inputTokens: 1000, outputTokens: 100 })
    await usage
    await Promise.resolve()
    expect(told).toMatchObject([{ kind: 'settled' }])
    expect(told[0].costUsd).toBeCloseTo(0.002, 12)
  })

  it.each([
    ['a call that is no function', {}, 7],
    ['a session that is no text', { session: 7 }, null],
    ['an empty session', { session: '' }, null],
    ['no tries', { triesMax: 0 }, null],
    ['a thousand tries', { triesMax: 1000 }, null],
    ['a signal of the wrong kind', { signal: {} }, null],
    ['a usage that is no function', { usage: 'usage' }, null],
    ['options that are no object', 'fast', null],
    ['an option that nobody knows', { sesion: 'x' }, null],
  ])('refuses %s, and routes nothing', async (_, options, call) => {
    const { router } = await bench()
    const work = router.run(X, options as RunOptions, (call ?? (() => 'answer')) as () => string)
    const error = await rejected(work)
    expect(['INVALID_ARGUMENT', 'UNKNOWN_OPTION']).toContain((error as { code: string }).code)
    expect(router.stats().requests).toBe(0)
  })
})

describe('run with a stream', () => {
  const read = async (stream: AsyncIterable<unknown>) => {
    const all: unknown[] = []
    for await (const event of stream) all.push(event)
    return all
  }

  it('passes it on and books its usage at its end, Anthropic’s in two parts', async () => {
    const { router, told } = await bench()
    const list = [
      { type: 'message_start', message: { usage: { input_tokens: 1000, output_tokens: 1 } } },
      { type: 'content_block_delta' },
      { type: 'message_delta', usage: { input_tokens: null, output_tokens: 100 } },
    ]
    const stream = Object.assign(events(list), { controller: 'its own' })
    const run = await router.run(X, { ...SIZE, candidates: ['small'] }, () => stream)
    expect(run.answer.controller).toBe('its own')
    expect(told).toEqual([])
    expect(await read(run.answer)).toEqual(list)
    expect(told).toMatchObject([{ kind: 'settled', id: run.decision.id }])
    expect(told[0].costUsd).toBeCloseTo(0.002, 12)
  })

  it.each<unknown>([0, -1, '7'])('keeps the prompt that its end counts as %j', async (value) => {
    const { router, told } = await bench()
    const cache_creation = { ephemeral_5m_input_tokens: 0 }
    const begun = { input_tokens: 1000, cache_creation, output_tokens: 1 }
    const end = {
      input_tokens: value,
      cache_creation: { ephemeral_5m_input_tokens: value },
      output_tokens: 100,
    }
    const list = [
      { type: 'message_start', message: { usage: begun } },
      { type: 'message_delta', usage: end },
    ]
    const run = await router.run(X, { ...SIZE, candidates: ['small'] }, () => events(list))
    await read(run.answer)
    expect(told[0].costUsd).toBeCloseTo(0.002, 12)
  })

  it.each<[what: string, begun: object, end: object, costUsd: number]>([
    [
      'its end says to have come from a cache',
      { input_tokens: 1000, cache_read_input_tokens: 0, output_tokens: 1 },
      { input_tokens: 400, cache_read_input_tokens: 600, output_tokens: 100 },
      0.002,
    ],
    [
      'parts of it that its end repeats as 0',
      { prompt_tokens: 1000, prompt_tokens_details: { audio_tokens: 900 }, completion_tokens: 1 },
      { prompt_tokens: 0, prompt_tokens_details: { audio_tokens: 0 }, completion_tokens: 100 },
      0.0029,
    ],
  ])('books a prompt once, and whole: %s', async (_, begun, end, costUsd) => {
    const { router, told } = await bench()
    router.reprice('small', { inputUsdPerMTok: 1, outputUsdPerMTok: 10, audioInputUsdPerMTok: 2 })
    const list = [
      { type: 'message_start', message: { usage: begun } },
      { type: 'message_delta', usage: end },
    ]
    const run = await router.run(X, { ...SIZE, candidates: ['small'] }, () => events(list))
    await read(run.answer)
    expect(told[0].costUsd).toBeCloseTo(costUsd, 12)
  })

  it('books the greater of two counts of its whole answer, in whatever order they come', async () => {
    const { router, told } = await bench()
    const list = [{ usage: USAGE }, { usage: { ...USAGE, completion_tokens: 10, total_tokens: 1010 } }]
    for (const each of [list, list.toReversed()]) {
      const run = await router.run(X, { ...SIZE, candidates: ['small'] }, () => events(each))
      await read(run.answer)
      expect(told.at(-1)).toMatchObject({ id: run.decision.id, costUsd: expect.closeTo(0.002, 12) })
    }
    expect(told).toHaveLength(2)
  })

  it('books the sum of what pieces of LangChain say, each of itself', async () => {
    const { router, told } = await bench()
    const piece = (input_tokens: number, output_tokens: number) => ({
      content: 'piece',
      usage_metadata: { input_tokens, output_tokens, total_tokens: input_tokens + output_tokens },
    })
    const list = [piece(1000, 40), piece(0, 35), { content: '' }, piece(0, 25)]
    const run = await router.run(X, { ...SIZE, candidates: ['small'] }, () => events(list))
    await read(run.answer)
    expect(told[0].costUsd).toBeCloseTo(0.002, 12)
  })

  it('takes the latest cost that the caller says, though it is less', async () => {
    const { router, told } = await bench()
    const usage = (answer: unknown) => ('costUsd' in (answer as object) ? (answer as object) : null)
    const list = [{ costUsd: 0.5 }, { costUsd: 0.25, ...USAGE }, { ...USAGE, costUsd: null }]
    const run = await router.run(X, { ...SIZE, usage }, () => events(list))
    await read(run.answer)
    expect(told[0].costUsd).toBe(0.25)
  })

  it('asks another model until its first event, and no longer', async () => {
    const { router, told } = await bench()
    let calls = 0
    const run = await router.run(X, SIZE, () =>
      ++calls === 1 ? events([], failing(500)) : events(['a', { usage: USAGE }]),
    )
    expect(await read(run.answer)).toHaveLength(2)
    expect(told.map(({ kind }) => kind)).toEqual(['failed', 'settled'])
    const broken = await router.run(X, SIZE, () => events(['a'], failing(500)))
    expect(await rejected(read(broken.answer))).toMatchObject({ status: 500 })
    expect(told.map(({ kind }) => kind)).toEqual(['failed', 'settled', 'failed'])
    // Something came of it, and may be billed.
    expect(told[2].costUsd).toBe(broken.decision.reservedUsd)
  })

  it('that nobody reads to its end is cancelled at what was reserved, and its source is told', async () => {
    const { router, told } = await bench()
    let isReturned = false
    async function* source() {
      try {
        for (;;) yield 'a'
      } finally {
        isReturned = true
      }
    }
    const run = await router.run(X, SIZE, () => source())
    for await (const event of run.answer) if (event === 'a') break
    expect(isReturned).toBe(true)
    expect(told).toEqual([{ kind: 'cancelled', id: run.decision.id, costUsd: run.decision.reservedUsd }])
  })

  const READERS: Readonly<Record<string, (stream: ReadableStream<Uint8Array>) => Promise<string>>> = {
    'new Response': (stream) => new Response(stream).text(),
    getReader: async (stream) => {
      const reader = stream.getReader()
      const pieces: Uint8Array<ArrayBuffer>[] = []
      for (let next = await reader.read(); next.value !== undefined; next = await reader.read())
        pieces.push(new Uint8Array(next.value))
      return new Blob(pieces).text()
    },
    tee: async (stream) => {
      const [left, right] = stream.tee().map((branch) => new Response(branch).text())
      expect(await left).toBe(await right)
      return left
    },
    pipeThrough: async (stream) => new Response(stream.pipeThrough(new TransformStream())).text(),
  }
  const webStream = () => {
    const pieces = ['Hel', 'lo']
    return new ReadableStream<Uint8Array>({
      pull(controller) {
        const piece = pieces.shift()
        if (piece === undefined) controller.close()
        else controller.enqueue(new TextEncoder().encode(piece))
      },
    })
  }

  it.each(Object.keys(READERS))(
    'of the web is one still, and is booked when it is read by %s',
    async (reader) => {
      const { router, told } = await bench()
      const { answer } = await router.run(X, SIZE, webStream)
      expect(await READERS[reader](answer)).toBe('Hello')
      expect(told.map(({ kind }) => kind)).toEqual(['settled'])
    },
  )

  it('of the web is cancelled with it, begun or not, and its source is told', async () => {
    for (const isBegun of [false, true]) {
      const { router, told } = await bench()
      let isCancelled = false
      const cancel = () => {
        isCancelled = true
      }
      const source = () => new ReadableStream({ pull: (controller) => controller.enqueue('a'), cancel })
      const { answer } = await router.run(X, SIZE, source)
      const reader = answer.getReader()
      if (isBegun) expect(await reader.read()).toEqual({ done: false, value: 'a' })
      await reader.cancel()
      expect(told.map(({ kind }) => kind)).toEqual(['cancelled'])
      expect(isCancelled).toBe(true)
    }
  })

  it('of the web has the members of its own class', async () => {
    const { router } = await bench()
    class Words extends ReadableStream<string> {
      async text() {
        let text = ''
        for await (const word of this) text += word
        return text
      }
    }
    const words = () => {
      let left = 3
      return new Words({
        pull: (controller) => (left-- > 0 ? controller.enqueue('a') : controller.close()),
      })
    }
    expect(await (await router.run(X, SIZE, words)).answer.text()).toBe('aaa')
  })

  it('that its signal breaks off is cancelled, though its client ends it as if it were whole', async () => {
    for (const hasUsage of [false, true]) {
      const { router, told } = await bench()
      const abort = new AbortController()
      const { answer, decision } = await router.run(X, { ...SIZE, signal: abort.signal }, () =>
        events(hasUsage ? [{ usage: USAGE }] : [{ text: 'Hel' }]),
      )
      const reader = async () => {
        for await (const _ of answer) abort.abort()
      }
      expect(await rejected(reader())).toBe(abort.signal.reason)
      const costUsd = hasUsage ? expect.any(Number) : decision.reservedUsd
      expect(told).toEqual([{ kind: hasUsage ? 'settled' : 'cancelled', id: decision.id, costUsd }])
    }
  })

  it.each<[string, readonly object[]]>([
    [
      'Anthropic’s begins',
      [{ type: 'message_start', message: { usage: { input_tokens: 9, output_tokens: 1 } } }],
    ],
    [
      'Gemini’s goes on',
      [{ usageMetadata: { promptTokenCount: 9, candidatesTokenCount: 3 }, candidates: [{}] }],
    ],
    ['LangChain’s begins', [{ content: '', usage_metadata: { input_tokens: 9, output_tokens: 0 } }]],
    [
      'that of vLLM and of Gemini’s chats goes on',
      [
        {
          choices: [{ index: 0, delta: { content: 'Hel' }, finish_reason: null }],
          usage: { prompt_tokens: 9, completion_tokens: 3 },
        },
      ],
    ],
    [
      'that of vLLM goes on where a piece says nothing for once',
      [
        {
          choices: [{ index: 0, delta: { content: 'Hel' }, finish_reason: null }],
          usage: { prompt_tokens: 9, completion_tokens: 3 },
        },
        {
          choices: [{ index: 0, delta: {}, finish_reason: null }],
          usage: { prompt_tokens: 9, completion_tokens: 4 },
        },
      ],
    ],
    [
      'that of a completion goes on',
      [
        {
          choices: [{ index: 0, text: 'Hel', finish_reason: null }],
          usage: { prompt_tokens: 9, completion_tokens: 3 },
        },
      ],
    ],
    [
      'that of several answers goes on, of which one has ended',
      [
        {
          choices: [
            { index: 0, delta: {}, finish_reason: 'stop' },
            { index: 1, delta: { content: 'Hel' }, finish_reason: null },
          ],
          usage: { prompt_tokens: 9, completion_tokens: 3 },
        },
      ],
    ],
  ])(
    'that breaks off where its usage is that of a part is booked at what was reserved: as %s',
    async (_, list) => {
      const later = { type: 'content_block_delta' }
      const { router, told } = await bench()
      const left = await router.run(X, SIZE, () => events([...list, later, later]))
      for await (const event of left.answer) if (event === later) break
      const broken = await router.run(X, SIZE, () => events([...list, later], failing(500)))
      await rejected(read(broken.answer))
      expect(told).toEqual([
        { kind: 'cancelled', id: left.decision.id, costUsd: left.decision.reservedUsd },
        { kind: 'failed', id: broken.decision.id, costUsd: broken.decision.reservedUsd },
      ])
    },
  )

  it.each<[string, readonly object[], number]>([
    [
      'Bedrock, at the end of its stream',
      [
        { contentBlockDelta: { delta: { text: 'a' } } },
        { metadata: { usage: { inputTokens: 1000, outputTokens: 100 }, metrics: { latencyMs: 7 } } },
      ],
      0.002,
    ],
    [
      'LangChain, of Gemini: each piece what came with it, and its cache again and again',
      [
        langChain('a', { input_tokens: 1000, output_tokens: 10, input_token_details: { cache_read: 800 } }),
        langChain('b', { input_tokens: 0, output_tokens: 50, input_token_details: { cache_read: 800 } }),
        langChain('c', { input_tokens: 0, output_tokens: 40, input_token_details: { cache_read: 800 } }),
      ],
      0.0012 + 0.0001,
    ],
    [
      'LangChain, of Anthropic: the beginning’s token is one of the end’s, and what a cache keeps for an hour stands in the beginning',
      [
        langChain(
          '',
          {
            input_tokens: 1000,
            output_tokens: 3,
            total_tokens: 1003,
            input_token_details: { cache_creation: 500 },
          },
          { usage: { cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 500 } } },
        ),
        langChain('a'),
        langChain('', { input_tokens: 0, output_tokens: 100, total_tokens: 100 }),
      ],
      0.0025,
    ],
  ])('is booked by all that its pieces say: of %s', async (_, list, costUsd) => {
    const prices = { cachedInputUsdPerMTok: 0.125, cacheWrite5mUsdPerMTok: 1.25, cacheWrite1hUsdPerMTok: 2 }
    const { router, told } = await bench({ models: [{ ...SMALL, ...prices }] })
    const run = await router.run(X, SIZE, () => events(list))
    await read(run.answer)
    expect(told).toMatchObject([{ kind: 'settled', id: run.decision.id }])
    expect(told[0].costUsd).toBeCloseTo(costUsd, 12)
    expect(router.stats().models[0].flaggedUsages).toBe(0)
  })

  it.each<[string, object]>([
    [
      'Anthropic, as it begins',
      { type: 'message_start', message: { usage: { input_tokens: 200_000, output_tokens: 1 } } },
    ],
    ['OpenAI, of one side alone', { usage: { prompt_tokens: 200_000 } }],
    ['LangChain, as it goes on', langChain('a', { input_tokens: 200_000, output_tokens: 7 })],
  ])('that breaks off is booked at what was counted where that is more: of %s', async (_, first) => {
    const { router, told } = await bench({ models: [SMALL] })
    const left = await router.run(X, SIZE, () => events([first, {}, {}]))
    for await (const event of left.answer) if (event !== first) break
    const broken = await router.run(X, SIZE, () => events([first, {}], failing(500)))
    await rejected(read(broken.answer))
    expect(told.map(({ kind }) => kind)).toEqual(['cancelled', 'failed'])
    for (const { costUsd } of told) expect(costUsd).toBeCloseTo(0.2, 3)
  })

  it('that breaks off after a usage that counts nothing is booked at what was reserved', async () => {
    const { router, told } = await bench()
    const empty = { usage: { prompt_tokens: null, completion_tokens: null } }
    const left = await router.run(X, SIZE, () => events([empty, {}, {}]))
    for await (const event of left.answer) if (event !== empty) break
    const broken = await router.run(X, SIZE, () => events([empty, {}], failing(500)))
    await rejected(read(broken.answer))
    expect(told.map(({ costUsd }) => costUsd)).toEqual([
      left.decision.reservedUsd,
      broken.decision.reservedUsd,
    ])
  })

  it('that is left once its provider has told all of its usage is booked by that', async () => {
    const { router, told } = await bench()
    const end = {
      usageMetadata: { promptTokenCount: 1000, candidatesTokenCount: 50 },
      candidates: [{ finishReason: 'STOP' }],
    }
    const { usageMetadata } = end
    // One more of the same usage, without a reason why the answer ended, takes nothing back.
    // So of a chat: beside the reason, after it, and beside a choice that says nothing.
    const usage = { prompt_tokens: 1000, completion_tokens: 50 }
    const said = { choices: [{ index: 0, delta: { content: 'Hi' }, finish_reason: 'stop' }] }
    const chats = [
      [{ ...said, usage }],
      [said, { choices: [], usage }],
      [said, { choices: [{ index: 0, delta: {}, finish_reason: null }], usage }],
      [
        said,
        { choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }], usage },
      ],
    ]
    for (const list of [[end], [end, { usageMetadata }], ...chats]) {
      const run = await router.run(X, { ...SIZE, candidates: ['small'] }, () => events([...list, 'after']))
      for await (const event of run.answer) if (event === 'after') break
      expect(told.at(-1)).toMatchObject({ kind: 'cancelled', id: run.decision.id })
      expect(told.at(-1)?.costUsd).toBeCloseTo(0.0015, 12)
    }
  })

  it.each<[string, object]>([
    ['OpenAI', { type: 'response.failed', response: { status: 'failed', usage: null } }],
    ['OpenAI, in its own words', { type: 'error', code: 'server_error', message: 'busy' }],
    ['the AI SDK', { type: 'error', error: new Error('busy') }],
    ['the AI SDK, at its end', { type: 'finish', finishReason: 'error' }],
  ])('that says that it failed has failed, read to its end or left: by %s', async (_, event) => {
    for (const usage of [null, USAGE]) {
      const { router, told } = await bench({ models: [SMALL] })
      const list = [{ text: 'a' }, event, ...(usage === null ? [{}] : [{ usage }])]
      const run = await router.run(X, SIZE, () => events(list))
      await read(run.answer)
      const left = await router.run(X, SIZE, () => events([...list, {}]))
      for await (const each of left.answer) if (each === list[2]) break
      const costUsd = expect.closeTo(usage === null ? run.decision.reservedUsd : 0.002, 12)
      const failed = [run, left].map(({ decision }) => ({ kind: 'failed', id: decision.id, costUsd }))
      expect(told).toEqual(failed)
    }
  })

  it('that is empty is an answer', async () => {
    const { router, told } = await bench()
    const run = await router.run(X, SIZE, () => events([]))
    expect(await read(run.answer)).toEqual([])
    expect(told).toMatchObject([{ kind: 'settled' }])
  })
})

describe('the steps of a session', () => {
  const answer = () => ({ usage: USAGE })

  async function step(router: Router, session: string, candidates?: readonly string[]) {
    return router.run(X, { ...SIZE, session, ...(candidates === undefined ? {} : { candidates }) }, answer)
  }

  it('go to one model, and share a reward', async () => {
    const { router } = await bench()
    const first = await step(router, 's', ['large'])
    const steps = [first]
    for (let i = 0; i < 5; i++) steps.push(await step(router, 's'))
    expect(steps.map(({ decision }) => decision.model)).toEqual(Array(6).fill('large'))
    const other = await step(router, 'other', ['large'])
    await steps[5].reward(0.5).durable
    const rewarded = () => router.stats().models.map((model) => model.rewarded)
    expect(rewarded()).toEqual([0, 6])
    await other.reward(1).durable
    expect(rewarded()).toEqual([0, 7])
    // A reward of a later step reaches later steps alone.
    await (await step(router, 's')).reward(1).durable
    expect(rewarded()).toEqual([0, 8])
  })

  it('are of one tenant: another that calls its own alike has a model and rewards of its own', async () => {
    const { router } = await bench({ tenants: [{ id: 'a' }, { id: 'b' }] })
    const steps = new Map<string | undefined, Run<object>>()
    for (const [tenant, model] of [
      ['a', 'large'],
      ['b', 'small'],
      [undefined, 'large'],
    ] as const) {
      const run = { ...SIZE, session: '1', tenant }
      expect((await router.run(X, { ...run, candidates: [model] }, answer)).decision.model).toBe(model)
      const second = await router.run(X, run, answer)
      expect(second.decision.model).toBe(model)
      steps.set(tenant, second)
    }
    steps.get('a')?.reward(1)
    steps.get('b')?.reward(0)
    const models = new Map(router.stats().models.map((model) => [model.id, model]))
    expect(models.get('small')).toMatchObject({ rewarded: 2, meanReward: 0 })
    expect(models.get('large')).toMatchObject({ rewarded: 2, meanReward: 1 })
  })

  it('go on with another model where theirs fails, is disabled, or is not wanted', async () => {
    const { router } = await bench()
    await step(router, 's', ['large'])
    router.disable('large')
    expect((await step(router, 's')).decision.model).toBe('small')
    router.enable('large')
    expect((await step(router, 's')).decision.model).toBe('small')
    expect((await step(router, 's', ['large'])).decision.model).toBe('large')
    const run = await router.run(X, { ...SIZE, session: 's' }, ({ model }) => {
      if (model === 'large') throw failing(500)
      return answer()
    })
    expect(run.decisions.map(({ model }) => model)).toEqual(['large', 'small'])
    expect((await step(router, 's')).decision.model).toBe('small')
  })

  it('are one request each for a strict budget, though their model cannot be paid for any more', async () => {
    const { router } = await bench({ budget: { usdPerRequest: 0.003 }, strict: true })
    await step(router, 's', ['large'])
    let steps = 1
    for (; steps < 200; steps++) await step(router, 's')
    const { account, pacer, requests } = router.stats()
    expect(requests).toBe(steps)
    expect(account?.refused).toBe(0)
    expect(pacer.allowanceUsd).toBeCloseTo(steps * 0.003, 9)
    expect((await step(router, 's')).decision.model).toBe('small')
  })

  it('are forgotten after an hour, and beyond ten thousand', () => {
    const sessions = new RunSessions()
    const decision = { id: 'r.1', model: 'm' } as Decision
    sessions.answered('old', decision, 0)
    expect(sessions.modelOf('old', SESSION_TTL_MS)).toBe('m')
    expect(sessions.modelOf('old', SESSION_TTL_MS + 1)).toBe(null)
    for (let i = 0; i < SESSIONS_MAX + 50; i++) sessions.answered(`s${i}`, decision, 0)
    expect(sessions.size).toBe(SESSIONS_MAX)
    expect(sessions.modelOf('s0', 0)).toBe(null)
    for (let i = 0; i < 1000; i++) sessions.answered('long', decision, 0)
    expect(sessions.takeUnrewarded('long')).toHaveLength(256)
    expect(sessions.takeUnrewarded('long')).toEqual([])
  })
})

describe('the money of runs', () => {
  it('of a thousand mixed calls is what the provider bills, to 1e-9', async () => {
    const clock = new TestClock()
    const { router } = await bench({ clock: clock.read })
    const random = new Random(16)
    const prices = new Map([
      ['small', SMALL],
      ['large', LARGE],
    ])
    let billedUsd = 0
    const bill = (model: string) => {
      const usage = { prompt_tokens: random.below(3000), completion_tokens: random.below(500) }
      const { inputUsdPerMTok, outputUsdPerMTok } = prices.get(model) ?? SMALL
      billedUsd += (usage.prompt_tokens * inputUsdPerMTok + usage.completion_tokens * outputUsdPerMTok) / 1e6
      return usage
    }
    for (let i = 0; i < 1000; i++) {
      const kind = random.below(6)
      const run = await router
        .run(X, { ...SIZE, triesMax: 3 }, ({ model, reservedUsd }) => {
          if (kind === 0 && random.next() < 0.5) throw failing(random.next() < 0.5 ? 500 : 429)
          if (kind === 1) {
            billedUsd += reservedUsd
            throw Object.assign(new Error('broken off'), { name: 'AbortError' })
          }
          if (kind === 2) return events(['a', { usage: bill(model) }])
          if (kind === 3) throw failing(400)
          return { usage: bill(model) }
        })
        .catch(() => null)
      if (run !== null && Symbol.asyncIterator in run.answer) for await (const _ of run.answer);
    }
    const { pacer, pending } = router.stats()
    expect(pending.unsettled).toBe(0)
    expect(pacer.spendUsd).toBeCloseTo(billedUsd, 9)
  })
})

describe('usageOf', () => {
  it('finds nothing where there is nothing', () => {
    for (const value of [null, undefined, 7, 'text', [], {}, { usage: 7 }, { data: null }, { message: 'x' }])
      expect(usageOf(value)).toBe(null)
  })
})
