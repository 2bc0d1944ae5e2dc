import { checkAmount, checkArray, checkRecord, isAmount, isMissing, isRecord } from '../../base/check.js'
import type { BillRemarks } from './flags.js'

const ENTRIES = /^(\w+)\[(\w+)=(\w+)\]$/

/** A path taken apart: its first step, and the rest of it. */
interface Path {
  readonly step: string
  /** Empty where the step is the last. */
  readonly rest: string
  /** Where the step goes over a list: those entries of `step` that have a value under a key. */
  readonly entries: { readonly key: string; readonly value: string } | null
}

/** Paths are those of the tables of shapes: each is taken apart once. */
const PATHS = new Map<string, Path>()

function takenApart(path: string): Path {
  const dot = path.indexOf('.')
  const first = dot < 0 ? path : path.slice(0, dot)
  const rest = dot < 0 ? '' : path.slice(dot + 1)
  const [, list, key, value] = ENTRIES.exec(first) ?? []
  const parsed: Path =
    list === undefined ? { step: first, rest, entries: null } : { step: list, rest, entries: { key, value } }
  PATHS.set(path, parsed)
  return parsed
}

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
    const { step, rest, entries } = PATHS.get(path) ?? takenApart(path)
    if (entries !== null) return this.sum(step, entries.key, entries.value, rest)
    const found = this.usage[step]
    if (isMissing(found)) return null
    if (rest === '') return isRecord(found) ? null : this.amount(found, step)
    if (typeof found === 'number') {
      this.amount(found, step)
      return null
    }
    return this.within(found, `${this.field}.${step}`)?.count(rest) ?? null
  }

  /** Whether something is at the first step of one of the paths. */
  begins(paths: readonly string[]): boolean {
    for (const path of paths) {
      const { step } = PATHS.get(path) ?? takenApart(path)
      if (this.usage[step] !== undefined && this.usage[step] !== null) return true
    }
    return false
  }

  /** Reads on in the record at a path; null where nothing is there. */
  record(path: string): CountReader | null {
    const { step, rest } = PATHS.get(path) ?? takenApart(path)
    const found = this.usage[step]
    if (found === undefined || found === null) return null
    const reader = this.within(found, `${this.field}.${step}`)
    return rest === '' || reader === null ? reader : reader.record(rest)
  }

  /** The sum of a count over the entries of a list that have a value under a key, letter case apart; null without any. */
  sum(list: string, key: string, value: string, path: string): number | null {
    const found = this.usage[list]
    return found === undefined || found === null
      ? null
      : this.sumOver(found, `${this.field}.${list}`, key, value, path)
  }

  private sumOver(found: unknown, at: string, key: string, value: string, path: string): number | null {
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
    this.noRecord(value, at)
    return null
  }

  private amount(value: unknown, step: string): number | null {
    if (isAmount(value)) return value
    this.noAmount(value, `${this.field}.${step}`)
    return null
  }

  // Closures of what is read would be paid for by every count.
  private noRecord(value: unknown, at: string): void {
    this.remarks.wrong('not-an-amount', () => checkRecord(value, at))
  }

  private noAmount(value: unknown, at: string): void {
    this.remarks.wrong('not-an-amount', () => checkAmount(value, at))
  }
}
