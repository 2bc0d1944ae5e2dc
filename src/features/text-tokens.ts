import { checkInteger } from '../base/check.js'
import { expected } from '../base/errors.js'

/**
 * About how many tokens a text is to a language model, from its characters alone: no vocabulary is loaded. Models split
 * text each in their own way; what is estimated lies between a vocabulary of 200,000 tokens and one of 100,000, within half and
 * twice of the first. test/features/text-tokens.test.ts has what real tokenizers count.
 */

// Classes of ASCII.
const LOWER = 0
const UPPER = 1
const DIGIT = 2
const SPACE = 3
const LINE = 4
const MARK = 5
/** Control characters, and anything beyond ASCII. */
const OTHER = 6
/** Space at the beginning of a line. */
const INDENT = 7
/** Rows of `STEPS` are so long: a shift finds them. */
const ROW_BITS = 3

/**
 * Hundredths of a token that a character adds, by the class before it (rows) and its own (columns). A word is a token, and more the
 * longer it is; capitals, digits and marks within it begin new ones; its space belongs to it, and empty lines to each other.
 */
const STEPS = Int32Array.of(
  ...[10, 95, 70, 3, 80, 80, 100, 0], // LOWER
  ...[12, 20, 70, 3, 80, 45, 100, 0], // UPPER
  ...[85, 85, 28, 3, 80, 80, 100, 0], // DIGIT
  ...[75, 75, 130, 50, 60, 90, 100, 0], // SPACE
  ...[80, 80, 80, 50, 15, 90, 100, 0], // LINE
  ...[75, 75, 70, 3, 50, 40, 100, 0], // MARK
  ...[60, 60, 70, 3, 80, 80, 100, 0], // OTHER
  ...[75, 75, 130, 3, -5, 90, 100, 0], // INDENT
)

const CLASS_OF = Uint8Array.from({ length: 128 }, (_, unit) => {
  if (unit >= 97 && unit <= 122) return LOWER
  if (unit >= 65 && unit <= 90) return UPPER
  if (unit >= 48 && unit <= 57) return DIGIT
  if (unit === 10 || unit === 13) return LINE
  if (unit === 32 || unit === 9) return SPACE
  return unit < 32 || unit === 127 ? OTHER : MARK
})

