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

/** For a code unit: what a word takes of it (its lower case), or SEPARATOR, or SYMBOL. */
const CLASSES = buildClasses()

export class TokenCounter {
  /** Distinct buckets of the last text, in order of first sight; the first `bucketCount` entries are valid. */
  readonly buckets: Int32Array
  /** How often each of `buckets` was hit. */
  readonly counts: Int32Array
  bucketCount = 0
  readonly #maxChars: number
  readonly #shift: number
  readonly #tokens: Int32Array
  /** By bucket; all 0 between calls. */
  readonly #hits: Int32Array

  /**
   * @param buckets a power of two, at least 2
   * @param maxChars code units read of one text; a longer one is read at its start and its end
   */
  constructor(buckets: number, maxChars: number) {
    this.#maxChars = maxChars
    this.#shift = Math.clz32(buckets) + 1 // 32 - log2(buckets)
    this.#hits = new Int32Array(buckets)
    // Every token takes at least one code unit; one more is a candidate that was not to be.
    this.#tokens = new Int32Array(maxChars + 1)
    // One entry more than there can be: a bucket is written before it is known to be new.
    this.buckets = new Int32Array(buckets + 1)
    this.counts = new Int32Array(buckets + 1)
  }

  /** Replaces `buckets` and `counts` by those of `text`. Takes any string, allocates nothing. */
  count(text: string): void {
    const length = text.length
    if (length <= this.#maxChars) {
      this.#count(this.#scan(text, 0, length, 0))
      return
    }
    const head = Math.floor(this.#maxChars * HEAD_SHARE)
    const tokenCount = this.#scan(text, 0, head, 0)
    this.#count(this.#scan(text, length - (this.#maxChars - head), length, tokenCount))
  }

  /**
   * Appends the tokens' hashes at `tokenCount`; returns the new count. A word's is FNV-1a without its offset, a
   * symbol's its code unit times an odd number, both 32 bits.
   *
   * Without a branch: where words end is what no processor predicts, and a wrong guess costs more than storing a
   * candidate at every code unit and advancing, by arithmetic, only past a good one. A quarter faster so.
   */
  #scan(text: string, start: number, end: number, tokenCount: number): number {
    const tokens = this.#tokens
    const classes = CLASSES
    let used = tokenCount
    let word = 0
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
    return used + isNotZero(word)
  }

  /** Counts new buckets by arithmetic, for the same reason. A pair's hash depends on the order of its tokens. */
  #count(tokenCount: number): void {
    const tokens = this.#tokens
    const hits = this.#hits
    const buckets = this.buckets
    const counts = this.counts
    const shift = this.#shift
    let used = 0
    let previous = 0
    for (let i = 0; i < tokenCount; i++) {
      const token = tokens[i]
      const single = bucketOf(token, shift)
      buckets[used] = single
      used += (hits[single]++ - 1) >>> 31 // 1 if there was no hit before, else 0
      const pair = bucketOf((Math.imul(previous, 0x2545f491) + token) | 0, shift)
      buckets[used] = pair
      used += (hits[pair]++ - 1) >>> 31
      previous = token
    }
    for (let i = 0; i < used; i++) {
      counts[i] = hits[buckets[i]]
      hits[buckets[i]] = 0
    }
    this.bucketCount = used
  }
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
