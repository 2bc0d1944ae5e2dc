import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import type { PartialPlan, UsagePlan } from '../../../src/gateway/node/simulated/plan.js'
import { costUsd, PRICES } from '../../../src/gateway/node/simulated/prices.js'
import { NO_TOKENS } from '../../../src/gateway/node/simulated/tokens.js'
import { PLAN_FIELD, type Upstream } from '../../../src/gateway/node/simulated/upstream.js'
import { hasRedis, RedisServer } from '../../support/redis-server.js'
import {
  ASK,
  ASK_MESSAGES,
  ASK_RESPONSES,
  all,
  clientTree,
  startGateway,
  type TestGateway,
  type TestGatewayOptions,
} from './gateway.js'

let house: TestGateway
afterEach(async () => {
  const { failures } = house
  await house.close()
  expect(failures).toEqual([])
})

async function start(options: TestGatewayOptions = {}): Promise<TestGateway> {
  house = await startGateway(options)
  return house
}

/** The ledger has what the upstream counted, to 1e-9 dollars, and the upstream counted something. */
function expectTrue(): void {
  const { upstream } = house
  expect(upstream.costUsd()).toBeGreaterThan(0)
  expect(Math.abs(house.bookedUsd() - upstream.costUsd())).toBeLessThan(1e-9)
}

/** One request of each kind that costs something. */
const WAYS: readonly (readonly [string, (house: TestGateway, more?: object) => Promise<unknown>])[] = [
  ['chat', ({ openai }, more) => openai.chat.completions.create({ ...ASK, ...more })],
  [
    'chat, streamed',
    async ({ openai }, more) => all(await openai.chat.completions.create({ ...ASK, ...more, stream: true })),
  ],
  ['messages', ({ anthropic }, more) => anthropic.messages.create({ ...ASK_MESSAGES, ...more })],
  [
    'messages, streamed',
    async ({ anthropic }, more) =>
      all(await anthropic.messages.create({ ...ASK_MESSAGES, ...more, stream: true })),
  ],
  ['responses', ({ openai }, more) => openai.responses.create({ ...ASK_RESPONSES, ...more })],
  [
    'responses, streamed',
    async ({ openai }, more) =>
      all(await openai.responses.create({ ...ASK_RESPONSES, ...more, stream: true })),
  ],
  [
    'embeddings',
    ({ openai }, more) => openai.embeddings.create({ model: 'sim-embed', input: 'a text', ...more }),
  ],
]
const ROUTED = WAYS.filter(([name]) => name !== 'embeddings')

describe('rule 1: every call is reserved before and booked after, on one ledger', () => {
  it.each(WAYS)('%s', async (_, ask) => {
    await start({ script: () => ({ fault: { kind: 'stall-before-headers' } }) })
    const answer = ask(house)
    await house.upstream.until((entry) => entry.isStalled)
    expect(house.router.stats().pending.unsettled).toBe(1)
    house.upstream.release()
    await answer
    await house.over(1)
    expect(house.bookings).toHaveLength(1)
    expect(house.requests).toMatchObject([{ outcome: 'answered', tries: 1, isMeasured: true }])
    expectTrue()
  })

  it.each(ROUTED)('%s, of a model that the router chose', async (_, ask) => {
    await start()
    await ask(house, { model: 'auto' })
    await house.over(1)
    expect(house.bookings).toHaveLength(1)
    expectTrue()
  })

  it('of a tenant: on its account and on that of all', async () => {
    const caps = [{ usd: 10, per: 'day' }]
    await start({
      tree: {
        caps,
        tenants: [{ id: 'team', caps }],
        keys: [{ name: 'client', value: '$CLIENT_KEY', tenant: 'team' }],
      },
    })
    for (const [, ask] of WAYS) await ask(house)
    await house.over(WAYS.length)
    expectTrue()
    const accounts = [house.router.stats().account, house.router.tenantStats('team')]
    for (const account of accounts) expect(account?.caps[0].spentUsd).toBeCloseTo(house.upstream.costUsd(), 9)
  })

  it('of a request that is tried again: each try', async () => {
    let calls = 0
    await start({
      script: () => (calls++ === 0 ? { fault: { kind: 'status', status: 500 } } : {}),
    })
    await house.openai.chat.completions.create({ ...ASK, model: 'auto' })
    await house.over(1)
    expect(house.bookings.map(({ kind }) => kind)).toEqual(['failed', 'settled'])
    expect(house.requests).toMatchObject([{ tries: 2, outcome: 'answered' }])
    expectTrue()
  })

  it('counting tokens costs nothing, and reserves nothing', async () => {
    await start()
    const { input_tokens } = await house.anthropic.messages.countTokens({
      model: 'sim-claude',
      messages: ASK.messages,
    })
    expect(input_tokens).toBeGreaterThan(0)
    await house.over(1)
    expect(house.bookedUsd()).toBe(0)
  })
})

