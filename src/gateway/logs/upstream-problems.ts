import { LatestMap } from '../../base/latest-map.js'
import type { WriteLine } from './request-log.js'

/** Of the same failure of the same model no more than one line in so long. */
const EVERY_MS = 60_000
const KNOWN_MAX = 1000
/** Some providers answer with pages. */
const DETAIL_MAX = 500

/** A call that failed by what the config says, or by the way to the provider. */
export interface UpstreamProblem {
  /** Ids of the config. */
  readonly model: string
  /** Of `upstreams`. */
  readonly upstream: string
  /** What its provider calls the model. */
  readonly upstreamModel: string
  /** Not of models of the AI SDK: their packages know it. */
  readonly url?: string
  /** What clients are told. */
  readonly error: string
  /** The provider's words, or why there was no connection, without secrets. */
  readonly detail: string
}

/**
 * A line for why an upstream refuses a model, or is not reached, and for the same again once a minute at most, with how often it came in between.
 * Words are not compared: providers put ids of requests into them.
 * @param now of a clock that is never set, ms
 */
export function upstreamProblemLog(write: WriteLine, now: () => number): (problem: UpstreamProblem) => void {
  const told = new LatestMap<string, { at: number; unsaid: number }>(KNOWN_MAX)
  return (problem) => {
    const { model, error, detail } = problem
    const kind = `${model}\n${error}`
    const last = told.get(kind)
    if (last !== undefined && now() - last.at < EVERY_MS) {
      last.unsaid++
      return
    }
    told.set(kind, { at: now(), unsaid: 0 })
    const line = { ...problem, detail: detail.slice(0, DETAIL_MAX) }
    write(
      'warn',
      last === undefined || last.unsaid === 0 ? line : { ...line, alikeSince: last.unsaid },
      'a call of an upstream failed: see its key, its account, the name of its model, its address and the way there',
    )
  }
}
