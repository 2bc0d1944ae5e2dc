import { types } from 'node:util'
import { describe, expect, it } from 'vitest'
import * as aiSdk from '../../src/adapters/ai-sdk/index.js'
import * as langchain from '../../src/adapters/langchain/index.js'
import * as openai from '../../src/adapters/openai/index.js'
import { afterTimeout } from '../../src/base/after.js'
import { messageOf, ParetoBanditError } from '../../src/base/errors.js'
import * as json from '../../src/base/json.js'
import { reading } from '../../src/base/read-once.js'
import { textHash } from '../../src/base/text-hash.js'
import * as evaluate from '../../src/evaluate/index.js'
import * as features from '../../src/features/index.js'
import * as gateway from '../../src/gateway/index.js'
import * as index from '../../src/index.js'
import * as prices from '../../src/prices/index.js'
import * as rewards from '../../src/rewards/index.js'
import * as rewardParts from '../../src/rewards/parts.js'
import { Router } from '../../src/router/router.js'
import { redisStore } from '../../src/store/redis/index.js'
import { sqliteStore } from '../../src/store/sqlite/index.js'
import { wrong } from '../support/errors.js'
import { MODELS, X } from '../support/router.js'

type Call = (...args: unknown[]) => unknown

const REFUSED = new RangeError('nobody reads this')

/** Whatever asks it for its keys hears an exception. */
function unlisted(): object {
  const refuse = (): never => {
    throw REFUSED
  }
  return new Proxy({}, { ownKeys: refuse, getOwnPropertyDescriptor: refuse })
}

/** Whatever reads it hears an exception. */
function unread(): object {
  const refuse = (): never => {
    throw REFUSED
  }
  return new Proxy({}, { get: refuse, has: refuse })
}

/** Nothing can be asked of it: not whether it is a list, nor what made it. */
function revoked(target: object = {}): object {
  const { proxy, revoke } = Proxy.revocable(target, {})
  revoke()
  return proxy
}

/** Whatever asks what made it hears an exception. */
function motherless(): object {
  return new Proxy(
    {},
    {
      getPrototypeOf: () => {
        throw REFUSED
      },
    },
  )
}

/** Whatever is done with it, it throws. */
function hostile(target: object = {}): object {
  const refuse = (): never => {
    throw REFUSED
  }
  const traps = Object.getOwnPropertyNames(Reflect).map((name) => [name, refuse])
  return new Proxy(target, Object.fromEntries(traps))
}

const HOSTILE: readonly [string, () => unknown][] = [
  ['a revoked proxy', revoked],
  ['a revoked list', () => revoked([])],
  ['a revoked function', () => revoked(() => {})],
  ['a proxy without a prototype', motherless],
  ['a proxy that throws', hostile],
  ['a list that throws', () => hostile([])],
  ['a function that throws', () => hostile(() => {})],
]

/** What the call throws or rejects with; null: nothing. */
async function thrownBy(call: () => unknown): Promise<unknown> {
  try {
    const answer = call()
    // What is given back as it came is not asked whether it is a promise.
    if (types.isPromise(answer)) await answer
    return null
  } catch (error) {
    return error
  }
}

/** Its functions, classes and constants left out. */
function functionsOf(names: object): [string, Call][] {
  return Object.entries(names).filter(
    (entry): entry is [string, Call] =>
      typeof entry[1] === 'function' && !/^class\b/.test(Function.prototype.toString.call(entry[1])),
  )
}

function isTyped(error: unknown): boolean {
  return error === null || error instanceof ParetoBanditError || error instanceof gateway.ConfigError
}

const SHAPES: readonly [string, () => unknown[]][] = [
  ['the first', () => [unlisted()]],
  ['the second', () => ['x', unlisted()]],
  ['both', () => [unlisted(), unlisted()]],
  ['one in a list', () => [[unlisted()]]],
  ...HOSTILE.flatMap(([name, make]): [string, () => unknown[]][] => [
    [name, () => [make()]],
    [`${name}, second`, () => ['x', make()]],
    [`${name}, third`, () => ['x', {}, make()]],
    [`${name}, twice`, () => [make(), make()]],
    [`${name}, in a list`, () => [[make()]]],
    [`${name}, in an option`, () => [{ models: make(), caps: make(), id: make(), input: make() }]],
    [`${name}, in a second`, () => ['x', { models: make(), candidates: make(), usage: make() }]],
  ]),
  ['a number', () => [7]],
  ['a list', () => [[7]]],
]

