import { describe, expect, it } from 'vitest'
import type { ErrorCode } from '../../src/errors.js'
import type { Router } from '../../src/router.js'
import { expectCode, wrong } from '../support/errors.js'
import { MODELS, makeBench, X } from '../support/router.js'

type Call = (router: Router) => unknown
const bad = wrong<never>

/** call, code, field, and what the message must say. The router has routed 'r.1' and settled and rewarded 'r.2'. */
const CASES: readonly [string, Call, ErrorCode, string, string][] = [
  [
    'route a number',
    (r) => r.route(bad(5)),
    'INVALID_ARGUMENT',
    'input',
    'a text or a vector of numbers, got 5',
  ],
  ['route nothing', (r) => r.route(bad(undefined)), 'INVALID_ARGUMENT', 'input', 'got undefined'],
  [
    'route a DataView',
    (r) => r.route(bad(new DataView(new ArrayBuffer(24)))),
    'INVALID_ARGUMENT',
    'input',
    'DataView',
  ],
  ['route a text', (r) => r.route('hello'), 'NO_ENCODER', 'input', 'route vectors'],
  ['route a short vector', (r) => r.route([1, 2]), 'DIMENSION_MISMATCH', 'input', 'a vector of 3 numbers'],
  ['route a NaN', (r) => r.route([1, Number.NaN, 1]), 'INVALID_ARGUMENT', 'input[1]', 'got NaN'],
  [
    'route a huge entry',
    (r) => r.route([1e5, 0, 1]),
    'INVALID_ARGUMENT',
    'input[0]',
    'within +-10000, got 100000',
  ],
  ['route a BigInt', (r) => r.route(bad(new BigInt64Array(3))), 'INVALID_ARGUMENT', 'input[0]', 'got 0n'],
  ['route with null', (r) => r.route(X, bad(null)), 'INVALID_ARGUMENT', 'options', 'got null'],
  [
    'misspell an option',
    (r) => r.route(X, bad({ maxCost: 1 })),
    'UNKNOWN_OPTION',
    'maxCost',
    "did you mean 'maxCostUsd'?",
  ],
  [
    'limit by NaN',
    (r) => r.route(X, { maxCostUsd: Number.NaN }),
    'INVALID_ARGUMENT',
    'maxCostUsd',
    'got NaN',
  ],
  [
    'limit by a negative',
    (r) => r.route(X, { maxLatencyMs: -1 }),
    'INVALID_ARGUMENT',
    'maxLatencyMs',
    'got -1',
  ],
  ['know -1 tokens', (r) => r.route(X, { inputTokens: -1 }), 'INVALID_ARGUMENT', 'inputTokens', 'got -1'],
  [
    'allow text tokens',
    (r) => r.route(X, { maxOutputTokens: bad('9') }),
    'INVALID_ARGUMENT',
    'maxOutputTokens',
    '"9"',
  ],
  [
    'exploit by 1',
    (r) => r.route(X, { exploit: bad(1) }),
    'INVALID_ARGUMENT',
    'exploit',
    'true or false, got 1',
  ],
  ['explain by text', (r) => r.route(X, { explain: bad('yes') }), 'INVALID_ARGUMENT', 'explain', 'got "yes"'],
  [
    'candidates of text',
    (r) => r.route(X, { candidates: bad('small') }),
    'INVALID_ARGUMENT',
    'candidates',
    'an array',
  ],
  [
    'a candidate of null',
    (r) => r.route(X, { candidates: bad(['small', null]) }),
    'INVALID_ARGUMENT',
    'candidates[1]',
    'null',
  ],
  [
    'a hole in candidates',
    (r) => r.route(X, { candidates: new Array(1) }),
    'INVALID_ARGUMENT',
    'candidates[0]',
    'undefined',
  ],
  [
    'an unknown candidate',
    (r) => r.route(X, { candidates: ['smal'] }),
    'UNKNOWN_MODEL',
    'candidates[0]',
    "did you mean 'small'?",
  ],
  ['no candidates', (r) => r.route(X, { candidates: [] }), 'NO_ELIGIBLE_MODEL', '', 'small: not-a-candidate'],
  ['exclude a number', (r) => r.route(X, { exclude: bad([5]) }), 'INVALID_ARGUMENT', 'exclude[0]', 'got 5'],
  [
    'exclude everybody',
    (r) => r.route(X, { exclude: ['small', 'middle', 'large'] }),
    'NO_ELIGIBLE_MODEL',
    '',
    'large: excluded',
  ],
  ['afford nobody', (r) => r.route(X, { maxCostUsd: 0 }), 'NO_ELIGIBLE_MODEL', '', 'small: over-max-cost'],
  ['route many of none', (r) => r.routeMany(bad(X[0])), 'INVALID_ARGUMENT', 'inputs', 'an array, got 0.5'],

  [
    'settle no id',
    (r) => r.settle(bad(undefined), { costUsd: 1 }),
    'INVALID_ARGUMENT',
    'id',
    'a request id, got undefined',
  ],
  ['settle an unknown id', (r) => r.settle('r.9', { costUsd: 1 }), 'UNKNOWN_REQUEST', 'id', '"r.9"'],
  ['settle a foreign id', (r) => r.settle('other.1', { costUsd: 1 }), 'UNKNOWN_REQUEST', 'id', '"other.1"'],
  ['settle a padded id', (r) => r.settle('r.01', { costUsd: 1 }), 'UNKNOWN_REQUEST', 'id', '"r.01"'],
  ['settle an empty id', (r) => r.settle('', { costUsd: 1 }), 'UNKNOWN_REQUEST', 'id', '""'],
  ['settle a huge id', (r) => r.settle('r.1'.repeat(9999), { costUsd: 1 }), 'UNKNOWN_REQUEST', 'id', '…'],
  ['settle twice', (r) => r.settle('r.2', { costUsd: 1 }), 'ALREADY_SETTLED', 'id', 'settled already'],
  [
    'settle nothing',
    (r) => r.settle('r.1', {}),
    'INVALID_ARGUMENT',
    'settlement',
    'costUsd, or inputTokens and outputTokens',
  ],
  ['settle null', (r) => r.settle('r.1', bad(null)), 'INVALID_ARGUMENT', 'settlement', 'got null'],
  [
    'settle one side',
    (r) => r.settle('r.1', { inputTokens: 5 }),
    'INVALID_ARGUMENT',
    'settlement.outputTokens',
    'undefined',
  ],
  [
    'settle -1 USD',
    (r) => r.settle('r.1', { costUsd: -1 }),
    'INVALID_ARGUMENT',
    'settlement.costUsd',
    '>= 0, got -1',
  ],
  [
    'settle NaN tokens',
    (r) => r.settle('r.1', { inputTokens: Number.NaN, outputTokens: 1 }),
    'INVALID_ARGUMENT',
    'settlement.inputTokens',
    'NaN',
  ],
  [
    'settle odd latency',
    (r) => r.settle('r.1', { costUsd: 1, latencyMs: bad('9') }),
    'INVALID_ARGUMENT',
    'settlement.latencyMs',
    '"9"',
  ],
  [
    'misspell a cost',
    (r) => r.settle('r.1', bad({ costUSD: 1 })),
    'UNKNOWN_OPTION',
    'settlement.costUSD',
    "did you mean 'costUsd'?",
  ],
  [
    'settle many of none',
    (r) => r.settleMany(bad({})),
    'INVALID_ARGUMENT',
    'items',
    'an array, got an object',
  ],
  [
    'misspell in a batch',
    (r) => r.rewardMany([bad({ id: 'r.1', rewrad: 1 })]),
    'UNKNOWN_OPTION',
    'items[0].rewrad',
    "did you mean 'reward'?",
  ],

  [
    'reward above range',
    (r) => r.reward('r.1', 1.01),
    'INVALID_ARGUMENT',
    'reward',
    'a reward in [0, 1], got 1.01',
  ],
  ['reward below range', (r) => r.reward('r.1', -1e-9), 'INVALID_ARGUMENT', 'reward', 'got -1e-9'],
  ['reward NaN', (r) => r.reward('r.1', Number.NaN), 'INVALID_ARGUMENT', 'reward', 'got NaN'],
  ['reward true', (r) => r.reward('r.1', bad(true)), 'INVALID_ARGUMENT', 'reward', 'got true'],
  ['reward twice', (r) => r.reward('r.2', 1), 'ALREADY_REWARDED', 'id', 'rewarded already'],
  ['fail a symbol', (r) => r.fail(bad(Symbol('x'))), 'INVALID_ARGUMENT', 'id', 'a symbol'],
  [
    'fail at NaN',
    (r) => r.fail('r.1', { costUsd: Number.NaN }),
    'INVALID_ARGUMENT',
    'failure.costUsd',
    'got NaN',
  ],
  ['misspell a failure', (r) => r.fail('r.1', bad({ cost: 1 })), 'UNKNOWN_OPTION', 'failure.cost', 'costUsd'],

  [
    'add a twin',
    (r) => r.addModel(MODELS[0]),
    'DUPLICATE_MODEL',
    'model.id',
    "'small' is registered already",
  ],
  ['add nothing', (r) => r.addModel(bad(undefined)), 'INVALID_ARGUMENT', 'model', 'got undefined'],
  [
    'add one price',
    (r) => r.addModel(bad({ id: 'n', outputUsdPerMTok: 1 })),
    'INVALID_ARGUMENT',
    'model.inputUsdPerMTok',
    'undefined',
  ],
  [
    'add -1',
    (r) => r.addModel({ id: 'n', inputUsdPerMTok: 1, outputUsdPerMTok: -1 }),
    'INVALID_ARGUMENT',
    'model.outputUsdPerMTok',
    '-1',
  ],
  [
    'add oddly',
    (r) => r.addModel({ ...MODELS[0], id: 'n' }, bad({ forced: 1 })),
    'UNKNOWN_OPTION',
    'options.forced',
    'known: forcedExploration',
  ],
  [
    'explore -1',
    (r) => r.addModel({ ...MODELS[0], id: 'n' }, { forcedExploration: -1 }),
    'INVALID_ARGUMENT',
    'options.forcedExploration',
    '-1',
  ],
  ['remove nobody', (r) => r.removeModel('lagre'), 'UNKNOWN_MODEL', 'id', 'no model "lagre"'],
  ['remove nothing', (r) => r.removeModel(''), 'INVALID_ARGUMENT', 'id', 'non-empty'],
  ['remove an object', (r) => r.removeModel(bad({})), 'INVALID_ARGUMENT', 'id', 'an object'],
  ['disable nobody', (r) => r.disable('largee'), 'UNKNOWN_MODEL', 'id', "did you mean 'large'?"],
  ['enable nobody', (r) => r.enable('__proto__'), 'UNKNOWN_MODEL', 'id', '__proto__'],
  [
    'reprice one side',
    (r) => r.reprice('small', bad({ inputUsdPerMTok: 1 })),
    'INVALID_ARGUMENT',
    'price.outputUsdPerMTok',
    'undefined',
  ],
  ['reprice nobody', (r) => r.reprice('x', MODELS[0]), 'UNKNOWN_MODEL', 'id', 'no model "x"'],
  ['budget of nothing', (r) => r.setBudget(bad(undefined)), 'INVALID_ARGUMENT', 'budget', 'undefined'],
  [
    'budget of a mode',
    (r) => r.setBudget(bad({ usdPerRequest: 1, mode: 'soft' })),
    'INVALID_ARGUMENT',
    'budget.mode',
    'when the router is made',
  ],
  [
    'budget of -1',
    (r) => r.setBudget({ usdPerRequest: -1 }),
    'INVALID_ARGUMENT',
    'budget.usdPerRequest',
    '-1',
  ],
  ['explain nothing', (r) => r.explain(bad(1)), 'INVALID_ARGUMENT', 'id', 'a request id, got 1'],
  ['explain an unknown', (r) => r.explain('r.77'), 'UNKNOWN_REQUEST', 'id', '"r.77"'],
  ['inspect nobody', (r) => r.inspectArm('x'), 'UNKNOWN_MODEL', 'id', '"x"'],
  [
    'hear of nothing',
    (r) => r.on(bad('route'), () => {}),
    'INVALID_ARGUMENT',
    'type',
    "did you mean 'routed'?",
  ],
  [
    'hear without ears',
    (r) => r.on('routed', bad(null)),
    'INVALID_ARGUMENT',
    'listener',
    'a function, got null',
  ],
]

describe('the router refuses to', () => {
  it.each(CASES)('%s', async (_, call, code, field, says) => {
    const { router, log } = await makeBench()
    router.route(X)
    const { id } = router.route(X)
    router.settle(id, { costUsd: 0.001 })
    router.reward(id, 0.5)
    const before = router.snapshot()
    const { message } = expectCode(() => call(router), code, field)
    expect(message).toContain(says)
    expect(message.length).toBeLessThan(400)
    expect(router.snapshot()).toEqual(before)
    expect(log.length).toBe(4)
  })
})