describe('rule 2: usage is always asked for, and taken in any shape', () => {
  const SHAPES: readonly Partial<UsagePlan>[] = [
    { place: 'own-chunk' },
    { place: 'own-chunk', isNullElsewhere: false },
    { place: 'own-chunk-with-choice' },
    { place: 'finish-chunk' },
    { place: 'before-finish' },
    { place: 'cumulative' },
    { place: 'twice' },
    { style: 'openrouter' },
    { style: 'deepseek' },
    { style: 'groq' },
    { style: 'groq', place: 'finish-chunk' },
    { style: 'bare' },
    { style: 'anthropic-names' },
    { isUnasked: true, place: 'cumulative', isNullElsewhere: false },
  ]

  it.each(SHAPES)('chat: %o', async (usage) => {
    const names: Record<string, PartialPlan['tokens']> = {
      bare: {},
      'anthropic-names': { cachedInput: 200, cacheWrite5m: 100 },
      deepseek: { cachedInput: 200, reasoning: 11 },
    }
    const tokens = names[usage.style ?? 'openai'] ?? { cachedInput: 200, cacheWrite5m: 100, reasoning: 11 }
    await start({ script: () => ({ usage, tokens: { input: 500, output: 40, ...tokens } }) })
    const silent = await all(await house.openai.chat.completions.create({ ...ASK, stream: true }))
    const told = await all(
      await house.openai.chat.completions.create({
        ...ASK,
        stream: true,
        stream_options: { include_usage: true },
      }),
    )
    await house.over(2)
    for (const { request } of house.upstream.entries)
      expect(request.body.stream_options).toMatchObject({ include_usage: true })
    expect(silent.filter(({ choices }) => choices.length === 0)).toEqual([])
    expect(silent.filter((chunk) => JSON.stringify(chunk).includes('"usage":{'))).toEqual([])
    expect(told.some((chunk) => chunk.usage != null || 'x_groq' in chunk)).toBe(true)
    expectTrue()
  })

  it.each<Partial<UsagePlan>>([{}, { repeatsInput: false }, { place: 'cumulative' }, { place: 'twice' }])(
    'messages: %o',
    async (usage) => {
      const tokens = { input: 900, cachedInput: 300, cacheWrite5m: 200, cacheWrite1h: 100, output: 40 }
      await start({ script: () => ({ usage, tokens }) })
      const events = await all(await house.anthropic.messages.create({ ...ASK_MESSAGES, stream: true }))
      await house.over(1)
      expect(events.some((event) => event.type === 'message_delta' && event.usage.output_tokens === 40)).toBe(
        true,
      )
      expectTrue()
    },
  )

  it.each(ROUTED)('%s without usage: no less than what was reserved', async (_, ask) => {
    await start({ script: () => ({ usage: { place: 'missing' } }) })
    let reservedUsd = 0
    house.router.on('routed', (event) => {
      reservedUsd = event.reservedUsd
    })
    await ask(house).catch(() => {})
    await house.over(1)
    expect(house.requests).toMatchObject([{ isMeasured: false }])
    expect(house.bookedUsd()).toBeGreaterThanOrEqual(reservedUsd)
    expect(house.bookedUsd()).toBeGreaterThan(0)
  })
})