const VALUES: readonly [string, () => unknown][] = [
  ['nothing', () => undefined],
  ['null', () => null],
  ['a number', () => 7],
  ['a list', () => [7]],
  ['a text', () => 'x'],
  ['an object of nothing', () => ({})],
  ['an object of no models', () => ({ models: {} })],
  ['one that cannot be read', unread],
  ['one that cannot be listed', unlisted],
  ...HOSTILE,
]

/** What stands rightly before the argument that is wrong. */
const RIGHT: Readonly<Record<string, () => unknown[][] | Promise<unknown[][]>>> = {
  'aiSdk.routed': async () => [[await someRouter()]],
  'openai.routed': async () => [[{}, await someRouter()]],
  'langchain.routingMiddleware': () => [[() => null]],
  'rewards.createRewards': async () => [[await someRouter()]],
  'rewardParts.checkAnswer': () => [
    [rewardParts.NO_CONTRACT],
    [rewardParts.NO_CONTRACT, new rewardParts.CollectedAnswer()],
  ],
  'rewards.linkToken': () => [[{ decision: 'd', value: 1 }]],
  'rewards.linkResponse': () => [['POST', 'x', { secret: 's'.repeat(32) }, 0]],
  'rewards.thumbLinks': () => [['d', 'https://host/f/']],
  'rewards.thumbsHtml': () => [[{ up: '/f/a', down: '/f/b' }]],
  'rewardParts.isInStore': () => [[Promise.resolve()], [Promise.resolve(), afterTimeout]],
  'rewards.evaluationReward': () => [[{ name: 'gen_ai.evaluation.result' }]],
  'rewards.readEvaluations': () => [[{ resourceLogs: [] }]],
  'rewards.readFeedback': () => [[{ decision_id: 'd', value: 1 }]],
  'rewards.fitsSchema': () => [[{ a: 1 }], [[1]]],
  'prices.importPrices': () => [[{ x: { input_cost_per_token: 1e-6 } }]],
  'gateway.readConfigText': () => [['models: []']],
}

function someRouter(): Promise<unknown> {
  return index.createRouter({ models: MODELS, dimension: 3, kernel: 'js' })
}

