import { describe } from 'vitest'
import { wrong } from '../support/errors.js'
import { testRefusals } from '../support/refusals.js'
import { MODELS } from '../support/router.js'

const bad = wrong<never>
const MISSPELT: object = { cachedInputUSDPerMTok: 1 }

describe('the router refuses to', () => {
  testRefusals([
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
      'add a cached price of -1',
      (r) => r.addModel({ ...MODELS[0], id: 'n', cachedInputUsdPerMTok: -1 }),
      'INVALID_ARGUMENT',
      'model.cachedInputUsdPerMTok',
      '>= 0, got -1',
    ],
    [
      'add a reasoning price of null',
      (r) => r.addModel({ ...MODELS[0], id: 'n', reasoningUsdPerMTok: bad(null) }),
      'INVALID_ARGUMENT',
      'model.reasoningUsdPerMTok',
      'got null',
    ],
    [
      'add a price of one token',
      (r) => r.addModel({ id: 'n', inputUsdPerMTok: 1.25, outputUsdPerMTok: 1e-5 }),
      'INVALID_ARGUMENT',
      'model.outputUsdPerMTok',
      'expected USD per million tokens, 0 or at least 0.0001, got 0.00001: if that is the price of one token, write 10',
    ],
    [
      'misspell a price',
      (r) => r.addModel({ ...MODELS[0], id: 'n', ...MISSPELT }),
      'UNKNOWN_OPTION',
      'model.cachedInputUSDPerMTok',
      "did you mean 'cachedInputUsdPerMTok'?",
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
    [
      'reprice reasoning oddly',
      (r) => r.reprice('small', { inputUsdPerMTok: 1, outputUsdPerMTok: 1, reasoningUsdPerMTok: 1e13 }),
      'INVALID_ARGUMENT',
      'price.reasoningUsdPerMTok',
      'at most 1000000000000',
    ],
    [
      'reprice by one token',
      (r) => r.reprice('small', { inputUsdPerMTok: 1, outputUsdPerMTok: 1, cachedInputUsdPerMTok: 1.25e-7 }),
      'INVALID_ARGUMENT',
      'price.cachedInputUsdPerMTok',
      'got 1.25e-7: if that is the price of one token, write 0.125',
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
    [
      'explain nothing',
      (r) => r.explain(bad(1)),
      'INVALID_ARGUMENT',
      'id',
      'a request id, as decision.id, got 1',
    ],
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
  ])
})
