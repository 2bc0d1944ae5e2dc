import { types } from 'node:util'
import { describe, expect, it } from 'vitest'
import { routed as routedModel } from '../../src/adapters/ai-sdk/index.js'
import { routed } from '../../src/adapters/openai/index.js'
import { ParetoBanditError } from '../../src/base/errors.js'
import * as evaluate from '../../src/evaluate/index.js'
import * as features from '../../src/features/index.js'
import * as index from '../../src/index.js'
import * as prices from '../../src/prices/index.js'
import * as rewards from '../../src/rewards/index.js'
import { memoryStore } from '../../src/store/memory/memory-store.js'
import { redisStore } from '../../src/store/redis/index.js'
import { sqliteStore } from '../../src/store/sqlite/index.js'
import { digest } from '../support/router.js'

type Call = (...args: never[]) => unknown
type Path = readonly string[]

const REFUSED = new RangeError('nobody reads this')

/** What takes the place of one field of a call that is right. */
const WRONG: Readonly<Record<string, (at: object, key: string) => unknown>> = {
  'cannot be read': (at, key) =>
    Object.defineProperty(at, key, {
      enumerable: true,
      get() {
        throw REFUSED
      },
    }),
  'is undefined': (at, key) => Reflect.set(at, key, undefined),
  'is null': (at, key) => Reflect.set(at, key, null),
  'is NaN': (at, key) => Reflect.set(at, key, Number.NaN),
  'is a number': (at, key) => Reflect.set(at, key, 7),
  'is below 0': (at, key) => Reflect.set(at, key, -1),
  'is a BigInt': (at, key) => Reflect.set(at, key, 5n),
  'is a text': (at, key) => Reflect.set(at, key, 'zz'),
  'is a long text': (at, key) => Reflect.set(at, key, 'x'.repeat(100_000)),
  'is a symbol': (at, key) => Reflect.set(at, key, Symbol('s')),
  'is true': (at, key) => Reflect.set(at, key, true),
  'is a list': (at, key) => Reflect.set(at, key, []),
  'is an object': (at, key) => Reflect.set(at, key, {}),
  'is bare': (at, key) => Reflect.set(at, key, Object.create(null)),
  'is a map': (at, key) => Reflect.set(at, key, new Map()),
  'goes round': (at, key) => Reflect.set(at, key, at),
  'is bytes': (at, key) =>
    Reflect.set(at, key, Object.defineProperty(new Uint8Array(2), 'constructor', { value: undefined })),
}

function isPlain(value: unknown): value is Record<string, unknown> | unknown[] {
  if (typeof value !== 'object' || value === null) return false
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype
}

function copyOf(value: unknown): unknown {
  if (!isPlain(value)) return value
  if (Array.isArray(value)) return value.map(copyOf)
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, copyOf(each)]))
}

function* pathsOf(value: unknown, at: Path = []): Generator<Path> {
  if (!isPlain(value)) return
  for (const [key, each] of Object.entries(value)) {
    yield [...at, key]
    yield* pathsOf(each, [...at, key])
  }
}

const models = [
  {
    id: 'a',
    inputUsdPerMTok: 1,
    outputUsdPerMTok: 2,
    tiers: [{ aboveInputTokens: 9, inputUsdPerMTok: 1, outputUsdPerMTok: 2 }],
  },
  { id: 'b', inputUsdPerMTok: 10, outputUsdPerMTok: 20 },
]
const caps = [{ usd: 1, per: 'day', timeZone: 'UTC', window: 'calendar', pacing: 'even' }]
const limits = {
  candidates: ['a'],
  exclude: ['b'],
  maxCostUsd: 1,
  maxLatencyMs: 1,
  tries: false,
  inputTokens: 1,
}
const request = {
  ...limits,
  maxOutputTokens: 1,
  expectedOutputTokens: 1,
  tenant: 't',
  exploit: true,
  explain: true,
}
const usage = { prompt_tokens: 9, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 1 } }
const row = { context: [1, 0, 1], outcomes: { a: { reward: 0.5, costUsd: 0.1 } } }
const X = [1, 0, 1]

function router(): Promise<index.Router> {
  return index.createRouter<string>({ models, dimension: 3, kernel: 'js', name: 'r', tenants: [{ id: 't' }] })
}

/** One router for all: what a call did before changes nothing of what the next is refused for. */
const shared = router()

