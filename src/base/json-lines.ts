import { isRecord } from './check.js'
import { ParetoBanditError, show } from './errors.js'

/** Characters of a line at most: what is longer is no object of ours, and twice as much no string can hold. */
const LINE_MAX = 2 ** 28

/** A line of a file that has one JSON object a line. */
export interface Line {
  readonly text: string
  /** `file:line`, for messages. */
  readonly place: string
}

/** What the first characters of a text say that is no such file, though it was read as if it were UTF-8. */
const OTHERS: readonly (readonly [pattern: RegExp, what: string, way: string])[] = [
  [/^\0{4}/, 'zero bytes', 'it is no text'],
  // Two bytes that UTF-8 has not, or every other character none.
  [/^(\ufffd\ufffd|.\0.\0|\0.\0.)/s, 'UTF-16', 'convert it to UTF-8'],
  [/^\p{Cc}\ufffd/u, 'gzip', 'unpack it'],
  [/^\s*\[/, 'a JSON array', "write each of its entries on a line of its own, as 'jq -c .[]' does"],
  [/^\s*</, 'HTML or XML', 'it may be the page of an error that was saved in its place'],
  [/^\s*[^{\s][^{]*[,;\t]/, 'CSV', "'paretobandit import-log' makes rows of it"],
]

/**
 * The lines of a text that are not empty; the text may come in pieces, and be longer than a string can be. Byte order marks are
 * passed over, also those between files put together.
 */
export class JsonLines {
  private readonly name: string
  private number = 1
  private isFirst = true
  /** The beginning of a line. */
  private pending = ''

  /** @param name how errors call the text */
  constructor(name: string) {
    this.name = name
  }

  /** The lines that end in this piece. @throws DATA_INVALID for what is JSON or text of another kind, named, and for a line without end */
  *read(piece: string): Generator<Line> {
    let start = 0
    for (let end = piece.indexOf('\n'); end >= 0; end = piece.indexOf('\n', start)) {
      const line = this.pending + piece.slice(start, end)
      this.pending = ''
      start = end + 1
      yield* this.take(line)
    }
    this.pending += piece.slice(start)
    if (this.pending.length > LINE_MAX) {
      const message = `expected a line of at most ${LINE_MAX} characters, it is longer`
      throw new ParetoBanditError('DATA_INVALID', `${this.name}:${this.number}`, message)
    }
  }

  /** The last line, if no line ends after it. @throws DATA_INVALID as `read` */
  *end(): Generator<Line> {
    const line = this.pending
    this.pending = ''
    yield* this.take(line)
  }

  private *take(line: string): Generator<Line> {
    const place = `${this.name}:${this.number++}`
    // To JavaScript byte order marks are blank.
    const bare = line.startsWith('\ufeff') ? line.trimStart() : line
    if (bare.trim() === '') return
    if (this.isFirst) checkKind(bare, place)
    this.isFirst = false
    yield { text: bare, place }
  }
}

/** All lines of a text, as `JsonLines` reads them. @param name how errors call the text. @throws DATA_INVALID */
export function* jsonLines(text: string, name: string): Generator<Line> {
  const lines = new JsonLines(name)
  yield* lines.read(text)
  yield* lines.end()
}

/**
 * What a line holds. Errors do not quote it: it may be of another file than was meant, with secrets in it.
 * @throws DATA_INVALID for what is no object of JSON
 */
export function jsonOfLine(text: string, place: string): Record<string, unknown> {
  const refused = (what: string, got: string) =>
    new ParetoBanditError('DATA_INVALID', place, `expected ${what}, got ${got}`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw refused('JSON', `${text.trim().length} characters that are not JSON`)
  }
  if (isRecord(value)) return value
  throw refused('an object', typeof value === 'string' ? 'a text' : show(value))
}

function checkKind(first: string, place: string): void {
  for (const [pattern, what, way] of OTHERS) {
    if (!pattern.test(first)) continue
    throw new ParetoBanditError('DATA_INVALID', place, `expected an object on each line, got ${what}: ${way}`)
  }
}
