import { isRecord } from './check.js'
import { ParetoBanditError, show } from './errors.js'

/** A line of a file that has one JSON object a line. */
interface Line {
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
 * The lines of a text that are not empty. Byte order marks are passed over, also those between files put together.
 * @param name how errors call the text
 * @throws DATA_INVALID for what is JSON or text of another kind, named
 */
export function* jsonLines(text: string, name: string): Generator<Line> {
  let start = 0
  let isFirst = true
  for (let number = 1; start < text.length; number++) {
    const end = text.indexOf('\n', start)
    const line = text.slice(start, end < 0 ? text.length : end)
    // To JavaScript byte order marks are blank.
    const bare = line.startsWith('\ufeff') ? line.trimStart() : line
    start = end < 0 ? text.length : end + 1
    if (bare.trim() === '') continue
    const place = `${name}:${number}`
    if (isFirst) checkKind(bare, place)
    isFirst = false
    yield { text: bare, place }
  }
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