it('answers without usage leave what the next ones are reserved at as it is', async () => {
  let asked = 0
  // After twenty short answers and a long one nothing is counted any more.
  await start({
    script: () => {
      asked++
      if (asked > 21) return { text: 'Yes.', usage: { place: 'missing' } }
      return { text: asked === 21 ? 'word '.repeat(4000) : 'A short answer of some words.' }
    },
  })
  const reserved: number[] = []
  house.router.on('routed', ({ reservedUsd }) => reserved.push(reservedUsd))
  for (let i = 0; i < 80; i++) await house.openai.chat.completions.create({ ...ASK, model: 'sim-small' })
  await house.over(80)
  const [first, ...later] = reserved.slice(22)
  for (const usd of later) expect(usd).toBeCloseTo(first, 12)
  expect(house.router.stats().models.map(({ flaggedUsages }) => flaggedUsages)).toContain(59)
})

describe('rule 2: a usage that does not count the prompt', () => {
  it.each([false, true])('has not measured it, streamed: %s', async (stream) => {
    await start({ script: () => ({ usage: { style: 'no-prompt' } }) })
    let reservedUsd = 0
    house.router.on('routed', (event) => {
      reservedUsd = event.reservedUsd
    })
    const content = 'a long prompt, '.repeat(2000)
    const answer = await house.openai.chat.completions.create({
      ...ASK,
      messages: [{ role: 'user', content }],
      stream,
    })
    if ('controller' in answer) await all(answer)
    await house.over(1)
    expect(house.requests).toMatchObject([{ isMeasured: false }])
    const [{ tokens }] = house.upstream.entries
    const prices = PRICES['sim-small']
    expect(house.bookedUsd()).toBeGreaterThanOrEqual(reservedUsd)
    // The estimate of the prompt is within a factor of two of what it was.
    expect(house.bookedUsd()).toBeGreaterThan(costUsd({ ...tokens, input: tokens.input / 2 }, prices))
  })
})

