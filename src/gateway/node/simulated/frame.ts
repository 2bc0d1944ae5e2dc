import type { Answer } from './answer.js'
import type { JsonRecord } from './json.js'
import type { ErrorForm, Plan, UpstreamRequest } from './plan.js'
import type { ServiceTier } from './prices.js'
import type { TokenUse } from './tokens.js'

/** What a protocol needs to write an answer down. */
export interface Job {
  readonly request: UpstreamRequest
  readonly plan: Plan
  readonly answer: Answer
  /** Of the answer, unique in its upstream; protocols put their own word before it. */
  readonly id: string
  readonly createdS: number
  readonly serviceTier: ServiceTier
  costUsd(use: TokenUse): number
}

/** One event of a stream. */
export interface Frame {
  readonly event: string | null
  readonly data: JsonRecord | '[DONE]'
  /** What was generated for it. */
  readonly tokens: Partial<TokenUse>
  readonly isContent: boolean
  /** Whether it has a usage from which all tokens are known. */
  readonly hasUsage: boolean
  /** What says that the stream is whole. */
  readonly isLast: boolean
}

export function frame(data: JsonRecord | '[DONE]', more: Partial<Frame> = {}): Frame {
  return { event: null, data, tokens: {}, isContent: false, hasUsage: false, isLast: false, ...more }
}

/** How a protocol writes an answer, and what it says when something is wrong. */
export interface Protocol {
  body(job: Job): JsonRecord
  frames(job: Job): Iterable<Frame>
  error(status: number, code: string, message: string): JsonRecord
  /** The event that ends a stream in its middle, before `next`. */
  errorFrame(job: Job, message: string, form: ErrorForm, next: Frame): Frame
}

export const TOO_BUSY = 'the simulated upstream is overloaded'
