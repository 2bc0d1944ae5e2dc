import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ParetoBanditError } from '../../src/index.js'
import {
  BUDGET_RANGE,
  checkSetting,
  ID_LENGTH_MAX,
  MODEL_STATES,
  MODELS_MAX,
  PRICE_FACTOR_RANGE,
  RATE_RANGE,
  readSetting,
  type Setting,
  writeSetting,
} from '../../web/playground/play/setting.js'

const BASES = ['small', 'google/large', '<b>"odd" & ~|#?=%</b>']
const USUAL: Setting = {
  budgetUsdPerRequest: 1e-3,
  requestsPerSecond: 1000,
  seed: 1,
  models: BASES.map((id) => ({ id, base: id, priceFactor: 1, qualityFactor: 1, state: 'in' })),
}

const within = ([min, max]: readonly [number, number]) => fc.double({ min, max, noNaN: true })
const model = fc.record({
  id: fc
    .string({ minLength: 1, maxLength: ID_LENGTH_MAX, unit: 'binary' })
    .filter((id) => id.length <= ID_LENGTH_MAX),
  base: fc.constantFrom(...BASES),
  priceFactor: within(PRICE_FACTOR_RANGE),
  qualityFactor: within([0, 1]).map((factor) => factor + 0),
  state: fc.constantFrom(...MODEL_STATES),
})
const settings: fc.Arbitrary<Setting> = fc
  .record({
    budgetUsdPerRequest: within(BUDGET_RANGE),
    requestsPerSecond: within(RATE_RANGE),
    seed: fc.nat(0xffff_ffff),
    models: fc.uniqueArray(model, { minLength: 1, maxLength: MODELS_MAX, selector: ({ id }) => id }),
  })
  .filter(({ models }) => models.some(({ state }) => state !== 'out'))

/** The error of a link, or null. */
function faultOf(link: string): ParetoBanditError | null {
  try {
    readSetting(link, USUAL)
    return null
  } catch (error) {
    if (error instanceof ParetoBanditError) return error
    throw error
  }
}

describe('a setting in a link', () => {
  it('comes back as it was written, also from the address bar', () => {
    fc.assert(
      fc.property(settings, (setting) => {
        const link = writeSetting(setting)
        expect(readSetting(link, USUAL)).toEqual(setting)
        const address = new URL('https://example.org/play/')
        address.hash = link
        expect(readSetting(address.hash, USUAL)).toEqual(setting)
      }),
    )
  })

  it('is a part of an address that no text leaves', () => {
    fc.assert(
      fc.property(settings, (setting) => {
        expect(writeSetting(setting)).toMatch(/^[\w.*+%=&-]*$/)
      }),
    )
  })

  it('takes what it leaves out from the usual setting', () => {
    expect(readSetting('', USUAL)).toEqual(USUAL)
    expect(readSetting('#budget=0.5', USUAL)).toEqual({ ...USUAL, budgetUsdPerRequest: 0.5 })
  })

  it('is read or refused with a code and a field, whatever stands there', () => {
    const junk = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .array(fc.tuple(fc.constantFrom('budget', 'rate', 'seed', 'model', 'x'), fc.string()))
        .map((pairs) => new URLSearchParams(pairs).toString()),
      fc.json().map((json) => new URLSearchParams({ model: json }).toString()),
    )
    fc.assert(
      fc.property(junk, (link) => {
        const fault = faultOf(link)
        if (fault !== null) expect(fault.message).not.toBe('')
        else expect(checkSetting(readSetting(link, USUAL), BASES)).toEqual(readSetting(link, USUAL))
      }),
    )
  })

  it.each([
    ['budget=lots', 'INVALID_ARGUMENT', 'budget: expected a number, got "lots"'],
    ['budget=', 'INVALID_ARGUMENT', 'budget: expected a number, got ""'],
    ['budget=-1', 'INVALID_ARGUMENT', 'budgetUsdPerRequest: expected a number from 1e-9 to 1000, got -1'],
    ['rate=0', 'INVALID_ARGUMENT', 'requestsPerSecond: expected a number from 1 to 1000000, got 0'],
    ['seed=1.5', 'INVALID_ARGUMENT', 'seed: expected a whole number, got 1.5'],
    ['seed=1&seed=2', 'INVALID_ARGUMENT', 'seed: expected it once'],
    ['color=red', 'UNKNOWN_OPTION', 'color: expected budget, rate, seed or model'],
    ['model=small', 'INVALID_ARGUMENT', 'models[0]: expected ["base", price factor'],
    ['model=["none",1,1,"in","a"]', 'UNKNOWN_MODEL', 'models[0].base: expected one of "small"'],
    [
      'model=["small",0,1,"in","a"]',
      'INVALID_ARGUMENT',
      'models[0].priceFactor: expected a number from 0.001',
    ],
    [
      'model=["small",1,2,"in","a"]',
      'INVALID_ARGUMENT',
      'models[0].qualityFactor: expected a number from 0 to 1',
    ],
    [
      'model=["small",1,1,"gone","a"]',
      'INVALID_ARGUMENT',
      'models[0].state: expected one of in, broken, out',
    ],
    ['model=["small",1,1,"out","a"]', 'INVALID_ARGUMENT', "models: expected one at least that is not 'out'"],
    [
      'model=["small",1,1,"in",""]',
      'INVALID_ARGUMENT',
      'models[0].id: expected a text of 1 to 200 characters',
    ],
    [
      'model=["small",1,1,"in","a"]&model=["small",1,1,"in","a"]',
      'DUPLICATE_MODEL',
      'models[1].id: "a" is there twice',
    ],
  ])('%s is refused with what was expected', (link, code, message) => {
    const fault = faultOf(link)
    expect(fault?.code).toBe(code)
    expect(fault?.message).toContain(message)
  })

  it('refuses a link that is too long, and too many models', () => {
    expect(faultOf('x'.repeat(100_000))?.message).toContain('link: expected at most 80000 characters')
    const many = Array.from({ length: 17 }, (_, i) => `model=["small",1,1,"in","${i}"]`).join('&')
    expect(faultOf(many)?.message).toContain('models: expected 1 to 16 models')
  })

  it('refuses what is no setting', () => {
    for (const junk of [null, 1, 'x', [], {}, { ...USUAL, models: [null] }, { ...USUAL, more: 1 }]) {
      expect(() => checkSetting(junk, BASES)).toThrow(ParetoBanditError)
    }
  })
})
