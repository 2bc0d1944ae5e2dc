import { isRecord } from '../base/check.js'

/** What a release can name in a value: words that a text may be, or keys of a record, or of a list's records. */
export interface Words {
  /** Those of the first release. An event with others is of version 2, which it refuses. */
  readonly first: readonly string[]
  /** All that this release knows: it refuses an event with others by name. */
  readonly known: readonly string[]
  /** The same of what stands under keys of a record. */
  readonly within?: Readonly<Record<string, Words>>
}

/** The first word or key of a value that a release does not know, below those it stands under: `tiers.smellUsdPerMTok`. */
export function wordBeyond(value: unknown, words: Words, release: 'first' | 'known'): string | undefined {
  const { [release]: known, within } = words
  if (typeof value === 'string') return known.includes(value) ? undefined : value
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const beyond = wordBeyond(value[i], words, release)
      if (beyond !== undefined) return beyond
    }
    return undefined
  }
  if (!isRecord(value)) return undefined
  for (const key in value) {
    if (!known.includes(key)) return key
    const inner = within?.[key]
    const beyond = inner === undefined ? undefined : wordBeyond(value[key], inner, release)
    if (beyond !== undefined) return `${key}.${beyond}`
  }
  return undefined
}
