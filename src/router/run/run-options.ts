import type { PlatformSignal } from '../../base/platform.js'
import type { Decision } from '../../policy/decision.js'
import type { RouteOptions } from '../../policy/route-options.js'
import type { Receipt } from '../journal.js'

/** What `run` does with a prompt. All options of `route` as well. */
export interface RunOptions extends RouteOptions {
  /**
   * What the conversation is called that this is a step of: its steps go to one model, unless that fails or cannot be paid for,
   * and one reward reaches all of them. Of two tenants it is two. Remembered for an hour after its latest step, ten thousand at a time. Default: none.
   */
  readonly session?: string | undefined
  /**
   * Breaks the call off: `run`, or whoever reads its stream, gets the signal's reason at once, and the request is cancelled. What was set
   * aside for it is booked, as its provider may bill it. The call is given the signal too, to stop the work itself.
   */
  readonly signal?: PlatformSignal | undefined
  /** The most models that are asked, one after the other. Default 2. */
  readonly triesMax?: number | undefined
  /**
   * Where an answer has its usage, if `usageOf` does not find it; or what it cost, `{ costUsd }` in USD, which counts in place of the
   * tokens that stand beside it. Null, or what is no object: what was set aside is booked, with flag `cost-missing`.
   */
  readonly usage?: ((answer: unknown) => object | PromiseLike<object> | null) | undefined
}

/** What the call itself may want to know. */
export interface RunCallContext {
  /** Of the options; give it to your client, which else goes on with what nobody waits for. */
  readonly signal: PlatformSignal | undefined
  /** 1 for the first model that is asked. */
  readonly attempt: number
}

/**
 * Calls the model that was chosen. Its own retries should be off (`maxRetries: 0`): another model is asked where one fails.
 * @returns the answer, or a stream of its events, which has to be read to its end or left
 */
export type RunCall<Answer, Id extends string = string> = (
  decision: Decision<Id>,
  context: RunCallContext,
) => Answer | Promise<Answer>

/** An answer and what it took. */
export interface Run<Answer, Id extends string = string> {
  /** What the call gave, or a stream of its events. */
  readonly answer: Answer
  /** Of the answer. */
  readonly decision: Decision<Id>
  /** Of every try, that of the answer last. */
  readonly decisions: readonly Decision<Id>[]
  /**
   * The quality of the answer is known: its model learns from it, and those of all steps of its session that no reward has come for.
   * @param reward in the router's reward range, [0, 1] by default
   * @throws as `router.reward`
   */
  reward(reward: number): Receipt
}
