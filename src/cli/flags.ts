import { InvalidArgumentError } from 'commander'
import { ParetoBanditError } from '../base/errors.js'
import { nearest } from '../base/nearest.js'
import { EPSILON_MAX } from '../router/resolve-options.js'

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

const SEEDS_MAX = 10_000
const EVENTS_MAX = 1000

/** A decimal number and nothing else: no '12abc', no '', no NaN, no Infinity, no 0x10. */
export function numberFlag(text: string): number {
  const value = NUMBER.test(text) ? Number(text) : Number.NaN
  if (!Number.isFinite(value)) throw new InvalidArgumentError('Expected a finite number.')
  return value
}

/** Dollars, tokens, milliseconds. */
export function amountFlag(text: string): number {
  const value = numberFlag(text)
  if (value < 0) throw new InvalidArgumentError('Expected a finite number >= 0.')
  return value
}

/** A ceiling in dollars, or the word `none`. */
export function budgetFlag(text: string): number | 'none' {
  if (text === 'none') return text
  const value = numberFlag(text)
  if (value <= 0) throw new InvalidArgumentError("Expected a finite number > 0, or 'none'.")
  return value
}

/** A seed of the tie-break: an unsigned 32-bit integer. */
export function seedFlag(text: string): number {
  const value = numberFlag(text)
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) {
    throw new InvalidArgumentError('Expected an integer from 0 to 4294967295.')
  }
  return value
}

/** A share of requests left to chance: a number from 0 to 0.5. */
export function epsilonFlag(text: string): number {
  const value = numberFlag(text)
  if (value < 0 || value > EPSILON_MAX) {
    throw new InvalidArgumentError(`Expected a number from 0 to ${EPSILON_MAX}.`)
  }
  return value
}

/** A port to listen on; 0 takes a free one. */
export function portFlag(text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('Expected a port, 0 to 65535.')
  return port
}

/** One of a few words; a misspelt one gets the nearest. */
export function wordFlag<T extends string>(words: readonly T[]): (text: string) => T {
  return (text) => {
    const found = words.find((word) => word === text)
    if (found !== undefined) return found
    const near = nearest(text, words)
    const hint = near === undefined ? '' : ` (Did you mean ${near}?)`
    throw new InvalidArgumentError(`Expected one of ${words.join(', ')}.${hint}`)
  }
}

/** A flag that may be given several times: collects its values. */
export function listFlag(text: string, before: readonly string[] | undefined): readonly string[] {
  if (text === '') throw new InvalidArgumentError('Expected an id.')
  return [...(before ?? []), text]
}

/** The same for files; an empty path is refused as that of any flag. */
export function pathsFlag(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text]
}

/** `ID=NAME`, which may be given several times. Ids may have equals signs: the last one parts. */
export function asFlag(
  text: string,
  before: ReadonlyMap<string, string> = new Map(),
): ReadonlyMap<string, string> {
  const at = text.lastIndexOf('=')
  const [id, name] = [text.slice(0, at), text.slice(at + 1)]
  if (at < 1 || name === '') throw new InvalidArgumentError('Expected ID=NAME.')
  if (before.has(id)) throw new InvalidArgumentError(`Expected '${id}' once.`)
  return new Map([...before, [id, name]])
}

/** How many shuffles to average over: an integer from 1 to 10,000. */
export function seedsFlag(text: string): number {
  const value = numberFlag(text)
  if (!Number.isInteger(value) || value < 1 || value > SEEDS_MAX) {
    throw new InvalidArgumentError(`Expected an integer from 1 to ${SEEDS_MAX}.`)
  }
  return value
}

/** How many events to show: an integer from 1 to 1,000. */
export function eventsFlag(text: string): number {
  const value = numberFlag(text)
  if (!Number.isInteger(value) || value < 1 || value > EVENTS_MAX) {
    throw new InvalidArgumentError(`Expected an integer from 1 to ${EVENTS_MAX}.`)
  }
  return value
}

/** What is wrong with a flag, or with its company. */
export function badFlag(flag: string, message: string): ParetoBanditError {
  return new ParetoBanditError('INVALID_ARGUMENT', `--${flag}`, message)
}
