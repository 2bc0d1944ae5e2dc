import { checkAmount, checkArray, isMissing, isRecord } from '../../base/check.js'
import { expected } from '../../base/errors.js'

const ENTRIES = /^(\w+)\[(\w+)=(\w+)\]$/

/**
 * The number at a path of a usage object: null where nothing is there, or NaN (AI SDK 4, of providers that tell none). A path that ends or passes where another version
 * of the object has a record or a number finds nothing.
 * @throws INVALID_ARGUMENT naming the field, for anything else that is not an amount of tokens
 */
export function readCount(usage: Record<string, unknown>, path: string, field: string): number | null {
  const [step, ...others] = path.split('.')
  const entries = ENTRIES.exec(step)
  if (entries !== null) {
    const [, list, key, value] = entries
    return sumEntries(usage[list], key, value, others.join('.'), `${field}.${list}`)
  }
  const found = usage[step]
  const at = `${field}.${step}`
  if (isMissing(found)) return null
  if (others.length === 0) return isRecord(found) ? null : checkAmount(found, at)
  if (typeof found === 'number') {
    checkAmount(found, at)
    return null
  }
  if (!isRecord(found)) throw expected('INVALID_ARGUMENT', at, 'an object', found)
  return readCount(found, others.join('.'), at)
}

/** The record at a path; null where nothing is there. @throws INVALID_ARGUMENT for anything else */
export function readRecord(
  usage: Record<string, unknown>,
  path: string,
  field: string,
): Record<string, unknown> | null {
  let record = usage
  let at = field
  for (const step of path.split('.')) {
    const found = record[step]
    at = `${at}.${step}`
    if (found === undefined || found === null) return null
    if (!isRecord(found)) throw expected('INVALID_ARGUMENT', at, 'an object', found)
    record = found
  }
  return record
}

/** The sum of a count over the entries of a list that have a value under a key, letter case apart; null without any. */
export function sumEntries(
  list: unknown,
  key: string,
  value: string,
  path: string,
  field: string,
): number | null {
  if (list === undefined || list === null) return null
  let sum: number | null = null
  checkArray(list, field).forEach((entry, i) => {
    if (!isRecord(entry)) throw expected('INVALID_ARGUMENT', `${field}[${i}]`, 'an object', entry)
    const name = entry[key]
    const count = readCount(entry, path, `${field}[${i}]`)
    if (typeof name === 'string' && name.toLowerCase() === value && count !== null) sum = (sum ?? 0) + count
  })
  return sum
}
