import { LatestMap } from '../../base/latest-map.js'
import type { Explanation, ModelExplanation } from '../../index.js'
import { LATEST_MAX } from './latest.js'
import type { ExplainedModel } from './shape.js'

/** Of each decision; more are kept of no decision. Routers may have thousands of models. */
export const MODELS_MAX = 32
/** Decisions that are explained as they are made, in a second at most: an explanation takes tens of microseconds. */
const EACH_SECOND_MAX = 50

/** An explanation that is kept: the best models of it, and those that were left out for other reasons last. */
export interface KeptExplanation extends Omit<Explanation, 'models'> {
  readonly models: readonly ExplainedModel[]
  readonly left: number
}

/** One that is kept, and when its decision was made. */
interface Kept {
  readonly at: number
  readonly explanation: KeptExplanation
}

/** Explanations of the latest decisions, bounded in number, in size and in what they cost while requests are routed. */
export class Explanations {
  private readonly kept = new LatestMap<string, Kept>(LATEST_MAX)
  private readonly explain: (id: string) => Explanation
  private second = 0
  private inSecond = 0

  /** @param explain as `router.explain`; it may throw */
  constructor(explain: (id: string) => Explanation) {
    this.explain = explain
  }

  /** A decision that has just been made. Some of many are left for later. */
  decided(id: string, at: number): void {
    const second = Math.floor(at / 1000)
    if (second !== this.second) {
      this.second = second
      this.inSecond = 0
    }
    if (this.inSecond >= EACH_SECOND_MAX) return
    this.inSecond++
    this.of(id, at)
  }

  /**
   * By the statistics of now where it is not kept.
   * @param at when it was decided, ms since 1970 UTC; null: it is not among the latest, and is not kept
   * @returns null: no explanation
   */
  of(id: string, at: number | null): KeptExplanation | null {
    const known = this.kept.get(id)
    if (known !== undefined) return known.explanation
    try {
      const explanation = this.explain(id)
      return at === null ? keptOf(explanation) : this.add(explanation, at)
    } catch {
      // The request is no longer held, or its model is gone.
      return null
    }
  }

  /** Keeps one that was made elsewhere. @param at as of `of` */
  add(explanation: Explanation, at: number): KeptExplanation {
    const kept = keptOf(explanation)
    this.kept.set(explanation.id, { at, explanation: kept })
    return kept
  }

  has(id: string): boolean {
    return this.kept.has(id)
  }

  get size(): number {
    return this.kept.size
  }

  all(): IterableIterator<Kept> {
    return this.kept.values()
  }
}

/** What is shown of one: the best models, and the chosen one in any case. */
export function keptOf({ models, ...rest }: Explanation): KeptExplanation {
  const shown = models.slice(0, MODELS_MAX)
  const chosen = models.find(({ model }) => model === rest.chosen)
  if (chosen !== undefined && !shown.includes(chosen)) shown[shown.length - 1] = chosen
  return { ...rest, models: shown.map(explainedModel), left: models.length - shown.length }
}

function explainedModel({ topFeatures: _, inflation: __, ...shown }: ModelExplanation): ExplainedModel {
  return shown
}
