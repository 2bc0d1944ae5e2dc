import { checkAmount, checkArray, checkRecord, isAmount, isMissing, isRecord } from '../../base/check.js'
import type { BillRemarks } from './flags.js'

const ENTRIES = /^(\w+)\[(\w+)=(\w+)\]$/

/**
 * Finds counts in a usage object by their paths. What is there and is no amount, or no object where a path goes on, is
 * told to the remarks: INVALID_ARGUMENT naming the field, or left out.
 */
export class CountReader {
  private readonly usage: Record<string, unknown>
  private readonly field: string
  private readonly remarks: BillRemarks

  constructor(usage: Record<string, unknown>, field: string, remarks: BillRemarks) {
    this.usage = usage
    this.field = field
    this.remarks = remarks
  }

  /**
   * The number at a path: null where nothing is there, or NaN (AI SDK 4, of providers that tell none). A path that ends
   * or passes where another version of the object has a record or a number finds nothing.
   */
  count(path: string): number | null {
    const [step, ...others] = path.split('.')
    const entries = ENTRIES.exec(step)
    if (entries !== null) {
      const [, list, key, value] = entries
      return this.sum(list, key, value, others.join('.'))
    }
    const found = this.usage[step]
    const at = `${this.field}.${step}`
    if (isMissing(found)) return null
    if (others.length === 0) return isRecord(found) ? null : this.amount(found, at)
    if (typeof found === 'number') {
      this.amount(found, at)
      return null
    }
    return this.within(found, at)?.count(others.join('.')) ?? null
  }

  /** Reads on in the record at a path; null where nothing is there. */
  record(path: string): CountReader | null {
    let reader: CountReader | null = this
    for (const step of path.split('.')) {
      if (reader === null) return null
      const found: unknown = reader.usage[step]
      reader = found === undefined || found === null ? null : reader.within(found, `${reader.field}.${step}`)
    }
    return reader
  }

  /** The sum of a count over the entries of a list that have a value under a key, letter case apart; null without any. */
  sum(list: string, key: string, value: string, path: string): number | null {
    const found = this.usage[list]
    const at = `${this.field}.${list}`
    if (found === undefined || found === null) return null
    if (!Array.isArray(found)) {
      this.remarks.wrong('not-an-amount', () => checkArray(found, at))
      return null
    }
    let sum: number | null = null
    found.forEach((entry: unknown, i) => {
      const reader = this.within(entry, `${at}[${i}]`)
      if (reader === null) return
      const name = reader.usage[key]
      const count = reader.count(path)
      if (typeof name === 'string' && name.toLowerCase() === value && count !== null) sum = (sum ?? 0) + count
    })
    return sum
  }

  private within(value: unknown, at: string): CountReader | null {
    if (isRecord(value)) return new CountReader(value, at, this.remarks)
    this.remarks.wrong('not-an-amount', () => checkRecord(value, at))
    return null
  }

  private amount(value: unknown, at: string): number | null {
    if (isAmount(value)) return value
    this.remarks.wrong('not-an-amount', () => checkAmount(value, at))
    return null
  }
}
