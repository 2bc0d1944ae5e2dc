import fc from 'fast-check'

export { expectCode, expectRejection, wrong } from '../support/errors.js'

/** Any sequence of UTF-16 code units, lone surrogates included. */
export const anyText = fc.oneof(
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 400 })
    .map((units) => String.fromCharCode(...units)),
  fc.string({ unit: 'grapheme', maxLength: 200 }),
  fc.lorem({ maxCount: 60 }),
)

const TOPICS = [
  'solve the equation',
  'write a function',
  'translate the sentence',
  'who wrote',
  'summarize the article',
  'which option is correct',
  'explain why',
  'list the steps',
  'compute the sum of',
  'complete the story',
]
const NOUNS = [
  'apple',
  'river',
  'matrix',
  'poem',
  'engine',
  'planet',
  'court',
  'python',
  'market',
  'violin',
  'cell',
  'bridge',
  'king',
  'protein',
  'garden',
  'theorem',
  'novel',
  'battery',
  'island',
  'recipe',
  'glacier',
  'senate',
  'molecule',
]

/** Varied prompts, the same for the same seed. */
export function madePrompts(count: number, seed = 1): string[] {
  let state = seed
  const pick = (list: readonly string[]) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return list[(state >>> 8) % list.length]
  }
  return Array.from({ length: count }, (_, i) => {
    const words = Array.from({ length: 3 + (i % 9) }, () => pick(NOUNS)).join(i % 4 === 0 ? ', ' : ' ')
    return `${pick(TOPICS)}: ${words}${i % 3 === 0 ? '?' : '.'}\n(${i % 7})`
  })
}
