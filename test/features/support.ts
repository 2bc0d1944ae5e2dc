import fc from 'fast-check'
import { expect } from 'vitest'
import { type ErrorCode, ParetoBanditError } from '../../src/errors.js'

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

/** Expects `call` to throw (or reject with) a ParetoBanditError of this code whose field matches. */
export function expectCode(call: () => unknown, code: ErrorCode, field?: string | RegExp): ParetoBanditError {
  try {
    call()
  } catch (error) {
    return checkError(error, code, field)
  }
  throw new Error(`expected ${code}, but nothing was thrown`)
}

export async function expectRejection(
  promise: Promise<unknown>,
  code: ErrorCode,
): Promise<ParetoBanditError> {
  const error = await promise.then(
    () => new Error(`expected ${code}, but it resolved`),
    (reason: unknown) => reason,
  )
  return checkError(error, code)
}

function checkError(error: unknown, code: ErrorCode, field?: string | RegExp): ParetoBanditError {
  if (!(error instanceof ParetoBanditError)) throw error
  expect(error.code).toBe(code)
  if (typeof field === 'string') expect(error.field).toBe(field)
  else if (field !== undefined) expect(error.field).toMatch(field)
  return error
}

/** For handing a public function what its types forbid. */
export function wrong<T>(value: unknown): T {
  return value as T
}
