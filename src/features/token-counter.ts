import { BUCKETS_MAX } from './pca-model.js'

/**
 * Text to counts of hashed tokens, in one pass over the UTF-16 code units and without a substring.
 *
 * A token is a run of letters, digits and underscores, lower-cased, or one symbol: a punctuation mark, a line
 * break, an ideograph, half of a surrogate pair. Other white space separates tokens. Every token counts once as
 * itself and once together with the token before it. Symbols are tokens because the shape of a prompt (options in
 * brackets, code, tables, blanks to fill) says as much about the models as its words do.
 */

/** Part of every artifact: a change to the rules below is a new version. */
export const TOKENIZER_VERSION = 1

/** Of a text longer than the limit, this share is read from its start and the rest from its end. */
const HEAD_SHARE = 0.75

const SEPARATOR = 0
const SYMBOL = -1 // negative: its sign bit counts it
const LINE_FEED = 10

/** Code units read in one go. */
const CHUNK = 1024

/** Counts of one text after the other. All encoders share it: a call ends before another can begin. */
interface TokenCounter {
  /** Distinct buckets of the last text, in order of first sight. */
  readonly buckets: Int32Array
  /** How often each of `buckets` was hit. */
  readonly counts: Int32Array
  /**
   * Replaces `buckets` and `counts` by those of `text`. Takes any string, allocates nothing.
   * @param total of the buckets that there are, a power of two from 2 to BUCKETS_MAX
   * @param maxChars code units read of the text; a longer one is read at its start and its end
   * @returns how many entries of `buckets` and `counts` are valid
   */
  count(text: string, total: number, maxChars: number): number
}

/**
 * Arrays that are constants of a closure made once are constants to the compiler, which then spares the loops checking
 * at every step what they are, where they lie and how long they are: a third of the time, half of it in Chinese.
 * Those of an object or, once bundled, of a module are variables to it.
 */
export const tokenCounter = createTokenCounter()

/**
 * A word's hash is FNV-1a without its offset, a symbol's its code unit times an odd number, both 32 bits. A pair's
 * depends on the order of its tokens.
 *
 * No branches: where words end and which buckets are new is what no processor predicts, and a wrong guess costs more
 * than storing a candidate every time and advancing, by arithmetic, only past a good one. A quarter faster so.
 */
function createTokenCounter(): TokenCounter {
  const { tokens, scan } = createScanner()
  const hits = new Int32Array(BUCKETS_MAX) // by bucket; all 0 between calls
  const buckets = new Int32Array(BUCKETS_MAX + 1) // one is written before it is known to be new
  const counts = new Int32Array(BUCKETS_MAX)
  let used = 0
  let previousToken = 0

  function countHits(tokenCount: number, shift: number): void {
    let distinct = used
    let previous = previousToken
    for (let i = 0; i < tokenCount; i++) {
      const token = tokens[i]
      const single = bucketOf(token, shift)
      buckets[distinct] = single
      distinct += (hits[single]++ - 1) >>> 31 // 1 if there was no hit before, else 0
      const pair = bucketOf((Math.imul(previous, 0x2545f491) + token) | 0, shift)
      buckets[distinct] = pair
      distinct += (hits[pair]++ - 1) >>> 31
      previous = token
    }
    used = distinct
    previousToken = previous
  }

  /** A word ends with its part of the text, not with its chunk. */
  function countPart(text: string, start: number, end: number, shift: number): void {
    let word = 0
    for (let at = start; at < end; at += CHUNK) {
      const tokenCount = scan(text, at, Math.min(at + CHUNK, end), word)
      word = tokens[tokenCount]
      countHits(at + CHUNK < end ? tokenCount : tokenCount + isNotZero(word), shift)
    }
  }

  function count(text: string, total: number, maxChars: number): number {
    const shift = Math.clz32(total) + 1 // 32 - log2(total)
    const length = text.length
    used = 0
    previousToken = 0
    const head = length <= maxChars ? length : Math.floor(maxChars * HEAD_SHARE)
    countPart(text, 0, head, shift)
    if (head < length) countPart(text, length - (maxChars - head), length, shift)
    for (let i = 0; i < used; i++) {
      const bucket = buckets[i]
      counts[i] = hits[bucket]
      hits[bucket] = 0
    }
    return used
  }

  return { buckets, counts, count }
}

