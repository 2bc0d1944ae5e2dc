const LINE_END = 0x0a
/** Bytes of the longest character. */
const CHARACTER_MAX = 4

/** Makes the error of what is wrong, and where: `column` counts bytes, both count from 1. Null: the file as a whole. */
export type RefuseText = (
  message: string,
  place: { readonly line: number; readonly column: number } | null,
) => Error

/**
 * Text of bytes that come in pieces, of which each may end within a character. What is not UTF-8 is refused with its place, and
 * never replaced: a name that was read as another one would be another name.
 */
export class Utf8Reader {
  private readonly decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  private readonly refuse: RefuseText
  /** The beginning of a character. */
  private rest: Uint8Array = new Uint8Array(0)
  private line = 1
  /** Bytes of the line so far. */
  private column = 0

  /** @param refuse makes the error of what is wrong */
  constructor(refuse: RefuseText) {
    this.refuse = refuse
  }

  /** The characters that are whole, a byte order mark among them. @throws what `refuse` makes */
  read(piece: Uint8Array): string {
    const bytes = this.rest.length === 0 ? piece : joined(this.rest, piece)
    const end = endOfWhole(bytes)
    // A copy, also of a Buffer: whoever reads may use the memory of a piece again.
    this.rest = Uint8Array.from(bytes.subarray(end))
    return this.decode(bytes.subarray(0, end))
  }

  /** @throws what `refuse` makes, where the text ends within a character */
  end(): void {
    this.decode(this.rest)
  }

  private decode(bytes: Uint8Array): string {
    let text: string
    try {
      text = this.decoder.decode(bytes)
    } catch {
      const at = firstWrong(bytes)
      this.pass(bytes.subarray(0, at))
      const byte = bytes[at].toString(16).padStart(2, '0')
      const place = { line: this.line, column: this.column + 1 }
      throw this.refuse(
        `expected text in UTF-8, byte ${place.column} of line ${place.line} is 0x${byte}, not UTF-8: ` +
          "convert it first; from Latin-1, 'iconv -f LATIN1 -t UTF-8' does",
        place,
      )
    }
    this.pass(bytes)
    return text
  }

  private pass(bytes: Uint8Array): void {
    let start = 0
    for (let end = bytes.indexOf(LINE_END); end >= 0; end = bytes.indexOf(LINE_END, start)) {
      start = end + 1
      this.line++
      this.column = 0
    }
    this.column += bytes.length - start
  }
}

/** First bytes of files that are no text in UTF-8, as hexadecimal: what they are, and what makes a text of them. */
const OTHER_KINDS: readonly (readonly [start: RegExp, what: string, way: string])[] = [
  [/^(fffe|feff|(?!00)..00(?!00)..00|00(?!00)..00(?!00))/, 'UTF-16', 'iconv -f UTF-16 -t UTF-8'],
  [/^1f8b/, 'compressed by gzip', 'gunzip -c'],
  [/^28b52ffd/, 'compressed by zstd', 'zstd -dc'],
  [/^504b0304/, 'a ZIP archive (a spreadsheet is one too: save it as CSV)', 'unzip -p'],
  [/^50415231/, 'Parquet', `duckdb -c "COPY (FROM 'FILE') TO 'FILE.jsonl' (FORMAT json)"`],
]

/** What is wrong with a file that begins with these bytes; null for text in UTF-8. */
export function otherKindOf(bytes: Uint8Array): string | null {
  const start = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join('')
  const found = OTHER_KINDS.find(([pattern]) => pattern.test(start))
  return found === undefined ? null : `expected text in UTF-8, it is ${found[1]}: use '${found[2]}' first`
}

/** The text of a file, which may be of another kind. @throws what `refuse` makes */
export function textOfFile(bytes: Uint8Array, refuse: RefuseText): string {
  const other = otherKindOf(bytes)
  if (other !== null) throw refuse(other, null)
  return utf8Text(bytes, refuse)
}

/** A text of which all bytes are there. @throws what `refuse` makes */
export function utf8Text(bytes: Uint8Array, refuse: RefuseText): string {
  const reader = new Utf8Reader(refuse)
  const text = reader.read(bytes)
  reader.end()
  return text
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}

/** Where a character begins that the bytes have not all of. */
function endOfWhole(bytes: Uint8Array): number {
  const { length } = bytes
  for (let i = length - 1; i >= Math.max(0, length - CHARACTER_MAX); i--) {
    const byte = bytes[i]
    if ((byte & 0xc0) === 0x80) continue
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return length - i < needed ? i : length
  }
  return length
}

/** Of bytes that are not UTF-8: what is replaced differs from what was there. */
function firstWrong(bytes: Uint8Array): number {
  const replaced = new TextEncoder().encode(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes))
  const at = bytes.findIndex((byte, i) => byte !== replaced[i])
  return at < 0 ? bytes.length - 1 : at
}