const ROUTER: Readonly<Record<string, readonly unknown[]>> = {
  route: [X, request],
  routeAsync: [X, request],
  preview: [X, request],
  routeMany: [[X, X], request],
  run: [X, { ...request, session: 's', triesMax: 2 }, async () => ({ usage })],
  settle: ['r.9', { costUsd: 1, latencyMs: 5 }],
  settleMany: [[{ id: 'r.9', usage, serviceTier: 'batch' }], { each: true }],
  reward: ['r.9', 0.5],
  rewardMany: [[{ id: 'r.9', reward: 1 }], { each: true }],
  fail: ['r.9', { costUsd: 1, latencyMs: 1, retryAfterMs: 5 }],
  cancel: ['r.9', { inputTokens: 5, outputTokens: 3, cachedInputTokens: 1 }],
  correct: ['r.9', { usage }],
  addModel: [{ ...models[0], id: 'new' }, { forcedExploration: 3 }],
  removeModel: ['zz', { drain: true }],
  disable: ['a', { by: 'operator' }],
  reprice: ['a', { inputUsdPerMTok: 1, outputUsdPerMTok: 2, tiers: models[0].tiers }],
  setBudget: [{ usdPerRequest: 1 }, { tenant: 't' }],
  setCaps: [caps, { tenant: 't' }],
  adjustAccount: [1, { tenant: 't' }],
  setLatency: [{ ms: 1, percentile: 0.9 }],
  setQuality: [{ meanReward: 0.5 }],
  addTenants: [[{ id: 'u', budget: { usdPerRequest: 1 }, caps }]],
  editedOptions: [{ models, caps }],
}

const chat = { messages: [{ role: 'user', content: [{ type: 'text', text: 'x' }] }] }
const answer = { choices: [{ message: { content: 'y' }, finish_reason: 'stop' }] }
const scale = { name: 'q', worst: 0, best: 1, source: 'judge' }
const secret = { secret: 's'.repeat(32), ttlMs: 5 }
const call = {
  id: 'x',
  model: 'a',
  request: { model: 'a', ...chat },
  response: { usage, ...answer },
  reward: 1,
}

/** What a model of the AI SDK looks like. */
const sdkModel = { specificationVersion: 'v3', doGenerate: async () => ({}), doStream: async () => ({}) }