/** After `REPEATED` times the same, what each more of it adds: vocabularies have rows of some. */
const REPEATED = 2
const ROWS = new Float64Array(128)
for (const [hundredths, signs] of [
  [20, 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ?@^,'],
  [33, '0123456789'],
  [1.4, ' #*-/=._'],
  [2.5, '+%~'],
  [5.5, '\t\n'],
  [8, '!:;'],
  [13, '<>'],
  [28, '"\'$()\\|'],
  [50, '&[]`{}'],
  [70, '\0\r'],
] as const)
  for (const sign of signs) ROWS[sign.charCodeAt(0)] = hundredths
for (let unit = 1; unit < 128; unit++) if (ROWS[unit] === 0) ROWS[unit] = 100

const NO_BREAK_SPACE = '\u00a0'
/** The same of signs beyond ASCII, from the second on; others count again each time. */
const SIGN_ROWS = new Map(
  (
    [
      [8, '\u2014\u2026\u2500'], // dash, dots, thin line
      [13, NO_BREAK_SPACE],
      [12, '\u3000'],
      [15, '\ufffd'],
      [22, '\u2501\u2550\u2588'], // thick and double line, block
      [35, '\u2013\u200b\u2605\uff01'],
      [50, '\u00b7\u0640\u2800\u3001\u3002'],
      [45, '\u30fc'],
      [92, '\u314b'],
    ] as const
  ).flatMap(([hundredths, signs]) => [...signs].map((sign) => [sign.charCodeAt(0), hundredths] as const)),
)
const NO_BREAK = NO_BREAK_SPACE.charCodeAt(0)
/** What a letter beyond ASCII adds that begins a word. */
const FIRST_LETTER = 35
/** What a letter beyond ASCII adds in a row of itself, at least: it is in no word. */
const ROW_LETTER = 100

/** What follows a consonant in words of Latin script: these 320 pairs are 96 % of those in prose and code, and half of random ones are others. */
const FOLLOWERS = Int32Array.from({ length: 32 }, () => -1)
for (const [first, ...others] of (
  'baeioruy caehiklortuy dadehiorstuz faefiortu gabehilnoruy haeiotu jaeiosu kaehikloprstuwy ladefilmnostuy mabeimopsuw nacdefghijklmnopstuyz ' +
  'paeilortux qau radegiklmnorstuvy sacdehiklopqstuwyz taehilnorstuy vaeiou waehiou xait yaeinopu zaeio'
).split(' '))
  FOLLOWERS[letterOf(first)] = others.reduce((bits, letter) => bits | (1 << letterOf(letter)), 0)

/** The same of Cyrillic letters, for Russian and its neighbours. */
const CYRILLIC_FOLLOWERS = Int32Array.from({ length: 32 }, () => -1)
for (const [first, ...others] of (
  'абвгдежзийклмнпрстхцчшюя баеилнорусыъьяюв ваеиыонлсртуядшкпзьх гаоиурледнв даеиоунрыялсвькп ебвгджзийклмнпрстхцчшщюео жаеиднук ' +
  'заоевнидлмруыяьг ибвгджзеийклмнопрстхцчшщюя йснктдшлмцчз каоиуртлвсен лаеиоуьяюыснлжк маеиоунылпясбм наеиоуыянтсьдкцгюч ' +
  'обвгджзийклмнпрстхцчшщюе паеиорулякыьп раеиоуытяснмьвгкджшюп саеиоутклпвнямсьрычхц таеиоуьвырстнякчл убвгджзийклмнпрстхчшщюеа ' +
  'фаеиорулфт хаоиурнвстл цаеиыук чаеинтуоклшь шаеилнокуьт щаеиуньо ъеяю ыбвгджзйклмнпрстхчшщея ьясютнкешзмцбгщв этклнфмрс ' +
  'ющтбчдсркмз ябвгджзйклмнпрстхчщюе'
).split(' '))
  CYRILLIC_FOLLOWERS[letterOf(first)] = others.reduce((bits, letter) => bits | (1 << letterOf(letter)), 0)

function letterOf(sign: string): number {
  return sign.charCodeAt(0) & 31
}

/** What a space adds after one of another kind. */
const OTHER_SPACE = 50
/** What a letter adds that hardly ever follows the one before it: a word with it is in no vocabulary. */
const RARE_PAIR = 55
/** A word goes on for no more letters than this; what is longer (genomes, proteins, compounds, text without spaces) is in no vocabulary. */
const WORD_LETTERS = 14
/** What each letter of ASCII after them adds. */
const LONG_WORD = 37

/** Blocks of this number of code units have a rate each. */
const BLOCK_BITS = 6

/** Hundredths of a token of a UTF-16 code unit beyond ASCII, up to and without the code unit that is named. */
const SCRIPTS: readonly (readonly [end: number, hundredths: number])[] = [
  [0x00c0, 100], // signs of Latin-1
  [0x0180, 90], // Latin with marks
  [0x0240, 150],
  [0x0300, 130], // phonetic
  [0x0380, 180], // marks set on letters
  [0x0400, 52], // Greek
  [0x0460, 29], // Cyrillic
  [0x0530, 130],
  [0x0590, 50], // Armenian
  [0x0600, 65], // Hebrew
  [0x0680, 37], // Arabic
  [0x0700, 110],
  [0x0800, 180], // Syriac, Thaana, N'Ko
  [0x0900, 260],
  [0x0980, 37], // Devanagari
  [0x0b00, 43], // of India
  [0x0b80, 85], // Oriya
  [0x0d80, 58], // of India
  [0x0e00, 85], // Sinhala
  [0x0e80, 59], // Thai
  [0x1000, 185], // Lao, Tibetan
  [0x10c0, 105], // Burmese
  [0x1100, 53], // Georgian
  [0x1200, 260], // Hangul in letters
  [0x1380, 210], // Ethiopic
  [0x1780, 260], // Cherokee, Canadian, runes
  [0x1800, 98], // Khmer
  [0x1d00, 260], // Mongolian and many more
  [0x1e00, 200],
  [0x1e80, 140],
  [0x1f00, 77], // Latin, as in Vietnamese
  [0x2000, 130], // Greek with accents
  [0x2300, 125], // signs
  [0x2440, 220],
  [0x2800, 125],
  [0x3000, 260], // Braille, more signs
  [0x3040, 100],
  [0x3100, 80], // kana
  [0x3400, 220],
  [0x4e00, 260],
  [0xa000, 115], // ideographs
  [0xac00, 260], // Yi, Vai and many more
  [0xd800, 75], // Hangul
  [0xe000, 190],
  [0xfe00, 260],
  [0xfe40, 150],
  [0xff00, 170],
  [0x10000, 120], // wide forms
]

const BLOCKS = Float64Array.from({ length: 0x10000 >> BLOCK_BITS }, (_, block) => {
  const [, hundredths] = SCRIPTS.find(([end]) => block << BLOCK_BITS < end) ?? [0, 100]
  return hundredths
})

/** What a syllable or sign of Hangul or of a script of India adds that is in few words, or in none. */
const RARE = 75
const HANGUL_BEGIN = 0xac00
const HANGUL_END = 0xd7a4
/** Bits of the vowels and ends of Hangul that are common. */
const HANGUL_VOWELS = 0b1_0010_0010_0001_1111_0111
const HANGUL_ENDS = 0b0000_0010_1011_0010_0001_0001_0011
const GREEK_CAPITALS = 0x391
const GREEK_CAPITALS_END = 0x3aa
const CYRILLIC_CAPITALS = 0x410
const CYRILLIC_CAPITALS_END = 0x430
/** What a capital of these adds within a word. */
const INNER_CAPITAL = 30
/** And a letter of Cyrillic that hardly ever follows the one before it. */
const RARE_CYRILLIC_PAIR = 40
const CYRILLIC_END = 0x450
const ARABIC_BEGIN = 0x600
const ARABIC_END = 0x700
/** Letters of Arabic that hardly any word has, and those that end one. */
const ARABIC_RARE = 0x63b
const ARABIC_RARE_END = 0x641
const ARABIC_LAST = new Set([0x629, 0x649])
/** Letters of Persian and Urdu that many words have, among others that few do. */
const ARABIC_COMMON = new Set([...'چڈڑژکگںھہیے'].map((letter) => letter.charCodeAt(0)))
const COMMON_LETTER = -73
/** Scripts of India have the same layout, each in a block of 128. */
const INDIC_BEGIN = 0x900
const INDIC_END = 0xd80
const INDIC_VOWELS = 0x05
const INDIC_CONSONANTS = 0x15
const INDIC_SIGNS = 0x3e
const INDIC_OTHERS = 0x4e

/** That a sign is to be shown as an emoji: what it adds less behind one. */
const EMOJI_STYLE = 0xfe0f
const SIGNS_BEGIN = 0x2000
const AFTER_SIGN = -100

const HIGH_BEGIN = 0xd800
const LOW_BEGIN = 0xdc00
const SURROGATES_END = 0xe000
/** What half a pair adds in a row of itself: it is written as U+FFFD. */
const LONE_SURROGATE = 18
/** What takes two code units, by the first of them: each half of an emoji, of a letter in bold, of a tag. */
const PAIRS = new Map([
  [0xd835, 140],
  [0xd83c, 85],
  [0xd83d, 85],
  [0xd83e, 85],
  [0xdb40, 160],
])

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
  return Math.max(1, Math.round((sum * length) / (100 * PIECES * PIECE_UNITS)))
}

