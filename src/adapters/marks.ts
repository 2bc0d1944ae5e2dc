import type { Run } from '../index.js'
import { quietly } from './given.js'
import { isRecord } from './json.js'

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

/** So many answers can be rewarded, the latest. */
export const RUNS_MAX = 10_000

/** The runs behind answers, by what stands in these. */
export class Runs {
  private readonly known = new Map<string, Run<unknown>>()

  get size(): number {
    return this.known.size
  }

  add(id: string, run: Run<unknown>): void {
    this.known.set(id, run)
    for (const oldest of this.known.keys()) {
      if (this.known.size <= RUNS_MAX) break
      this.known.delete(oldest)
    }
  }

  /** Null: no routed model gave it, or long ago. */
  of(metadata: unknown): Run<unknown> | null {
    const mark = quietly(() => markIn(metadata))
    return mark === null ? null : (this.known.get(mark.run) ?? null)
  }
}