describe('rule 3: a client that goes away', () => {
  const leave = async (more: object, stream: boolean): Promise<void> => {
    const controller = new AbortController()
    const answer = house.openai.chat.completions.create(
      { ...ASK, stream, max_tokens: 2000, ...more },
      { signal: controller.signal },
    )
    const read = answer.then(async (given) => {
      if ('controller' in given) await all(given)
    })
    await house.upstream.until((entry) => entry.isStalled)
    controller.abort()
    await read.catch(() => {})
  }

  it.each<[string, boolean, PartialPlan['fault']]>([
    ['before the headers', true, { kind: 'stall-before-headers' }],
    ['before the first token', true, { kind: 'stall', afterPieces: 0 }],
    ['between tokens', true, { kind: 'stall', afterPieces: 10 }],
    ['before an answer that is not streamed', false, { kind: 'stall-before-headers' }],
    ['in the middle of one', false, { kind: 'stall', afterPieces: 0 }],
  ])('%s: its upstream is told, and what was generated is billed', async (_, stream, fault) => {
    await start({ script: () => ({ fault: fault ?? null }), tree: { routing: { reserve: 'worst-case' } } })
    await leave({}, stream)
    const { costUsd: upstreamUsd } = await house.upstream.until(({ ended }) => ended === 'left')
    await house.over(1)
    expect(house.requests).toMatchObject([{ outcome: 'cancelled' }])
    expect(house.bookings).toHaveLength(1)
    expect(house.bookedUsd()).toBeGreaterThanOrEqual(upstreamUsd)
  })

  it('is billed to the cent where usage came before it went', async () => {
    const usage = { place: 'cumulative' as const }
    await start({ script: () => ({ usage, fault: { kind: 'stall', afterPieces: 'all' } }) })
    await leave({}, true)
    await house.over(1)
    expectTrue()
  })

  it.each<[string, PartialPlan['fault'], boolean]>([
    ['its client left', { kind: 'stall', afterPieces: 3 }, true],
    ['it fell silent', { kind: 'stall', afterPieces: 3 }, false],
    ['its connection broke', { kind: 'reset', afterPieces: 3 }, false],
    ['it had no end', { kind: 'cut', afterPieces: 3 }, false],
    ['it was malformed', { kind: 'malformed', afterPieces: 3 }, false],
  ])(
    'is billed no less than was reserved where its usage so far came before %s',
    async (_, fault, isLeft) => {
      await start({
        script: () => ({ fault: fault ?? null, usage: { place: 'cumulative' } }),
        tree: { routing: { reserve: 'worst-case' }, retries: { triesMax: 1 } },
      })
      let reservedUsd = 0
      house.router.on('routed', (event) => {
        reservedUsd = event.reservedUsd
      })
      if (isLeft) await leave({}, true)
      else {
        const stream = await house.openai.chat.completions.create({ ...ASK, max_tokens: 2000, stream: true })
        const late = fault?.kind === 'stall' ? [house.timeOut()] : []
        await Promise.allSettled([all(stream), ...late])
      }
      await house.over(1)
      expect(house.requests).toMatchObject([{ isMeasured: false }])
      expect(house.bookedUsd()).toBeGreaterThanOrEqual(reservedUsd)
      expect(house.bookedUsd()).toBeGreaterThanOrEqual(house.upstream.costUsd())
    },
  )

  it('is billed to the cent where the operator drains', async () => {
    await start({
      script: () => ({ fault: { kind: 'stall', afterPieces: 3 } }),
      tree: { sessions: { onClientGone: 'drain' } },
    })
    await leave({}, true)
    house.upstream.release()
    await house.over(1)
    expect(house.upstream.entries[0].ended).toBe('answered')
    expectTrue()
  })

  it('is not drained for longer than the operator said', async () => {
    await start({
      script: () => ({ fault: { kind: 'stall', afterPieces: 3 } }),
      tree: { sessions: { onClientGone: 'drain', drainMs: 2000 } },
    })
    await leave({}, true)
    await house.timeOut()
    await house.upstream.until(({ ended }) => ended === 'left')
    await house.over(1)
    expect(house.bookedUsd()).toBeGreaterThan(0)
  })
})