/**
 * Tokens of a code unit beyond ASCII, by its script alone; of both halves of a pair by the first.
 * @throws INVALID_ARGUMENT
 */
export function unitTokens(unit: number): number {
  checkInteger(unit, 0, 0xffff, 'unit')
  return (PAIRS.get(unit) ?? BLOCKS[unit >> BLOCK_BITS]) / 100
}

function hundredths(text: string, start: number, end: number, before: number): number {
  let row = before << ROW_BITS
  let sum = 0
  let last = 0
  /** How often the character before has come in a row. */
  let repeats = 0
  /** Letters of the word so far; a capital within it begins another. */
  let letters = 0
  /** What each half of the pair that has begun adds. */
  let half = 0
  for (let i = start; i < end; i++) {
    const unit = text.charCodeAt(i)
    repeats = unit === last ? repeats + 1 : 1
    if (unit < 128) {
      const own = CLASS_OF[unit]
      const isLetter = own <= UPPER
      letters = !isLetter || (own === UPPER && row === LOWER << ROW_BITS) ? 0 : letters + 1
      if (repeats > REPEATED) sum += ROWS[unit]
      else if (letters > WORD_LETTERS) sum += LONG_WORD
      else if (letters > 1 && ((FOLLOWERS[last & 31] >> (unit & 31)) & 1) === 0) sum += RARE_PAIR
      else sum += own === SPACE && unit !== last && row === SPACE << ROW_BITS ? OTHER_SPACE : STEPS[row + own]
      if (own !== SPACE || (row !== LINE << ROW_BITS && row !== INDENT << ROW_BITS)) row = own << ROW_BITS
      else row = INDENT << ROW_BITS
    } else {
      if (unit >= HIGH_BEGIN && unit < SURROGATES_END) {
        if (unit < LOW_BEGIN) half = PAIRS.get(unit) ?? BLOCKS[HIGH_BEGIN >> BLOCK_BITS]
        sum += repeats > REPEATED ? LONE_SURROGATE : half
      } else if (repeats > 1) sum += repeated(unit, repeats)
      else if (unit === NO_BREAK && last === 32) sum += repeated(unit, REPEATED)
      else {
        sum += BLOCKS[unit >> BLOCK_BITS] + rareness(unit, last)
        if (row === SPACE << ROW_BITS) sum += FIRST_LETTER
      }
      letters = 0
      row = OTHER << ROW_BITS
    }
    last = unit
  }
  return sum
}

