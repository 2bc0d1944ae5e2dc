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
    const text = withoutSecrets(value)
    return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
  }
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`
  return String(value)
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
