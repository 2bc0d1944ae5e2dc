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
const SYMBOL = -1
const LINE_FEED = 10

const FNV_OFFSET = 0x811c9dc5
const FNV_PRIME = 0x01000193
const GOLDEN = 0x9e3779b1

/** For a code unit: what a word takes of it (its lower case), or SEPARATOR, or SYMBOL. */
const CLASSES = buildClasses()

export class TokenCounter {
  /** How often each bucket was hit by the last text. Only the touched ones are not 0. */
  readonly counts: Int32Array
  /** The buckets that were hit, in order of first sight; `touchedCount` entries are valid. */
  readonly touched: Int32Array
  touchedCount = 0
  readonly #mask: number
  readonly #maxChars: number

  /**
   * @param buckets a power of two
   * @param maxChars code units read of one text; a longer one is read at its start and its end
   */
  constructor(buckets: number, maxChars: number) {
    this.counts = new Int32Array(buckets)
    this.touched = new Int32Array(buckets)
    this.#mask = buckets - 1
    this.#maxChars = maxChars
  }

  /** Replaces the counts by those of `text`. Takes any string, allocates nothing. */
  count(text: string): void {
    for (let i = 0; i < this.touchedCount; i++) this.counts[this.touched[i]] = 0
    this.touchedCount = 0
    const length = text.length
    if (length <= this.#maxChars) {
      this.#scan(text, 0, length)
      return
    }
    const head = Math.floor(this.#maxChars * HEAD_SHARE)
    this.#scan(text, 0, head)
    this.#scan(text, length - (this.#maxChars - head), length)
  }

  #scan(text: string, start: number, end: number): void {
    let word = 0
    let inWord = false
    let previous = 0
    for (let i = start; i < end; i++) {
      const unit = text.charCodeAt(i)
      const kind = CLASSES[unit]
      if (kind > 0) {
        word = Math.imul((inWord ? word : FNV_OFFSET) ^ kind, FNV_PRIME)
        inWord = true
        continue
      }
      if (inWord) {
        this.#add(word, previous)
        previous = word
        inWord = false
      }
      if (kind === SYMBOL) {
        const symbol = Math.imul(unit + 1, GOLDEN)
        this.#add(symbol, previous)
        previous = symbol
      }
    }
    if (inWord) this.#add(word, previous)
  }

  #add(token: number, previous: number): void {
    this.#hit(token)
    if (previous !== 0) this.#hit((Math.imul(previous, 31) + token) | 0)
  }

  /** The finalizer of MurmurHash3: FNV alone leaves the low bits of short words correlated. */
  #hit(hash: number): void {
    let mixed = hash
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
    const bucket = (mixed ^ (mixed >>> 16)) & this.#mask
    if (this.counts[bucket]++ === 0) this.touched[this.touchedCount++] = bucket
  }
}

/** 128 KB, built once: a table look-up per code unit is twice as fast as comparisons. */
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