/** What a sign beyond ASCII adds after itself. */
function repeated(unit: number, repeats: number): number {
  const rate = BLOCKS[unit >> BLOCK_BITS] + rareness(unit, unit)
  return SIGN_ROWS.get(unit) ?? (repeats > REPEATED ? Math.max(rate, ROW_LETTER) : rate)
}

/** What a letter adds for what is rare in it, or beside the one before. */
function rareness(unit: number, before: number): number {
  if (unit < GREEK_CAPITALS) return 0
  if (unit < CYRILLIC_CAPITALS_END) {
    const isCapital = unit < GREEK_CAPITALS_END || unit >= CYRILLIC_CAPITALS
    return isCapital && before >= GREEK_CAPITALS ? INNER_CAPITAL : 0
  }
  if (unit < CYRILLIC_END) {
    const isInWord = before >= CYRILLIC_CAPITALS_END && before < CYRILLIC_END
    return isInWord && ((CYRILLIC_FOLLOWERS[before & 31] >> (unit & 31)) & 1) === 0 ? RARE_CYRILLIC_PAIR : 0
  }
  if (unit < ARABIC_BEGIN) return 0
  if (unit < ARABIC_END) {
    if (ARABIC_COMMON.has(unit)) return COMMON_LETTER
    const isRare = (unit >= ARABIC_RARE && unit < ARABIC_RARE_END) || ARABIC_LAST.has(before)
    return isRare ? RARE : 0
  }
  if (unit < INDIC_BEGIN) return 0
  if (unit < INDIC_END) return rarenessIndic(unit & 0x7f, before)
  if (unit === EMOJI_STYLE && before >= SIGNS_BEGIN && before < HIGH_BEGIN) return AFTER_SIGN
  return unit >= HANGUL_BEGIN && unit < HANGUL_END ? rarenessHangul(unit - HANGUL_BEGIN) : 0
}

/** Vowels as letters begin words, as signs they follow consonants. */
function rarenessIndic(sign: number, before: number): number {
  if (sign >= INDIC_OTHERS) return RARE
  const isInWord = before >= INDIC_BEGIN && before < INDIC_END
  if (sign < INDIC_SIGNS) return isInWord && sign >= INDIC_VOWELS && sign < INDIC_CONSONANTS ? RARE : 0
  const previous = before & 0x7f
  return isInWord && previous >= INDIC_CONSONANTS && previous < INDIC_SIGNS ? 0 : RARE
}

function rarenessHangul(syllable: number): number {
  const block = (syllable / 28) | 0
  const isCommonEnd = (HANGUL_ENDS >> (syllable - 28 * block)) & 1
  const isCommonVowel = (HANGUL_VOWELS >> (block % 21)) & 1
  return RARE * (2 - isCommonEnd - isCommonVowel)
}
