import { isRecord } from '../base/check.js'
import { LatestMap } from '../base/latest-map.js'
import type { Run } from '../index.js'
import { quietly } from './given.js'

/** Where answers say what became of them: in the metadata of a provider, or of a message. */
export const METADATA_KEY = 'paretobandit'

/** What stands there. */
export interface RunTag {
  readonly decision: string
  readonly model: string
  /** Of this call, among all of this process. */
  readonly run: string
  /** Of the conversation, for the steps to come. Null: no step follows. */
  readonly session: string | null
}

export function tagIn(metadata: unknown): RunTag | null {
  const tag = isRecord(metadata) ? metadata[METADATA_KEY] : undefined
  if (!isRecord(tag)) return null
  const { decision, model, run, session = null } = tag
  const isWhole = [decision, model, run].every((each) => typeof each === 'string')
  if (!isWhole || !(session === null || typeof session === 'string')) return null
  return { decision: String(decision), model: String(model), run: String(run), session }
}

/** Answers that can be rewarded, the latest. */
export const RUNS_MAX = 10_000

/** A run without its answer: ten thousand of them, with the requests that some SDKs have beside their answers, would fill a heap. */
export function withoutAnswer({ decision, decisions, reward }: Run<unknown>): Run<undefined> {
  return { answer: undefined, decision, decisions, reward }
}

/** The runs behind answers, by what stands in these. */
export class Runs {
  private readonly known = new LatestMap<string, Run<undefined>>(RUNS_MAX)

  get size(): number {
    return this.known.size
  }

  add(id: string, run: Run<undefined>): void {
    this.known.set(id, run)
  }

  /** Null: no routed model gave it, or long ago. */
  of(metadata: unknown): Run<unknown> | null {
    const tag = quietly(() => tagIn(metadata))
    return tag === null ? null : (this.known.get(tag.run) ?? null)
  }
}
