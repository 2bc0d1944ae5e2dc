import { AlikeLines } from './alike-lines.js'
import type { WriteLine } from './request-log.js'

/** Some providers answer with pages. */
const DETAIL_MAX = 500

const OUT_OF_SOCKETS_TOLD =
  'requests are refused, as no connection to a provider can be opened, and connections of clients may end without an answer: raise the limit of files and sockets'

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
  /** Whether it is none of any upstream, but of this process. Default: no. */
  readonly isOurs?: boolean
}

/**
 * A line for why an upstream refuses a model, or is not reached, and for the same again once a minute at most.
 * Words are not compared: providers put ids of requests into them.
 * @param now of a clock that is never set, ms
 */
export function upstreamProblemLog(write: WriteLine, now: () => number): (problem: UpstreamProblem) => void {
  const alike = new AlikeLines(now)
  return ({ isOurs = false, ...problem }) => {
    const { model, error, detail } = problem
    const counted = alike.take(isOurs ? error : `${model}\n${error}`)
    if (counted === null) return
    if (isOurs) write('error', { error: detail.slice(0, DETAIL_MAX), ...counted }, OUT_OF_SOCKETS_TOLD)
    else
      write(
        'warn',
        { ...problem, detail: detail.slice(0, DETAIL_MAX), ...counted },
        'a call of an upstream failed: see its key, its account, the name of its model, its address and the way there',
      )
  }
}
