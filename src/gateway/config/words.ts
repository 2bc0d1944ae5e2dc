import { integerIn, textLike } from './scalar-shapes.js'
import type { Shape } from './shape.js'

/** Ids of upstreams, groups, regions and the like: they stand in headers, metrics and keys of stores. */
export function word(what: string): Shape<string> {
  return textLike(
    '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$',
    `${what}: at most 64 letters, digits, '.', '_' or '-', a letter or digit first`,
  )
}

export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS

export const TOKENS_MAX = 1e9

export function milliseconds(low = 1, high = DAY_MS): Shape<number> {
  return integerIn(low, high)
}
