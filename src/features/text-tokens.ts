import { expected } from '../base/errors.js'

/**
 * About how many tokens a text is to a language model, from its characters alone: no vocabulary is loaded. Models split
 * text each in their own way; what is estimated lies between a vocabulary of 200,000 tokens and one of 100,000, within
 * half and twice of the first. test/features/text-tokens.test.ts has what real tokenizers count.
 */

// Classes of ASCII.
const LOWER = 0
const UPPER = 1
const DIGIT = 2
const SPACE = 3
const LINE = 4
const MARK = 5
/** Anything beyond ASCII. */
const OTHER = 6
/** Rows of `STEPS` are so long: a shift finds them. */
const ROW_BITS = 3

/**
 * Hundredths of a token that a character adds, by the class before it (rows) and its own (columns). A word is a token, and more the
 * longer it is; capitals, digits and marks within it begin new ones; its space belongs to it.
 */
const STEPS = Int32Array.of(
  ...[9, 95, 70, 3, 80, 80, 0, 0], // LOWER
  ...[12, 20, 70, 3, 80, 80, 0, 0], // UPPER
  ...[85, 85, 28, 3, 80, 80, 0, 0], // DIGIT
  ...[75, 75, 130, 8, 60, 90, 0, 0], // SPACE
  ...[80, 80, 80, 50, 15, 90, 0, 0], // LINE
  ...[75, 75, 70, 3, 50, 40, 0, 0], // MARK
  ...[60, 60, 70, 3, 80, 80, 0, 0], // OTHER
)

const CLASS_OF = Uint8Array.from({ length: 128 }, (_, unit) => {
  if (unit >= 97 && unit <= 122) return LOWER
  if (unit >= 65 && unit <= 90) return UPPER
  if (unit >= 48 && unit <= 57) return DIGIT
  if (unit === 10 || unit === 13) return LINE
  return unit === 32 || unit === 9 ? SPACE : MARK
})

/** Hundredths of a token of a UTF-16 code unit beyond ASCII, by its high byte: up to and without the page that is named. */
const SCRIPTS: readonly (readonly [endPage: number, hundredths: number])[] = [
  [0x03, 90], // Latin with marks
  [0x04, 56], // Greek
  [0x05, 38], // Cyrillic
  [0x06, 58], // Armenian, Hebrew
  [0x09, 48], // Arabic
  [0x0e, 60], // Indic
  [0x0f, 60], // Thai, Lao
  [0x10, 180], // Tibetan
  [0x11, 60], // Burmese, Georgian
  [0x12, 70], // Hangul in letters
  [0x14, 250], // Ethiopic
  [0x1e, 70],
  [0x1f, 60], // Latin, as in Vietnamese
  [0x20, 60], // Greek with accents
  [0x2e, 100], // signs and symbols
  [0x34, 75], // kana
  [0xa0, 90], // ideographs
  [0xac, 80],
  [0xd8, 75], // Hangul
  [0xe0, 85], // each half of what takes two: emoji
  [0xff, 80],
  [0x100, 150], // wide Latin
]

const PAGES = Int32Array.from({ length: 256 }, (_, page) => {
  const [, hundredths] = SCRIPTS.find(([endPage]) => page < endPage) ?? [0, 100]
  return hundredths
})

/** A word goes on for no more letters than this; what is longer (genomes, proteins, compounds, text without spaces) is in no vocabulary. */
const WORD_LETTERS = 14
/** What each letter of ASCII after them adds. */
const LONG_WORD = 37

/** Marks that are set on letters: their page is that of Greek. */
const COMBINING = 180
const COMBINING_BEGIN = 0x300
const COMBINING_END = 0x370
/** What a sign, a space or the end of a line adds in a row of itself, from the third on: a vocabulary has such rows. */
const REPEATED = 1
const REPEATED_LINE = 7
const REPEATED_SIGN = 7
const SIGNS_BEGIN = 0x2000
const SIGNS_END = 0x2e00

/** Of a longer text this number of pieces, each of this number of code units, are read, evenly spread. */
const PIECES = 8
const PIECE_UNITS = 256

/** Tokens of a text, at least 1. Takes microseconds at most, however long it is. */
export function estimateTokens(text: string): number {
  if (typeof text !== 'string') throw expected('INVALID_ARGUMENT', 'text', 'a string', text)
  const { length } = text
  if (length <= PIECES * PIECE_UNITS) return Math.max(1, Math.round(hundredths(text, 0, length, SPACE) / 100))
  let sum = 0
  for (let i = 0; i < PIECES; i++) {
    const start = Math.floor(((length - PIECE_UNITS) * i) / (PIECES - 1))
    sum += hundredths(text, start, start + PIECE_UNITS, LOWER)
  }
  return Math.round((sum * length) / (100 * PIECES * PIECE_UNITS))
}

function hundredths(text: string, start: number, end: number, before: number): number {
  let row = before << ROW_BITS
  let sum = 0
  let last = -1
  /** How often the character before has come in a row. */
  let repeats = 0
  /** Letters of the word so far; a capital within it begins another. */
  let letters = 0
  for (let i = start; i < end; i++) {
    const unit = text.charCodeAt(i)
    repeats = unit === last ? repeats + 1 : 1
    last = unit
    if (unit < 128) {
      const own = CLASS_OF[unit]
      letters = own > UPPER || (own === UPPER && row === LOWER << ROW_BITS) ? 0 : letters + 1
      if (repeats > 2 && own >= SPACE) sum += own === LINE ? REPEATED_LINE : REPEATED
      else sum += letters > WORD_LETTERS && repeats < 3 ? LONG_WORD : STEPS[row + own]
      row = own << ROW_BITS
    } else {
      if (unit >= COMBINING_BEGIN && unit < COMBINING_END) sum += COMBINING
      else if (repeats > 2 && unit >= SIGNS_BEGIN && unit < SIGNS_END) sum += REPEATED_SIGN
      else sum += PAGES[unit >> 8]
      letters = 0
      row = OTHER << ROW_BITS
    }
  }
  return sum
}