describe('arguments that cannot be read, or are of another type', () => {
  const all = functionsOf({ ...index, ...features, ...evaluate, redisStore, sqliteStore })
  it.each(all)('%s answers with a typed error or takes them', async (_, call) => {
    for (const [shape, args] of SHAPES) {
      const error = await thrownBy(() => call(...args()))
      expect([shape, isTyped(error) ? 'typed' : error]).toEqual([shape, 'typed'])
    }
  })

  const others: [string, Call][] = Object.entries({
    aiSdk,
    langchain,
    openai,
    prices,
    rewards,
    rewardParts,
    gateway,
    base: { ...json, messageOf, reading, textHash },
  }).flatMap(([entry, names]) =>
    functionsOf(names).map(([name, call]): [string, Call] => [`${entry}.${name}`, call]),
  )
  others.push(['langchain.RoutedChatModel', (fields) => new langchain.RoutedChatModel(wrong(fields))])
  others.push(['rewards.LangfuseScores', (options) => new rewards.LangfuseScores(wrong(options))])
  others.push(['rewardParts.Judge', (parts) => new rewardParts.Judge(wrong(parts))])
  others.push(['rewardParts.RewardCollector', (parts) => new rewardParts.RewardCollector(wrong(parts))])
  it.each(others)('%s likewise, whichever argument it is', async (name, call) => {
    const before = [[], ['x'], [{}], ['chat'], ['chat', {}], ...((await RIGHT[name]?.()) ?? [])]
    const all: [string, () => unknown[]][] = VALUES.flatMap(([shape, value]): [string, () => unknown[]][] => [
      ...before.map((first): [string, () => unknown[]] => [
        `${shape} after ${first.length}`,
        () => [...first, value()],
      ]),
      [`${shape} twice`, () => [value(), value()]],
      [`${shape} in a list`, () => [[value()]]],
      [`${shape} in a list, and behind`, () => [{}, [value()]]],
    ])
    for (const [shape, args] of [['nothing', () => []] as const, ...all]) {
      const error = await thrownBy(() => call(...args()))
      expect([shape, isTyped(error) ? 'typed' : error]).toEqual([shape, 'typed'])
    }
  })

  it.each(['aiSdk', 'langchain', 'openai'] as const)('%s: what is no answer has no run', async (entry) => {
    const runOf: Call = wrong<Record<string, Call>>({ aiSdk, langchain, openai }[entry]).runOf
    for (const [shape, value] of VALUES)
      expect([shape, (await runOf(value())) ?? null]).toEqual([shape, null])
  })

  it.each(['aiSdk', 'langchain'] as const)('%s: what is no answer takes no reward', async (entry) => {
    const reward: Call = wrong<Record<string, Call>>({ aiSdk, langchain }[entry]).reward
    for (const [shape, value] of VALUES) {
      const error = await thrownBy(() => reward(value(), 1))
      expect([shape, error]).toEqual([shape, expect.objectContaining({ code: 'INVALID_ARGUMENT' })])
    }
  })

  const OPTIONS = [
    ...[
      'models',
      'budget',
      'caps',
      'tenants',
      'latency',
      'quality',
      'policy',
      'encoder',
      'kernel',
      'clock',
      'store',
      'name',
      'seed',
    ],
    ...[
      'priors',
      'rewardRange',
      'journal',
      'onDifference',
      'exploration',
      'estimator',
      'candidates',
      'epsilon',
      'dimension',
    ],
  ]
  it.each(OPTIONS)('createRouter with option %s that cannot be read', async (option) => {
    for (const [shape, make] of HOSTILE) {
      for (const value of [make(), [make()], { a: make() }]) {
        const options = wrong<object>({ models: MODELS, dimension: 3, kernel: 'js', [option]: value })
        const error = await thrownBy(() => index.createRouter(options))
        expect([shape, isTyped(error) ? 'typed' : error]).toEqual([shape, 'typed'])
      }
    }
  })

  const ASKED = [
    'tenant',
    'candidates',
    'maxCostUsd',
    'maxLatencyMs',
    'inputTokens',
    'expectedTokens',
    'explain',
    'session',
    'signal',
  ]
  it.each(ASKED)('route, run and preview with option %s that cannot be read', async (option) => {
    const router = await index.createRouter({ models: MODELS, dimension: 3, kernel: 'js' })
    const before = Buffer.from(router.snapshot())
    for (const [shape, make] of HOSTILE) {
      for (const value of [make(), [make()], { a: make() }]) {
        const options = wrong<object>({ [option]: value })
        const call = () => ({ costUsd: 0 })
        for (const ask of [
          () => router.route(X, options),
          () => router.routeAsync(X, options),
          () => router.routeMany([X], options),
          () => router.run(X, options, wrong<never>(call)),
        ]) {
          const error = await thrownBy(ask)
          expect([shape, isTyped(error) ? 'typed' : error]).toEqual([shape, 'typed'])
          if (error !== null) expect(Buffer.compare(Buffer.from(router.snapshot()), before)).toBe(0)
          else router.restore(before)
        }
      }
    }
  })

  const methods = Object.getOwnPropertyNames(Router.prototype).filter(
    (name) =>
      !['constructor', 'close'].includes(name) &&
      !Object.getOwnPropertyDescriptor(Router.prototype, name)?.get,
  )
  it.each(methods)('Router.%s likewise, and nothing changes', async (name) => {
    const router = await index.createRouter({ models: MODELS, dimension: 3, kernel: 'js' })
    const { id } = router.route(X)
    for (const [shape, args] of [
      ...SHAPES,
      ['of a request', () => [id, unlisted()]] as const,
      ...HOSTILE.map(([shape, make]) => [`${shape}, of a request`, () => [id, make()]] as const),
      ...HOSTILE.map(
        ([shape, make]) =>
          [`${shape}, in that of a request`, () => [id, { usage: make(), costUsd: make() }]] as const,
      ),
    ]) {
      const before = Buffer.from(router.snapshot())
      const method = wrong<Record<string, Call>>(router)[name]
      const error = await thrownBy(() => method.apply(router, args()))
      expect([shape, isTyped(error) ? 'typed' : error]).toEqual([shape, 'typed'])
      if (error !== null) expect(Buffer.compare(Buffer.from(router.snapshot()), before)).toBe(0)
    }
  })
})
