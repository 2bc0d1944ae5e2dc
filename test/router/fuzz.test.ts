import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRouter } from '../../src/create-router.js'
import { ParetoBanditError } from '../../src/errors.js'
import type { Router } from '../../src/router.js'
import { type Operation, operation, Run } from '../support/operations.js'
import { digest, MODELS, makeBench, numbersIn } from '../support/router.js'
import '../support/seed.js'

const METHODS = [
  'route',
  'routeMany',
  'settle',
  'settleMany',
  'reward',
  'rewardMany',
  'fail',
  'addModel',
  'removeModel',
  'disable',
  'enable',
  'reprice',
  'setBudget',
  'explain',
  'inspectArm',
  'on',
  'apply',
  'restore',
] as const satisfies readonly (keyof Router)[]

const number = fc.oneof(
  fc.constantFrom(
    0,
    -0,
    -1,
    1,
    0.5,
    2,
    1e12,
    1e13,
    1e308,
    5e-324,
    1e-13,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2 ** 53,
  ),
  fc.double(),
)
const id = fc.constantFrom(
  'r.1',
  'r.2',
  'r.3',
  'r.4',
  'r.99',
  'r.01',
  'r.0',
  'r.',
  'x.1',
  '',
  'r.1e3',
  'small',
  'middle',
  'large',
  'new',
  '__proto__',
)
const junk: fc.Arbitrary<unknown> = fc.oneof(
  number,
  id,
  fc.constantFrom<unknown>(
    null,
    undefined,
    true,
    10n,
    Symbol('s'),
    {},
    [],
    new Map(),
    new Date(0),
    () => 1,
    Object.create(null),
  ),
  fc.constantFrom<unknown>(
    'x'.repeat(100_000),
    new Array(3),
    new Array(2 ** 32 - 1),
    { toString: 5 },
    new Uint8Array(9),
  ),
  fc.constantFrom<unknown>(
    new Float64Array(3),
    new BigInt64Array(3),
    new DataView(new ArrayBuffer(24)),
    Buffer.alloc(40),
  ),
  fc.array(number, { minLength: 2, maxLength: 4 }),
)
const FIELDS = [
  'id',
  'costUsd',
  'inputTokens',
  'outputTokens',
  'latencyMs',
  'reward',
  'inputUsdPerMTok',
  'outputUsdPerMTok',
  'usdPerRequest',
  'mode',
  'maxCostUsd',
  'maxLatencyMs',
  'maxOutputTokens',
  'candidates',
  'exclude',
  'exploit',
  'explain',
  'forcedExploration',
  'costUSD',
  'type',
  'at',
  'model',
  'context',
  'reservedUsd',
  'listCostUsd',
  'score',
  'penaltyWeight',
  'forced',
  'logCost',
  'prior',
  'price',
  '__proto__',
]
const type = fc.constantFrom(
  'routed',
  'settled',
  'rewarded',
  'failed',
  'expired',
  'model-added',
  'model-repriced',
  'budget-set',
  'model-removed',
)
const record = fc.dictionary(
  fc.constantFrom(...FIELDS),
  fc.oneof(junk, fc.array(id, { maxLength: 3 }), type),
  { maxKeys: 7 },
)
/** Near misses: records of the right shape with one or two fields of junk. */
const nearly = fc.oneof(
  fc.record({ id, costUsd: fc.oneof(number, junk) }),
  fc.record({ id, reward: fc.oneof(number, junk) }),
  fc.record({ id: fc.oneof(id, junk), inputUsdPerMTok: number, outputUsdPerMTok: fc.oneof(number, junk) }),
  fc.record({ inputUsdPerMTok: number, outputUsdPerMTok: number }),
  fc.record({ usdPerRequest: number }),
  fc.record({ inputTokens: number, outputTokens: number }, { requiredKeys: [] }),
  fc.record({
    type,
    at: number,
    id,
    model: id,
    costUsd: number,
    latencyMs: fc.oneof(number, fc.constant(null)),
    reward: number,
    usdPerRequest: number,
  }),
  fc.record({
    type: fc.constant('routed'),
    at: fc.constant(0),
    id,
    model: id,
    context: fc.constantFrom<unknown>(new Float64Array(3), [1, 2, 3]),
    reservedUsd: number,
    listCostUsd: number,
    score: number,
    penaltyWeight: number,
    forced: fc.boolean(),
  }),
)
const argument = fc.oneof(
  { weight: 3, arbitrary: junk },
  { weight: 1, arbitrary: record },
  { weight: 3, arbitrary: nearly },
  { weight: 1, arbitrary: fc.array(nearly, { maxLength: 3 }) },
)
interface WildCall {
  readonly method: (typeof METHODS)[number]
  readonly args: readonly unknown[]
}
const wildCall: fc.Arbitrary<WildCall> = fc.record({
  method: fc.constantFrom(...METHODS),
  args: fc.array(
    fc.oneof({ weight: 1, arbitrary: id as fc.Arbitrary<unknown> }, { weight: 3, arbitrary: argument }),
    { maxLength: 3 },
  ),
})

