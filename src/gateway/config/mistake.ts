import { nearest } from '../../base/nearest.js'

/** Keys and places from the top of a config: `['models', 2, 'prices']`. */
export type Path = readonly (string | number)[]

/** Something in a config that must be mended. */
export interface Mistake {
  /** Where it stands. */
  readonly path: Path
  /** What was expected and what came, or what to do. Never holds a secret. */
  readonly message: string
}

/** `models[2].prices`; a key that is no name stands in quotes: `parameters["a b"]`. */
export function pathText(path: Path): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`
    if (!/^[\w$-]+$/.test(key)) return `${text}[${JSON.stringify(key.slice(0, 60))}]`
    return text === '' ? key : `${text}.${key}`
  }, '')
}

/** A value as it reads in a message: short, on one line. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'string') {
    const text = withoutSecrets(withoutMembers(value))
    return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
  }
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`
  return String(value)
}

/** A name that has more in it may have a secret in it: no message and no path repeats it, so it is a mistake of its object. */
export const WORD = '^[\\w.$-]*$'
const WORD_EXPRESSION = new RegExp(WORD, 'u')

export function isWord(name: string): boolean {
  return WORD_EXPRESSION.test(name)
}

/** A text that should be a name and a value. */
export const GROWN_TOGETHER = '^([\\w.$-]{1,40}) *([:=])'
const MEMBER = new RegExp(GROWN_TOGETHER, 'u')

/**
 * What is wrong with a text that should be more than one, as where YAML takes `apiKey:sk-...` for a word: it does not repeat what comes behind
 * the sign. Null: it is another text.
 */
export function grownTogether(text: string): string | null {
  const [, word, sign] = MEMBER.exec(text) ?? []
  if (word === undefined) return null
  return sign === ':' ? `a space after '${word}:'` : `'${word}: ' in place of '${word}='`
}

/** Of names before a colon or `=` in a text, those whose values are secrets, and those that YAML has joined to the text of the line before. */
const JOINED =
  /((?:^|[\s{,])[\w.$-]*(?:auth|key|token|secret|passw|cookie|credential|signature)[\w.$-]* *[:=]|\s[A-Za-z_][\w.$-]* *[:=](?!\/\/)(?=\S))\s*\S.*$/is

function withoutMembers(text: string): string {
  return text.replace(JOINED, '$1…')
}

/** A text that is longer may be a key. */
const SHOWN_MAX = 15

/** What came in place of an object: a text may be the whole of one, grown together. */
export function expectedObject(value: unknown): string {
  const grown = typeof value === 'string' ? grownTogether(value) : null
  if (grown !== null) return `expected ${grown}`
  const isLong = typeof value === 'string' && value.length > SHOWN_MAX
  return `expected an object, got ${isLong ? `a text of ${value.length} characters` : show(value)}`
}

/** A URL without what may be a password: its user, its query and its fragment. */
function withoutSecrets(text: string): string {
  if (!text.includes('//')) return text
  return text.replace(/\/\/[^/?#]*@/, '//…@').replace(/[?#].*$/s, (rest) => `${rest[0]}…`)
}

/** `; did you mean 'x'?` for the known word that is closest, or nothing. */
export function hintOf(word: unknown, known: readonly string[]): string {
  if (typeof word !== 'string' || word.length > 60) return ''
  const near = nearest(word, known)
  return near === undefined ? '' : `; did you mean '${near}'?`
}
