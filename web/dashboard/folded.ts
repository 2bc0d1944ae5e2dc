import type { Mark } from '../../src/gateway/dashboard/shape.js'

/** One that stands for all of its kind. */
export type FoldedMark = Mark & { readonly times: number }

/**
 * A model that goes down and comes back, or changes, again and again would push all else out: of the same notice of a model the latest
 * stands for all. What operators change stays.
 * @returns oldest first, each with how often it came
 */
export function folded(marks: readonly Mark[]): readonly FoldedMark[] {
  const times = new Map<string, number>()
  const kept: FoldedMark[] = []
  const keyOf = ({ type, kind, model, text }: Mark) => `${type} ${kind} ${saidBy(type, text)} ${model}`
  for (const mark of marks) times.set(keyOf(mark), (times.get(keyOf(mark)) ?? 0) + 1)
  const seen = new Set<string>()
  for (const mark of [...marks].reverse()) {
    const key = keyOf(mark)
    const isMany = mark.kind !== 'change'
    if (isMany && seen.has(key)) continue
    seen.add(key)
    kept.push({ ...mark, times: isMany ? (times.get(key) ?? 1) : 1 })
  }
  return kept.reverse()
}

/** What tells notices of one type apart: of drift, of what and where to; of a model that is not asked, why. Figures differ each time. */
function saidBy(type: string, text: string): string {
  return type === 'drift' || type === 'availability' ? text.replace(/[\d.]+/g, '') : ''
}
