import { describe, expect, it } from 'vitest'
import { ParetoBanditError } from '../../src/base/errors.js'
import { createRouter } from '../../src/create-router.js'
import {
  createHashingEncoder,
  defaultEncoder,
  defaultPca,
  fitPca,
  functionEncoder,
  lookupEncoder,
} from '../../src/features/index.js'
import { fitPriors } from '../../src/index.js'
import type { RouterOptions } from '../../src/policy/options.js'
import type { Router } from '../../src/router/router.js'
import { memoryStore } from '../../src/store/memory/memory-store.js'
import { redisStore } from '../../src/store/redis/index.js'
import { sqliteStore } from '../../src/store/sqlite/index.js'
import { wrong } from '../support/errors.js'
import { MODELS, makeBench, X } from '../support/router.js'

/** What a caller gives, with one key misspelt somewhere in it; its path is where. */
function* misspelt(value: unknown, path = ''): Generator<readonly [given: unknown, path: string]> {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return
  if (!Array.isArray(value)) yield [{ ...value, exlude: [] }, path === '' ? 'exlude' : `${path}.exlude`]
  for (const [key, entry] of Object.entries(value)) {
    const at = Array.isArray(value) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`
    for (const [given, inner] of misspelt(entry, at)) {
      if (Array.isArray(value)) yield [value.map((old, i) => (i === Number(key) ? given : old)), inner]
      else yield [{ ...value, [key]: given }, inner]
    }
  }
}

interface Case {
  /** What is given, as it should be: it is taken. */
  readonly good: object
  readonly call: (given: never, router: Router) => unknown
}

const PRICE = { inputUsdPerMTok: 1, outputUsdPerMTok: 2 }
const CAPS = [{ usd: 5, per: 'day', window: 'calendar', timeZone: 'UTC' }] as const
const USAGE = { inputTokens: 3, outputTokens: 4, serviceTier: 'batch' }
const routed = (router: Router) => router.route(X).id

const VERBS: Readonly<Record<string, Case>> = {
  route: {
    good: { candidates: ['small'], exclude: [], maxCostUsd: 1, inputTokens: 5 },
    call: (given, router) => router.route(X, given),
  },
  routeAsync: { good: { exploit: true }, call: (given, router) => router.routeAsync(X, given) },
  routeMany: { good: { explain: true }, call: (given, router) => router.routeMany([X], given) },
  settle: {
    good: { costUsd: 0.1, latencyMs: 5, ...USAGE },
    call: (given, router) => router.settle(routed(router), given),
  },
  settleMany: {
    good: [{ id: 'r.1', costUsd: 0.1 }],
    call: (given, router) => {
      routed(router)
      return router.settleMany(given)
    },
  },
  rewardMany: {
    good: [{ id: 'r.1', reward: 1 }],
    call: (given, router) => {
      routed(router)
      return router.rewardMany(given)
    },
  },
  'settleMany, its options': {
    good: { each: true },
    call: (given, router) => router.settleMany([{ id: routed(router), costUsd: 0 }], given),
  },
  'rewardMany, its options': {
    good: { each: true },
    call: (given, router) => router.rewardMany([{ id: routed(router), reward: 0 }], given),
  },
  cancel: { good: { ...USAGE, latencyMs: 5 }, call: (given, router) => router.cancel(routed(router), given) },
  correct: { good: { costUsd: 0.1 }, call: (given, router) => router.correct(routed(router), given) },
  'adjustAccount, its options': {
    good: { tenant: 't' },
    call: (given, router) => router.adjustAccount(1, given),
  },
  fail: { good: { ...USAGE, latencyMs: 5 }, call: (given, router) => router.fail(routed(router), given) },
  addModel: {
    good: { id: 'new', ...PRICE, tiers: [{ aboveInputTokens: 100, ...PRICE }] },
    call: (given, router) => router.addModel(given),
  },
  'addModel, its options': {
    good: { forcedExploration: 5 },
    call: (given, router) => router.addModel({ id: 'new', ...PRICE }, given),
  },
  reprice: { good: PRICE, call: (given, router) => router.reprice('small', given) },
  setBudget: { good: { usdPerRequest: 1 }, call: (given, router) => router.setBudget(given) },
  'setBudget, its options': {
    good: { tenant: 't' },
    call: (given, router) => router.setBudget({ usdPerRequest: 1 }, given),
  },
  setCaps: { good: CAPS, call: (given, router) => router.setCaps(given) },
  'setCaps, its options': { good: { tenant: 't' }, call: (given, router) => router.setCaps([], given) },
  setLatency: { good: { meanMs: 5 }, call: (given, router) => router.setLatency(given) },
  setQuality: { good: { meanReward: 0.5 }, call: (given, router) => router.setQuality(given) },
  addTenant: {
    good: { id: 'new', budget: { usdPerRequest: 1 }, caps: CAPS },
    call: (given, router) => router.addTenant(given),
  },
  addTenants: {
    good: [{ id: 'new', budget: { usdPerRequest: 1 } }],
    call: (given, r) => r.addTenants(given),
  },
}

const ROWS = [{ context: [1, 1], outcomes: { small: { reward: 1, costUsd: 0.1 } } }]
const FUNCTIONS: Readonly<Record<string, Case>> = {
  createRouter: {
    good: {
      models: [{ ...MODELS[0], cachedInputUsdPerMTok: 0.05 }],
      budget: { usdPerRequest: 1, burst: 5 },
      caps: CAPS,
      tenants: [{ id: 't', budget: { usdPerRequest: 1 } }],
      latency: { meanMs: 5 },
      quality: { meanReward: 0.5 },
      rewardRange: [0, 2],
      dimension: 3,
      kernel: 'js',
    } satisfies RouterOptions,
    call: (given) => createRouter(given),
  },
  'createRouter, its journal': {
    good: { snapshotEvents: 5 },
    call: (journal) => createRouter({ dimension: 3, kernel: 'js', store: memoryStore(), journal }),
  },
  memoryStore: { good: { retainEvents: 5 }, call: (given) => memoryStore(given) },
  sqliteStore: { good: { retainEvents: 5 }, call: (given) => sqliteStore('file', given) },
  redisStore: { good: { url: 'redis://localhost' }, call: (given) => redisStore(given) },
  'fitPriors, its options': { good: { encoder: 'e', dimension: 2 }, call: (given) => fitPriors(ROWS, given) },
  defaultEncoder: { good: { maxChars: 100 }, call: (given) => defaultEncoder(given) },
  createHashingEncoder: {
    good: { maxChars: 100 },
    call: (given: object) => createHashingEncoder({ pca: defaultPca(), ...given }),
  },
  functionEncoder: {
    good: { name: 'f', dimension: 2, encode: () => [1, 2] },
    call: (given) => functionEncoder(given),
  },
  lookupEncoder: {
    good: { name: 'l' },
    call: (given: object) => lookupEncoder({ vectors: { a: [1] }, ...given }),
  },
  fitPca: {
    good: { components: 1 },
    call: (given) => fitPca(['a b', 'b c', 'c d a', 'e f a b'], given),
  },
}

async function outcomeOf(call: () => unknown): Promise<string> {
  try {
    const result = await call()
    if (
      result !== null &&
      typeof result === 'object' &&
      'close' in result &&
      typeof result.close === 'function'
    )
      await result.close()
    return 'taken'
  } catch (error) {
    return error instanceof ParetoBanditError ? `${error.code} ${error.field}` : String(error)
  }
}

describe.each(Object.entries({ ...VERBS, ...FUNCTIONS }))('%s', (_, { good, call }) => {
  it('refuses a key that it does not know, wherever it stands, and has changed nothing', async () => {
    const make = async () => {
      const { router } = await makeBench({ tenants: [{ id: 't', budget: { usdPerRequest: 1 } }] })
      return router
    }
    const router = await make()
    expect(await outcomeOf(() => call(wrong(good), router))).toBe('taken')
    const wrongs: string[] = []
    for (const [given, path] of misspelt(good)) {
      const outcome = await outcomeOf(async () => call(wrong(given), await make()))
      const field = path.replace(/^\[/, '')
      if (!outcome.startsWith('UNKNOWN_OPTION') || !outcome.endsWith(field))
        wrongs.push(`${path}: ${outcome}`)
    }
    expect(wrongs).toEqual([])
  })
})

it('an event of another router is refused with a key more', async () => {
  const { router, log } = await makeBench()
  router.settle(router.route(X).id, { costUsd: 0.1 })
  const { router: other } = await makeBench()
  for (const event of log) {
    expect(await outcomeOf(() => other.apply(wrong({ ...event, exlude: [] })))).toBe(
      'UNKNOWN_OPTION event.exlude',
    )
    other.apply(event)
  }
})
