import { LatestMap } from '../../base/latest-map.js'

/** How far two sources agree on answers that both spoke of. */
export interface Agreement {
  /** In the order of the alphabet. */
  readonly sources: readonly [a: string, b: string]
  /** Answers that both spoke of. */
  readonly count: number
  /** Mean of what `a` said less what `b` said, in [-1, 1]: above 0, `a` is the kinder one. */
  readonly meanDifference: number
  /** Pearson's correlation; null: there are fewer than two answers, or one of them said the same of all. */
  readonly correlation: number | null
}

/** Decisions of which it is remembered who said what, the latest. */
const DECISIONS_MAX = 10_000

/** Of one answer: most have one source, and few have three. */
interface Said {
  readonly source: string
  readonly value: number
}

interface Pair {
  readonly sources: readonly [a: string, b: string]
  count: number
  meanA: number
  meanB: number
  momentA: number
  momentB: number
  coMoment: number
}

/** Called for an answer that two sources rated: what each said. */
export type OnPair = (a: string, valueA: number, b: string, valueB: number) => void

/**
 * Compares what sources say of the same answers, each with each. What weighs nothing, and what comes too late to be applied, is compared
 * too. The first word of a source on an answer counts. A source that agrees with no other is a bad one; one that agrees may lean all the same.
 */
export class AgreementTable {
  private readonly said = new LatestMap<string, Said[]>(DECISIONS_MAX)
  private readonly pairs = new Map<string, Pair>()

  constructor(private readonly onPair: OnPair = () => {}) {}

  /** @param value in [0, 1] */
  heard(decision: string, source: string, value: number): void {
    const known = this.said.get(decision)
    if (known === undefined) {
      this.said.set(decision, [{ source, value }])
      return
    }
    if (known.some((each) => each.source === source)) return
    for (const { source: other, value: otherValue } of known) {
      if (other < source) this.add(other, otherValue, source, value)
      else this.add(source, value, other, otherValue)
    }
    known.push({ source, value })
  }

  rows(): Agreement[] {
    return [...this.pairs.values()]
      .sort((p, q) => (keyOf(...p.sources) < keyOf(...q.sources) ? -1 : 1))
      .map(({ sources, count, meanA, meanB, momentA, momentB, coMoment }) => {
        const spread = Math.sqrt(momentA * momentB)
        const correlation = spread > 0 ? Math.min(1, Math.max(-1, coMoment / spread)) : null
        return { sources, count, meanDifference: meanA - meanB, correlation }
      })
  }

  private add(a: string, valueA: number, b: string, valueB: number): void {
    const key = keyOf(a, b)
    const pair = this.pairs.get(key) ?? {
      sources: [a, b],
      count: 0,
      meanA: 0,
      meanB: 0,
      momentA: 0,
      momentB: 0,
      coMoment: 0,
    }
    this.pairs.set(key, pair)
    // Welford's sums: numbers of any count keep their digits.
    pair.count++
    const differenceA = valueA - pair.meanA
    const differenceB = valueB - pair.meanB
    pair.meanA += differenceA / pair.count
    pair.meanB += differenceB / pair.count
    pair.momentA += differenceA * (valueA - pair.meanA)
    pair.momentB += differenceB * (valueB - pair.meanB)
    pair.coMoment += differenceA * (valueB - pair.meanB)
    this.onPair(a, valueA, b, valueB)
  }
}

function keyOf(a: string, b: string): string {
  return `${a}\n${b}`
}
