import type { Run } from '../index.js'
import { isRecord, LatestMap } from '../rewards/index.js'
import { quietly } from './given.js'

/** Where answers say what became of them: in the metadata of a provider, or of a message. */
export const MARK = 'paretobandit'

/** What stands there. */
export interface Mark {
  readonly decision: string
  readonly model: string
  /** Of this call, among all of this process. */
  readonly run: string
  /** Of the conversation, for the steps to come. Null: there will be none. */
  readonly session: string | null
}

export function markIn(metadata: unknown): Mark | null {
  const mark = isRecord(metadata) ? metadata[MARK] : undefined
  if (!isRecord(mark)) return null
  const { decision, model, run, session = null } = mark
  const isWhole = [decision, model, run].every((each) => typeof each === 'string')
  if (!isWhole || !(session === null || typeof session === 'string')) return null
  return { decision: String(decision), model: String(model), run: String(run), session }
}

/** Answers that can be rewarded, the latest. */
export const RUNS_MAX = 10_000

/** The runs behind answers, by what stands in these. */
export class Runs {
  private readonly known = new LatestMap<string, Run<unknown>>(RUNS_MAX)

  get size(): number {
    return this.known.size
  }

  add(id: string, run: Run<unknown>): void {
    this.known.set(id, run)
  }

  /** Null: no routed model gave it, or long ago. */
  of(metadata: unknown): Run<unknown> | null {
    const mark = quietly(() => markIn(metadata))
    return mark === null ? null : (this.known.get(mark.run) ?? null)
  }
}