function createScanner() {
  const classes = buildClasses() // by code unit: what a word takes of it, or SEPARATOR, or SYMBOL
  // Hashes in a chunk. Every token takes a code unit; one more is a word begun before, one a candidate.
  const tokens = new Int32Array(CHUNK + 2)

  /** Writes `tokens`; returns their number, behind which is the word not yet ended, or 0. */
  function scan(text: string, start: number, end: number, wordBefore: number): number {
    let used = 0
    let word = wordBefore
    for (let i = start; i < end; i++) {
      const unit = text.charCodeAt(i)
      const kind = classes[unit]
      const outside = (kind - 1) >> 31 // all bits set unless the unit belongs to a word
      tokens[used] = word
      used += isNotZero(word) & outside
      word = Math.imul(word ^ kind, 0x01000193) & ~outside
      tokens[used] = Math.imul(unit + 1, 0x9e3779b1)
      used += kind >>> 31 // 1 for SYMBOL
    }
    tokens[used] = word
    return used
  }

  return { tokens, scan }
}

/** 1, or 0 for 0: of a number and its negative, one has the sign bit. */
function isNotZero(value: number): number {
  return (value | -value) >>> 31
}

/** The high bits of a product depend on all bits of its factors. */
function bucketOf(hash: number, shift: number): number {
  return Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35) >>> shift
}

/** 256 KB, built once: a look-up per code unit has no branches. */
function buildClasses(): Int32Array {
  const classes = new Int32Array(0x10000)
  for (let unit = 0; unit < classes.length; unit++) classes[unit] = classify(unit)
  return classes
}

function classify(unit: number): number {
  if (unit < 0x80) return classifyAscii(unit)
  if (isSpace(unit)) return SEPARATOR
  return isSymbol(unit) ? SYMBOL : lowerCase(unit)
}

function classifyAscii(unit: number): number {
  if ((unit >= 97 && unit <= 122) || (unit >= 48 && unit <= 57) || unit === 95) return unit
  if (unit >= 65 && unit <= 90) return unit + 32
  if (unit === LINE_FEED) return SYMBOL
  return unit <= 32 || unit === 127 ? SEPARATOR : SYMBOL
}

function isSpace(unit: number): boolean {
  return (
    unit <= 0xa0 ||
    (unit >= 0x2000 && unit <= 0x200f) ||
    unit === 0x2028 ||
    unit === 0x2029 ||
    unit === 0x202f ||
    unit === 0x3000 ||
    unit === 0xfeff
  )
}

/** Marks, signs and arrows, scripts written without spaces, surrogates, private use, full-width forms. */
function isSymbol(unit: number): boolean {
  if (unit < 0xc0) return unit !== 0xaa && unit !== 0xb5 && unit !== 0xba
  return (
    unit === 0xd7 ||
    unit === 0xf7 ||
    (unit >= 0x2010 && unit <= 0x2bff) ||
    (unit >= 0x2e80 && unit <= 0x9fff) ||
    (unit >= 0xd800 && unit <= 0xfaff) ||
    unit >= 0xfe00
  )
}

/** Latin-1, Greek and Cyrillic by range: exact, and the same in every engine whatever its Unicode version. */
function lowerCase(unit: number): number {
  const shifted =
    (unit >= 0xc0 && unit <= 0xde) || (unit >= 0x391 && unit <= 0x3a9) || (unit >= 0x410 && unit <= 0x42f)
  if (shifted) return unit + 32
  return unit >= 0x400 && unit <= 0x40f ? unit + 80 : unit
}