describe('rule 3: a call that brings no answer', () => {
  const GENERATED: readonly NonNullable<PartialPlan['fault']>[] = [
    { kind: 'reset-before-headers', isGenerated: true },
    { kind: 'status', status: 504, body: 'html', isGenerated: true },
    { kind: 'status', status: 524, body: 'empty', isGenerated: true },
    { kind: 'status', status: 408, isGenerated: true },
    { kind: 'status', status: 502, body: 'html', isGenerated: true },
    { kind: 'status', status: 502, body: 'empty', isGenerated: true },
    { kind: 'reset', afterPieces: 0 },
    { kind: 'cut', afterPieces: 0 },
    { kind: 'malformed', afterPieces: 0 },
    { kind: 'stall-before-headers' },
    { kind: 'stall', afterPieces: 0 },
    { kind: 'reset', afterPieces: 3 },
    { kind: 'cut', afterPieces: 3 },
    { kind: 'malformed', afterPieces: 3 },
    { kind: 'stall', afterPieces: 3 },
  ]
  const FREE: readonly NonNullable<PartialPlan['fault']>[] = [
    { kind: 'status', status: 500 },
    { kind: 'status', status: 502 },
    { kind: 'status', status: 503 },
    { kind: 'status', status: 429 },
    { kind: 'status', status: 400 },
    { kind: 'status', status: 401 },
    { kind: 'error-event', afterPieces: 0 },
  ]
  const STREAMED = [true, false]
  const each = (faults: typeof FREE) =>
    faults.flatMap((fault) => STREAMED.map((stream) => ({ fault, stream })))

  const fail = async (fault: PartialPlan['fault'], stream: boolean) => {
    await start({
      script: () => ({ fault: fault ?? null, tokens: { output: 400 } }),
      tree: { routing: { reserve: 'worst-case' }, retries: { triesMax: 1 } },
    })
    let reservedUsd = 0
    house.router.on('routed', (event) => {
      reservedUsd = event.reservedUsd
    })
    const answer = house.openai.chat.completions.create({ ...ASK, stream, max_tokens: 500 })
    const read = answer.then(async (given) => {
      if ('controller' in given) await all(given)
    })
    const late = fault?.kind.startsWith('stall') === true ? [house.timeOut()] : []
    const [result] = await Promise.allSettled([read, ...late])
    await house.over(1)
    expect(result.status).toBe('rejected')
    return reservedUsd
  }

  it.each(each(GENERATED))(
    'may be billed by its upstream, so no less than was reserved is booked: $fault, streamed: $stream',
    async ({ fault, stream }) => {
      const reservedUsd = await fail(fault, stream)
      expect(house.upstream.costUsd()).toBeGreaterThan(0)
      expect(house.bookings).toHaveLength(1)
      expect(house.bookedUsd()).toBeGreaterThanOrEqual(house.upstream.costUsd())
      expect(house.bookedUsd()).toBeGreaterThanOrEqual(reservedUsd)
      expect(house.requests).toMatchObject([{ isMeasured: false, costUsd: house.bookedUsd() }])
    },
  )

  it.each(each(FREE))(
    'is free where the upstream said that it failed: $fault, streamed: $stream',
    async ({ fault, stream }) => {
      await fail(fault, stream)
      expect(house.upstream.costUsd()).toBe(0)
      expect(house.bookings).toMatchObject([{ costUsd: 0 }])
    },
  )

  it('is free where nothing could be sent', async () => {
    await start()
    await house.upstream.close()
    await expect(house.openai.chat.completions.create(ASK)).rejects.toMatchObject({
      code: 'upstream_unreachable',
    })
    expect(house.bookings).toMatchObject([{ costUsd: 0 }])
  })
})

describe('rule 4: each kind of tokens has its own price', () => {
  const KINDS = {
    input: 3000,
    cachedInput: 700,
    cacheWrite5m: 300,
    audioInput: 110,
    imageInput: 90,
    output: 500,
    reasoning: 120,
    audioOutput: 70,
  }

  it('cached, written, heard, seen, thought and spoken, on chat and on responses', async () => {
    await start({ script: () => ({ tokens: KINDS }) })
    for (const [, ask] of WAYS.filter(([name]) => /chat|responses/.test(name))) await ask(house)
    await house.over(4)
    expectTrue()
  })

  it('written to a cache for five minutes and for an hour, on messages', async () => {
    const tokens = { input: 3000, cachedInput: 700, cacheWrite5m: 300, cacheWrite1h: 200, output: 50 }
    await start({ script: () => ({ tokens }) })
    for (const [, ask] of WAYS.filter(([name]) => /messages/.test(name))) await ask(house)
    await house.over(2)
    expectTrue()
  })

  it('in the tier of its input, and less as flex', async () => {
    await start({ script: ({ index }) => ({ tokens: { input: 200_000 + index, output: 100 } }) })
    for (let i = 0; i < 2; i++) await house.openai.chat.completions.create({ ...ASK, model: 'sim-large' })
    const flex = await house.openai.chat.completions.create({ ...ASK, service_tier: 'flex' })
    expect(flex.service_tier).toBe('flex')
    const streamed = { ...ASK, service_tier: 'flex' as const, stream: true as const }
    await all(await house.openai.chat.completions.create(streamed))
    await house.over(4)
    expectTrue()
  })

  it('is charged at the dearest that could apply where a kind has no price', async () => {
    const bare = { inputUsdPerMTok: 1.1, outputUsdPerMTok: 4.4, audioInputUsdPerMTok: 9 }
    const tree = (upstream: Upstream) => ({
      models: [{ id: 'sim-middle', upstream: 'openai', prices: bare, groups: [] }],
      upstreams: clientTree(upstream).upstreams,
    })
    await start({ tree, script: () => ({ tokens: { input: 1000, cacheWrite5m: 400, output: 10 } }) })
    await house.openai.chat.completions.create(ASK)
    await house.over(1)
    expect(house.bookedUsd()).toBeCloseTo((600 * 1.1 + 400 * 9 + 10 * 4.4) / 1e6, 12)
  })
})