const FUNCTIONS: Readonly<Record<string, readonly [Call, readonly unknown[]]>> = {
  createRouter: [
    index.createRouter,
    [
      {
        ...{
          models,
          dimension: 3,
          kernel: 'js',
          budget: { usdPerRequest: 0.1, burst: 5 },
          caps,
          rewardRange: [0, 1],
        },
        ...{
          tenants: [{ id: 't', caps }],
          latency: { ms: 5, percentile: 0.9 },
          quality: { meanReward: 0.5 },
        },
        ...{
          expectedTokens: { input: 1, output: 1 },
          priors: index.fitPriors([row], { dimension: 3 }),
          journal: {},
        },
      },
    ],
  ],
  fitPriors: [index.fitPriors, [[row], { dimension: 3 }]],
  quoteBill: [index.quoteBill, [models[1], { usage, serviceTier: 'batch' }]],
  chatNeeds: [index.chatNeeds, [{ ...chat, tools: [{ type: 'function' }] }]],
  lookupEncoder: [features.lookupEncoder, [{ vectors: { a: [1, 2], b: [3, 4] }, name: 'v', bias: true }]],
  functionEncoder: [
    features.functionEncoder,
    [{ name: 'x', dimension: 2, bias: true, encode: () => [1, 2] }],
  ],
  createHashingEncoder: [
    features.createHashingEncoder,
    [{ pca: features.defaultPca(), maxChars: 100, name: 'x' }],
  ],
  defaultEncoder: [features.defaultEncoder, [{ maxChars: 100, name: 'x' }]],
  'of defaultEncoder': [
    (...args: [string, Float64Array, number]) => features.defaultEncoder().encodeInto(...args),
    ['x', new Float64Array(26), 0],
  ],
  'of lookupEncoder': [
    (...args: [string, Float64Array, number]) =>
      features.lookupEncoder({ vectors: { zz: [1] } }).encodeInto(...args),
    ['zz', new Float64Array(2), 0],
  ],
  'of functionEncoder': [
    (...args: [string, Float64Array, number]) =>
      features.functionEncoder({ name: 'x', dimension: 1, encode: () => [1] }).encodeInto(...args),
    ['zz', new Float64Array(2), 0],
  ],
  fitPca: [features.fitPca, [['a b', 'c d', 'e'], { components: 2, buckets: 64, maxChars: 64, seed: 1 }]],
  fitProjection: [features.fitProjection, [[X, [0, 5, 2], [7, 1, 1]], { components: 1, seed: 1 }]],
  createLogImport: [
    evaluate.createLogImport,
    [
      {
        for: 'priors',
        format: 'openai',
        models,
        names: { x: 'a' },
        rewardRange: [0, 1],
        columns: { prompt: 'q' },
      },
    ],
  ],
  'take of createLogImport': [
    (record: unknown, place: string) => {
      const log = evaluate.createLogImport({ for: 'priors', models })
      log.addScore(record, place)
      log.addRequest(record, place)
      log.take(record, place)
      const { rowsIn, rowsUsed, leftOut } = log.finish()
      expect(leftOut.reduce((sum, { count }) => sum + count, rowsUsed)).toBe(rowsIn)
    },
    [call, 'here'],
  ],
  importPrices: [
    prices.importPrices,
    [
      { x: { input_cost_per_token: 1e-6, output_cost_per_token: 1e-6 } },
      { models: { a: 'x' }, current: models },
    ],
  ],
  createRewards: [
    async (options: rewards.RewardsOptions) => rewards.createRewards(await shared, options),
    [
      {
        ...{
          weights: { client: 1, mine: 2 },
          windowMs: 5,
          validators: { repeatMs: 5, waitMs: 5 },
          metrics: [scale],
        },
        judge: { ask: () => '1', share: 0.5, cap: { usd: 1, per: 'day', usdPerGrade: 0.01 } },
      },
    ],
  ],
  'answered of createRewards': [
    async (given: rewards.AnsweredRequest) => rewards.createRewards(await shared, {}).answered(given),
    [{ decision: 'r.1', owner: 'o', askedAt: 0, ...rewards.answerOf('chat', chat, answer) }],
  ],
  'giveMany of createRewards': [
    async (given: rewards.RewardInput[]) => rewards.createRewards(await shared, {}).giveMany(given),
    [[{ decision: 'r.1', value: 1, source: 'person' }]],
  ],
  answerOf: [rewards.answerOf, ['chat', chat, answer]],
  readFeedback: [rewards.readFeedback, [{ decision_id: 'd', value: 1, metric: 'q' }, { metrics: [scale] }]],
  linkToken: [rewards.linkToken, [{ decision: 'd', value: 1 }, secret, 0]],
  thumbLinks: [rewards.thumbLinks, ['d', 'https://h/f/', secret]],
  fitsSchema: [rewards.fitsSchema, [{ a: [1] }, { type: 'object', properties: { a: { type: 'array' } } }]],
  LangfuseScores: [
    (options: rewards.LangfuseOptions) => new rewards.LangfuseScores(options),
    [
      {
        ...{ baseUrl: 'https://x', publicKey: 'a', secretKey: 'b', scores: [scale] },
        cursor: { fromMs: 0, toMs: null, page: 1 },
      },
    ],
  ],
  memoryStore: [memoryStore, [{ retainEvents: 5 }]],
  redisStore: [
    redisStore,
    [{ url: 'redis://127.0.0.1:1', stream: 'x', name: 'r', retainEvents: 5, timeoutMs: 10 }],
  ],
  sqliteStore: [
    sqliteStore,
    ['none.db', { driver: 'auto', retainEvents: 5, durability: 'full', lockWaitMs: 5 }],
  ],
  'routed of openai': [
    async (options: object) =>
      routed({ chat: { completions: { create() {} } } } as never, await shared, options),
    [{ auto: 'auto', names: { a: 'x' }, run: { tenant: 't' }, capabilities: { a: ['tools'] } }],
  ],
  'routed of ai-sdk': [
    async (options: object) => routedModel(await shared, options as never),
    [{ models: { a: sdkModel, b: sdkModel }, run: { tenant: 't' }, capabilities: { a: ['tools'] } }],
  ],
}

/** What the call throws or rejects with, of another kind than ours; null: nothing. */
async function untyped(run: () => unknown): Promise<unknown> {
  try {
    const answer = run()
    if (types.isPromise(answer)) await answer
    return null
  } catch (error) {
    return error instanceof ParetoBanditError && error.message.startsWith(error.field) ? null : error
  }
}

async function foundIn(args: readonly unknown[], run: (...args: never[]) => unknown): Promise<unknown[]> {
  const found: unknown[] = []
  for (const path of pathsOf(args))
    for (const [what, put] of Object.entries(WRONG)) {
      if (path.length === 1 && what === 'cannot be read') continue
      const own = copyOf(args) as unknown[]
      const key = path[path.length - 1]
      let at: unknown = own
      for (const each of path.slice(0, -1)) at = Reflect.get(at as object, each)
      put(at as object, key)
      const error = await untyped(() => run(...(own as never[])))
      if (error !== null) found.push([path.join('.'), what, String(error)])
    }
  return found
}

describe('a call that is right but for one field, which is of another type or cannot be read', () => {
  it.each(Object.entries(FUNCTIONS))('%s takes it or throws a typed error', async (_, [run, args]) => {
    expect(await foundIn(args, run)).toEqual([])
  })

  it.each(Object.entries(ROUTER))(
    'router.%s likewise, and has changed nothing then',
    async (method, args) => {
      const found = await foundIn(args, async (...own: never[]) => {
        const its = await shared
        const before = digest(its)
        const run: (...anything: never[]) => unknown = its[method as 'route'] as never
        try {
          await run.apply(its, own)
        } catch (error) {
          expect(digest(its)).toBe(before)
          throw error
        }
      })
      expect(found).toEqual([])
    },
  )
})
