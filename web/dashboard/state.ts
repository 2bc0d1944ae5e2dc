import { computed, signal } from '@preact/signals'
import type { Bucket, DashboardData, DecisionRow, HistoryRing } from '../../src/gateway/dashboard/shape.js'
import { modelMarks } from '../shared/palette.js'

const MARKS_MAX = 500
const DECISIONS_MAX = 1000

/** `resting`: nobody sees the page. */
export type Connection = 'asking' | 'needs-key' | 'live' | 'lost' | 'resting'

export const data = signal<DashboardData | null>(null)
export const connection = signal<Connection>('asking')
/** What went wrong last, in words; empty: nothing. */
export const problem = signal('')
/** Which history is shown. */
export const ringIndex = signal(0)

export const ring = computed<HistoryRing | null>(() => {
  const history = data.value?.history ?? []
  return history[ringIndex.value] ?? history[0] ?? null
})

const modelIds = computed(() => (data.value?.stats.models ?? []).map(({ id }) => id).join('\n'))

/** Another one: the history is that of another process, or was read again. */
export const historyOf = computed(() => `${data.value?.traffic?.since} ${data.value?.cursor.epoch}`)

/** Marks of models: they stay when prices change, and are assigned again when other models come. */
export const marksOf = computed(() => {
  modelIds.value
  return modelMarks(data.peek()?.stats.models ?? [])
})

/** Takes what the server sent: all, or what has changed. */
export function take(next: DashboardData): void {
  const before = data.value
  data.value =
    !next.isUpdate || before === null
      ? next
      : {
          ...next,
          history: next.history.map((each, i) => merged(before.history[i], each)),
          marks: [...before.marks, ...next.marks].slice(-MARKS_MAX),
          decisions: mergedDecisions(before.decisions, next.decisions),
        }
}

function merged(before: HistoryRing | undefined, next: HistoryRing): HistoryRing {
  if (before === undefined) return next
  const buckets = new Map<number, Bucket>(before.buckets.map((bucket) => [bucket.at, bucket]))
  for (const bucket of next.buckets) buckets.set(bucket.at, bucket)
  const kept = [...buckets.values()].filter(({ at }) => at >= next.from)
  return { ...next, buckets: kept.sort((a, b) => a.at - b.at) }
}

function mergedDecisions(before: readonly DecisionRow[], next: readonly DecisionRow[]): DecisionRow[] {
  if (next.length === 0) return [...before]
  const changed = new Map(next.map((row) => [row.id, row]))
  const known = new Set(before.map(({ id }) => id))
  const added = next.filter(({ id }) => !known.has(id))
  return [...added, ...before.map((row) => changed.get(row.id) ?? row)].slice(0, DECISIONS_MAX)
}