describe('rule 5: the last dollar is spent once', () => {
  it('by requests that come at once: the cap holds, the others are refused before any call', async () => {
    const tokens = { input: 100, output: 1000 }
    const each = costUsd({ ...NO_TOKENS, ...tokens }, PRICES['sim-middle'])
    await start({
      script: () => ({ tokens, fault: { kind: 'stall-before-headers' } }),
      tree: {
        caps: [{ usd: each * 3.5, per: 'day' }],
        routing: { reserve: 'worst-case', strict: true },
        // Without kinds that are dearer: the worst case is what it costs.
        models: [
          { id: ASK.model, upstream: 'openai', prices: { inputUsdPerMTok: 1.1, outputUsdPerMTok: 4.4 } },
        ],
      },
    })
    const answers = Promise.allSettled(
      Array.from({ length: 12 }, () => house.openai.chat.completions.create({ ...ASK, max_tokens: 1000 })),
    )
    const release = setInterval(() => house.upstream.release(), 5)
    const results = await answers
    clearInterval(release)
    await house.over(12)
    expectTrue()
    expect(house.upstream.costUsd()).toBeLessThanOrEqual(each * 3.5)
    expect(house.upstream.entries.length).toBeGreaterThan(0)
    const refused = results.filter(({ status }) => status === 'rejected')
    expect(refused).toHaveLength(12 - house.upstream.entries.length)
    for (const result of refused)
      expect(result).toMatchObject({
        reason: { status: expect.toSatisfy((status) => [402, 429].includes(status)) },
      })
  })

  it('by prompts of which a tokenizer makes a token of each byte: the cap holds, whatever they are', async () => {
    const prices = { inputUsdPerMTok: 1.1, outputUsdPerMTok: 4.4 }
    const words = '0123456789 ?{}:;<>zxqj'
    const prompts = Array.from({ length: 24 }, (_, i) =>
      Array.from({ length: 20_000 }, (_, j) => words[(j * (7 + i)) % words.length]).join(''),
    )
    const usd = (4 * 20_000 * prices.inputUsdPerMTok) / 1e6
    await start({
      script: ({ body: { messages } }) => ({
        tokens: { input: Buffer.byteLength(JSON.stringify(messages)), output: 10 },
        fault: { kind: 'stall-before-headers' },
      }),
      tree: {
        caps: [{ usd, per: 'day' }],
        routing: { reserve: 'worst-case', strict: true },
        models: [{ id: ASK.model, upstream: 'openai', prices }],
      },
    })
    const answers = Promise.allSettled(
      prompts.map((content) =>
        house.openai.chat.completions.create({
          ...ASK,
          max_tokens: 10,
          messages: [{ role: 'user', content }],
        }),
      ),
    )
    const release = setInterval(() => house.upstream.release(), 5)
    const results = await answers
    clearInterval(release)
    await house.over(prompts.length)
    expectTrue()
    expect(results.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThanOrEqual(3)
    expect(house.upstream.costUsd()).toBeLessThanOrEqual(usd)
  })

  it('by a request of unknown length: it sets aside the longest answer of its models, or is told to say a limit', async () => {
    const routing = { reserve: 'worst-case' }
    const prices = { inputUsdPerMTok: 1.1, outputUsdPerMTok: 4.4 }
    const models = [
      { id: 'sim-middle', upstream: 'openai', prices, maxOutputTokens: 5000 },
      { id: 'sim-large', upstream: 'openai', prices },
    ]
    await start({ tree: { routing, models } })
    let reservedUsd = 0
    house.router.on('routed', (event) => {
      reservedUsd = event.reservedUsd
    })
    await house.openai.chat.completions.create(ASK)
    expect(reservedUsd).toBeGreaterThanOrEqual((5000 * 4.4) / 1e6)
    for (const model of ['sim-large', 'auto'])
      await expect(house.openai.chat.completions.create({ ...ASK, model })).rejects.toMatchObject({
        status: 400,
        code: 'limit_required',
      })
    await house.over(3)
    expect(house.upstream.entries).toHaveLength(1)
    expectTrue()
  })

  it.skipIf(!hasRedis)('by replicas on one Redis', async () => {
    const tokens = { input: 100, output: 1000 }
    const each = costUsd({ ...NO_TOKENS, ...tokens }, PRICES['sim-middle'])
    const usd = each * 5.5
    const redis = await RedisServer.start()
    onTestFinished(() => redis.stop())
    const tree = {
      store: { kind: 'redis', url: '$REDIS_URL' },
      caps: [{ usd, per: 'day' }],
      routing: { reserve: 'worst-case', strict: true },
      models: [
        { id: ASK.model, upstream: 'openai', prices: { inputUsdPerMTok: 1.1, outputUsdPerMTok: 4.4 } },
      ],
    }
    const env = { REDIS_URL: redis.url }
    await start({ tree, env, script: () => ({ tokens }) })
    const others = await Promise.all(
      Array.from({ length: 2 }, () => startGateway({ tree, env, upstream: house.upstream })),
    )
    const replicas = [house, ...others]
    const answered: unknown[] = []
    // Processes are handed slices of the cap when they ask: until then they refuse.
    for (let round = 0; round < 50 && answered.length === 0; round++) {
      const asked = Array.from({ length: 30 }, (_, i) =>
        replicas[i % replicas.length].openai.chat.completions.create({ ...ASK, max_tokens: 1000 }),
      )
      for (const result of await Promise.allSettled(asked))
        if (result.status === 'fulfilled') answered.push(result.value)
    }
    const spentUsd = house.upstream.costUsd()
    const toldUsd = replicas
      .flatMap(({ requests }) => requests)
      .reduce((sum, request) => sum + Number(request.costUsd ?? 0), 0)
    for (const other of others) await other.close()
    expect(answered.length).toBeGreaterThan(0)
    expect(answered.length).toBe(house.upstream.entries.length)
    expect(spentUsd).toBeLessThanOrEqual(usd)
    expect(Math.abs(toldUsd - spentUsd)).toBeLessThan(1e-9)
  })
})

describe('rule 6: 200 is not success', () => {
  it.each<[string, PartialPlan, string]>([
    ['an empty answer', { isEmpty: true }, 'empty_answer'],
    ['a refusal', { ending: 'refusal' }, 'refused_answer'],
    ['a truncated answer', { ending: 'length' }, 'truncated_answer'],
  ])('%s is recorded as such, and billed', async (_, plan, code) => {
    await start()
    for (const [, ask] of ROUTED) await ask(house, { [PLAN_FIELD]: plan }).catch(() => {})
    await house.over(ROUTED.length)
    expect(house.requests.map((request) => request.code)).toEqual(ROUTED.map(() => code))
    expectTrue()
  })

  it.each(ROUTED.filter(([name]) => name.includes('streamed')))(
    '%s: an error event within the stream is a failure, and what was generated is billed',
    async (_, ask) => {
      await start()
      const fault = { kind: 'error-event', afterPieces: 3 }
      await expect(ask(house, { [PLAN_FIELD]: { fault } })).rejects.toThrow()
      await house.over(1)
      expect(house.requests).toMatchObject([{ status: 200, outcome: 'failed' }])
      expect(house.bookings).toMatchObject([{ kind: 'failed' }])
      expect(house.bookedUsd()).toBeGreaterThanOrEqual(house.upstream.costUsd())
    },
  )
})
