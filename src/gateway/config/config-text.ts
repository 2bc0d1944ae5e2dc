import {
  type Document,
  type ErrorCode,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  type YAMLError,
} from 'yaml'
import { messageOf } from '../../base/errors.js'
import type { Mistake, Path } from './mistake.js'

/** Longest config that is read. */
const BYTES_MAX = 8 * 1024 * 1024
/** How often aliases may be resolved: some, not a text of nine lines that becomes gigabytes. */
const ALIASES_MAX = 100

/** Where in a text something stands, from 1. */
export interface Place {
  /** From 1. */
  readonly line: number
  /** From 1. */
  readonly column: number
}

export interface PlacedMistake extends Mistake {
  /** Null where the config was no text. */
  readonly place: Place | null
}

/** A config's text, read: its value, and where each part of it stands. */
export interface ConfigText {
  readonly value: unknown
  /** Mistakes of the text itself; then `value` is undefined. */
  readonly mistakes: readonly PlacedMistake[]
  /** Where a path stands, or as much of it as is there. */
  placeOf(path: Path): Place
}

/** YAML 1.2, of which JSON is a part. */
export function parseConfigText(text: string): ConfigText {
  if (text.length > BYTES_MAX) return failed(`expected at most ${BYTES_MAX} characters, got ${text.length}`)
  const lines = new LineCounter()
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  try {
    const documents = parseAllDocuments(text, {
      lineCounter: lines,
      prettyErrors: false,
      merge: true,
      logLevel: 'silent',
    })
    const [document, second] = documents
    if (document === undefined) return failed('expected a config, the file is empty')
    if (second !== undefined) {
      const message = `expected one document, got ${documents.length}: only the first would count`
      const mistakes = [{ path: [], message, place: placeAt(second.range[0]) }]
      return { value: undefined, mistakes, placeOf: () => TOP }
    }
    const problems = withoutConsequences([...document.errors, ...document.warnings])
    if (problems.length > 0) {
      const mistakes = problems.map(({ code, message, pos }) => ({
        path: [],
        message: IN_WORDS[code] ?? oneLine(withoutSource(message)),
        place: placeAt(pos[0]),
      }))
      return { value: undefined, mistakes, placeOf: () => TOP }
    }
    if (document.contents === null) return failed('expected a config, the file is empty')
    const value: unknown = document.toJS({ maxAliasCount: ALIASES_MAX })
    // Another file than was meant, as one of environment variables, is one text: what is in it may be secret.
    if (typeof value === 'string')
      return failed(`expected an object, got a text of ${value.length} characters`)
    return { value, mistakes: [], placeOf: (path) => placeAt(offsetOf(document, path)) }
  } catch (error) {
    // Too many aliases, one of nothing, or lists in lists beyond what the stack holds.
    return failed(oneLine(withoutSource(messageOf(error))))
  }
}

const TOP: Place = { line: 1, column: 1 }

/** What YAML's own words leave open. */
const IN_WORDS: Readonly<Partial<Record<ErrorCode, string>>> = {
  TAB_AS_INDENT: 'a tab in an indent: expected spaces',
  DUPLICATE_KEY: 'this name stands in its object already: expected it once',
}

/** Lines behind a tab are read as something else than they are: what is wrong with them then is not what is wrong. */
function withoutConsequences(problems: readonly YAMLError[]): readonly YAMLError[] {
  const tabs = problems.filter(({ code }) => code === 'TAB_AS_INDENT')
  return tabs.length > 0 ? tabs : problems
}

function failed(message: string): ConfigText {
  return { value: undefined, mistakes: [{ path: [], message, place: TOP }], placeOf: () => TOP }
}

/** Where a path begins in the text: at its key in a map. Of one that is not all there, where the rest is missing. */
function offsetOf(document: Document.Parsed, path: Path): number {
  let node: unknown = document.contents
  let offset = startOf(node) ?? 0
  for (const key of path) {
    const whole = isAlias(node) ? node.resolve(document) : node
    let at: unknown
    if (isMap(whole)) {
      const pair = whole.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key))
      at = pair?.key
      node = pair?.value
    } else if (isSeq(whole) && typeof key === 'number') {
      at = whole.items[key]
      node = at
    }
    const start = startOf(at)
    if (start === undefined) break
    offset = start
  }
  return offset
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined
}

/** Some messages end in what stands in the file. */
function withoutSource(message: string): string {
  return message.replace(/: "(?:[^"\\]|\\.)*"$/s, '').replace(/^(Unresolved alias.*): \S+$/s, '$1')
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
