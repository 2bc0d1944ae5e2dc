import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { estimateTokens, unitTokens } from '../../src/features/text-tokens.js'
import { ROWS, SCRIPTS } from './counted-scripts.js'
import { COUNTED } from './counted-tokens.js'
import { drawn, drawnWords } from './drawn-texts.js'
import '../support/seed.js'

/** Of these the smaller vocabulary has hardly a word: it takes three times the larger one's tokens and more. */
const HARDLY_KNOWN = [
  'hindi',
  'bengali',
  'tamil',
  'georgian',
  'official hindi',
  'official urdu',
  'official armenian',
  'official georgian',
]

/** A token more or less of a short text is no error. */
const SLACK = 1

/** Within half and twice of what the larger vocabulary takes, and a quarter and twice of what the smaller one does. */
function expectClose(estimated: number, o200k: number, cl100k: number): void {
  expect(estimated).toBeGreaterThanOrEqual(o200k / 2 - SLACK)
  expect(estimated).toBeLessThanOrEqual(2 * o200k + SLACK)
  expect(estimated).toBeGreaterThanOrEqual(cl100k / 4 - SLACK)
  expect(estimated).toBeLessThanOrEqual(2 * cl100k + SLACK)
}

const text = fc.string({ unit: 'binary', maxLength: 400 })

describe('the estimated tokens of a text', () => {
  it.each(COUNTED)('are right within a factor of two: %s', (name, written, o200k, cl100k) => {
    const estimated = estimateTokens(written)
    expect(estimated / o200k).toBeGreaterThanOrEqual(0.5)
    expect(estimated / o200k).toBeLessThanOrEqual(2)
    if (HARDLY_KNOWN.includes(name)) return
    expect(estimated / cl100k).toBeGreaterThanOrEqual(0.5)
    expect(estimated / cl100k).toBeLessThanOrEqual(2)
  })

  // Counted with js-tiktoken, o200k_base.
  it.each([
    ['a ruled line', '-'.repeat(3000), 47],
    ['a short ruled line', '='.repeat(100), 2],
    ['a drawn line', '─'.repeat(600), 38],
    ['spaces', ' '.repeat(5000), 40],
    ['empty lines', '\n'.repeat(3000), 188],
    ['Amharic', 'ሰላም እንዴት ነህ ዛሬ ጥሩ የአየር ሁኔታ ነው '.repeat(30), 1560],
    ['Tibetan', 'བཀྲ་ཤིས་བདེ་ལེགས། ཁྱེད་རང་སྐུ་གཟུགས་བདེ་པོ་ཡིན་པས། '.repeat(30), 2340],
    ['stacked marks', 'h̷̢̛̤e̶l̵̛l̸o̷'.repeat(40), 920],
    ['wide Latin', 'Ｈｅｌｌｏ　ｗｏｒｌｄ'.repeat(40), 760],
    ['a genome', drawn('ACGT', 800), 420],
    ['a genome in small letters', drawn('acgt', 800), 392],
    ['a protein', drawn('ACDEFGHIKLMNPQRSTVWY', 800), 447],
    ['random letters', drawn('abcdefghijklmnopqrstuvwxyz', 800), 411],
    ['base32', drawn('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 800), 511],
    [
      'text without spaces',
      'thequickbrownfoxjumpsoverthelazydogandthenrunsawayintotheforest'.repeat(12),
      216,
    ],
    ['a German compound', 'Donaudampfschifffahrtsgesellschaftskapitaen '.repeat(20), 242],
    ['a row of one letter', 'a'.repeat(800), 100],
    ['names in code', 'getElementsByClassNameAndReturnTheFirst '.repeat(20), 181],
  ])('are right within a factor of two: %s', (_, written, o200k) => {
    expect(estimateTokens(written) / o200k).toBeGreaterThanOrEqual(0.5)
    expect(estimateTokens(written) / o200k).toBeLessThanOrEqual(2)
  })

  it.each(SCRIPTS)('are right of text drawn at random: %s', (_, first, last, counts) => {
    for (const [i, wordLength] of [Number.POSITIVE_INFINITY, 6, 1].entries())
      expectClose(estimateTokens(drawnWords(first, last, wordLength)), counts[2 * i], counts[2 * i + 1])
  })

  it.each(ROWS)('are right of the same again and again: %s', (_, sign, counts) => {
    for (const [i, times] of [8, 40, 400].entries())
      expectClose(estimateTokens(sign.repeat(times)), counts[2 * i], counts[2 * i + 1])
  })

  it('of long texts are those of all parts together, however they are mixed', () => {
    const parts = COUNTED.filter(([, { length }]) => length > 100)
    const whole = parts.map(([, written]) => written.repeat(Math.ceil(20_000 / written.length))).join('\n')
    const counted = parts.reduce(
      (sum, [, written, o200k]) => sum + o200k * Math.ceil(20_000 / written.length),
      0,
    )
    expect(whole.length).toBeGreaterThan(500_000)
    expect(estimateTokens(whole) / counted).toBeGreaterThan(0.5)
    expect(estimateTokens(whole) / counted).toBeLessThan(2)
  })

  it.each(COUNTED)('grow with the text: %s', (_, written) => {
    const times = Math.ceil(10_000 / written.length)
    const many = Array.from({ length: times }, () => written).join(' ')
    expect(estimateTokens(many) / (times * estimateTokens(written))).toBeGreaterThan(0.5)
    expect(estimateTokens(many) / (times * estimateTokens(written))).toBeLessThan(1.6)
  })

  it('are a whole number and at least 1 of any text, well-formed or not', () => {
    expect(estimateTokens('')).toBe(1)
    fc.assert(
      fc.property(text, fc.nat(200), (one, times) => {
        const tokens = estimateTokens(one.repeat(times))
        return Number.isSafeInteger(tokens) && tokens >= 1
      }),
    )
  })

  it('read no more of a long text than of a page', () => {
    const read = vi.spyOn(String.prototype, 'charCodeAt')
    estimateTokens('a'.repeat(10_000_000))
    const { length } = read.mock.calls
    read.mockRestore()
    expect(length).toBeGreaterThan(0)
    expect(length).toBeLessThanOrEqual(4096)
  })
})

describe('what a unit of a script takes', () => {
  it('is asked about a code unit', () => {
    expect(unitTokens(0xa010)).toBeGreaterThan(1)
    for (const unit of [-1, 65_536, 1.5])
      expect(() => unitTokens(unit)).toThrow(/unit: expected an integer in \[0, 65535\]/)
  })
})
