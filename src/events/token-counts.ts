import { checkAmount, checkRecord } from '../base/check.js'
import { expected } from '../base/errors.js'
import type { Field } from './definition.js'

/** Tokens by kind (`input`, `cachedInput`, `output`, ...), no token in two of them. A kind without tokens is left out. */
export type TokenCounts = Readonly<Record<string, number>>

/** A word as programs write names: nothing else in a log needs quoting. */
const KIND = /^[a-z][A-Za-z0-9]{0,39}$/

/**
 * Counts by name.
 * @param kinds those that this release knows: it refuses an event with another by name. Default: any word
 */
export const tokenCounts = (kinds?: readonly string[]): Field<TokenCounts> => ({
  form: 'counts',
  check: (value, path) => {
    const counts: Record<string, number> = {}
    for (const [kind, count] of Object.entries(checkRecord(value, path))) {
      if (!KIND.test(kind) || (kinds !== undefined && !kinds.includes(kind)))
        throw expected('INVALID_ARGUMENT', path, kinds?.join(', ') ?? 'kinds of tokens', kind)
      counts[kind] = checkAmount(count, `${path}.${kind}`)
    }
    return Object.freeze(counts)
  },
  ...(kinds === undefined ? {} : { words: { first: kinds, known: kinds } }),
})
