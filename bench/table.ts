import { formatNs, significant, times, whole } from './format.js'
import type { BenchRow } from './row.js'

export const COLUMNS = [
  'row',
  'kernel',
  'd',
  'models',
  'alpha',
  'p50',
  'p99',
  'candidates/ms',
  'vs plain',
  'vs limit',
  'more',
] as const
const WIDTHS = [17, 7, 5, 8, 7, 10, 10, 15, 10, 10, 0] as const
const LINE_WIDTH = WIDTHS.reduce<number>((sum, width) => sum + width, 0)
/** Names on the left stand at the left of their column, numbers at its right; what follows is free text. */
const TEXTS = 2

/** The cells of a row, empty where a column does not apply. */
export function cells(row: BenchRow): string[] {
  return [
    row.name,
    row.kernel,
    String(row.dimension),
    row.models === 0 ? '' : String(row.models),
    row.alpha === undefined ? '' : String(row.alpha),
    formatNs(row.p50Ns),
    formatNs(row.p99Ns),
    row.perMs === null ? '' : significant(row.perMs),
    row.plainRatio === undefined ? '' : times(row.plainRatio),
    row.limitRatio === undefined ? '' : times(row.limitRatio),
    more(row).join(', '),
  ]
}

export function tableHead(): string {
  return `${line(COLUMNS)}\n${'-'.repeat(LINE_WIDTH)}`
}

export function tableLine(row: BenchRow): string {
  return line(cells(row))
}

function more(row: BenchRow): string[] {
  const { paperRatio, cyclesPerSecond, evaluated, heapBytesPerMillion, allocatedBytesPerCycle } = row
  return [
    ...(paperRatio === undefined ? [] : [`${paperRatio.toFixed(2)}x policy paper`]),
    ...(cyclesPerSecond === undefined ? [] : [`${whole(cyclesPerSecond)} cycles/s`]),
    ...(evaluated === undefined ? [] : [`${significant(evaluated)} forms`]),
    ...(heapBytesPerMillion === undefined ? [] : [`heap ${whole(heapBytesPerMillion)} B/million`]),
    ...(allocatedBytesPerCycle === undefined ? [] : [`garbage ${whole(allocatedBytesPerCycle)} B/cycle`]),
  ]
}

function line(texts: readonly string[]): string {
  return texts
    .map((cell, i) => {
      if (i < TEXTS) return cell.padEnd(WIDTHS[i])
      return WIDTHS[i] === 0 ? `  ${cell}` : cell.padStart(WIDTHS[i])
    })
    .join('')
    .trimEnd()
}