/** Calls a method with anything; what it throws, or null. */
function callWildly(router: Router, { method, args }: WildCall): unknown {
  try {
    const own: (...anything: unknown[]) => unknown = router[method] as never
    own.apply(router, [...args])
    return null
  } catch (error) {
    return error ?? 'nothing'
  }
}

function expectSound(router: Router): void {
  const stats = router.stats()
  for (const [path, value] of numbersIn(stats)) {
    if (!Number.isFinite(value) || (value < 0 && !path.endsWith('meanReward')))
      expect([path, value]).toBe('finite, not negative')
  }
  const { models, pacer, pending } = stats
  if (pending.unsettled === 0) expect(pacer.reservedUsd).toBe(0)
  const open = models.reduce((sum, each) => sum + each.requests, 0)
  expect(open).toBeLessThanOrEqual(stats.requests)
  for (const each of models) {
    expect(each.settled + each.failed).toBeLessThanOrEqual(each.requests)
    expect(each.rewarded).toBeLessThanOrEqual(each.requests)
    const arm = router.inspectArm(each.id)
    expect(arm.theta.every(Number.isFinite) && arm.variances.every((variance) => variance > 0)).toBe(true)
  }
  const bytes = router.snapshot()
  const text = new DataView(bytes.buffer).getUint32(12, true)
  expect(new Float64Array(bytes.buffer.slice(24 + text)).every(Number.isFinite)).toBe(true)
}

describe('the public face', () => {
  it('takes a call or throws a ParetoBanditError, and what throws has changed nothing', async () => {
    const step: fc.Arbitrary<Operation | WildCall> = fc.oneof(
      { weight: 1, arbitrary: operation },
      { weight: 2, arbitrary: wildCall },
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.constantFrom('js', 'wasm'),
        fc.constantFrom(1, 4, 3000),
        async (steps, kernel, pendingCapacity) => {
          const bench = await makeBench({
            kernel,
            pendingCapacity,
            budget: { usdPerRequest: 0.002 },
            onListenerError: () => {},
          })
          const { router, log } = bench
          const run = new Run(bench)
          for (const each of steps) {
            if ('do' in each) run.step(each)
            else {
              const before = digest(router)
              const heard = log.length
              const error = callWildly(router, each)
              if (error === null) continue
              if (!(error instanceof ParetoBanditError)) throw error
              expect(error.code).toMatch(/^[A-Z_]+$/)
              expect(error.message.startsWith(error.field)).toBe(true)
              expect([digest(router), log.length]).toEqual([before, heard])
            }
          }
          expectSound(router)
          const fresh = await makeBench({ kernel, pendingCapacity, budget: { usdPerRequest: 0.002 } })
          for (const event of log) fresh.router.apply(event)
          expect(digest(fresh.router)).toBe(digest(router))
        },
      ),
      { numRuns: 250 },
    )
  })

  it('of createRouter takes options or rejects with a ParetoBanditError', async () => {
    const keys = [
      'budget',
      'policy',
      'priors',
      'nEffective',
      'adaptationHorizon',
      'alpha',
      'gamma',
      'lambda0',
      'costWeight',
      'rewardRange',
      'forcedExploration',
      'expectedTokens',
      'pendingCapacity',
      'pendingTtlMs',
      'kernel',
      'seed',
      'clock',
      'name',
      'onListenerError',
      'models',
      'encoder',
      'aplha',
    ]
    const options = fc.dictionary(fc.constantFrom(...keys), fc.oneof(junk, record, nearly), { maxKeys: 3 })
    await fc.assert(
      fc.asyncProperty(fc.oneof(junk, options), async (value) => {
        const given =
          typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
        try {
          const router = await createRouter((given ? { dimension: 3, ...value } : value) as never)
          if (router.stats().models.length === 0) for (const model of MODELS) router.addModel(model)
          expectSound(router)
        } catch (error) {
          if (!(error instanceof ParetoBanditError)) throw error
        }
      }),
      { numRuns: 400 },
    )
  })
})
