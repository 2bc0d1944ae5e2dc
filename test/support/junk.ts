import fc from 'fast-check'
import type { Router } from '../../src/router.js'

export const METHODS = [
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
/** Anything at all. */
export const junk: fc.Arbitrary<unknown> = fc.oneof(
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
export const record = fc.dictionary(
  fc.constantFrom(...FIELDS),
  fc.oneof(junk, fc.array(id, { maxLength: 3 }), type),
  { maxKeys: 7 },
)
/** Near misses: records of the right shape with one or two fields of junk. */
export const nearly = fc.oneof(
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
export interface WildCall {
  readonly method: (typeof METHODS)[number]
  readonly args: readonly unknown[]
}
/** A method with anything for arguments. */
export const wildCall: fc.Arbitrary<WildCall> = fc.record({
  method: fc.constantFrom(...METHODS),
  args: fc.array(
    fc.oneof({ weight: 1, arbitrary: id as fc.Arbitrary<unknown> }, { weight: 3, arbitrary: argument }),
    { maxLength: 3 },
  ),
})
