/** What has happened to a request so far, as bits of its state. */
export const SETTLED = 1
export const REWARDED = 2
export const FAILED = 4
export const EXPIRED = 8
export const DROPPED = 16
export const CANCELLED = 32
/** Its bill came when it took no other feedback any more. */
export const BILLED = 64
/** What was settled taught the model's costs as a mistake does. */
export const MISTAKEN = 128
/** It was a try of a model whose costs, or whose latencies, had shut it out. */
export const TRIES_COST = 256
export const TRIES_LATENCY = 512
/** What is booked for it was told as a bill that is likely a mistake. */
export const IMPLAUSIBLE = 1024
/** Its settlement told no cost: what was set aside is booked, and taught nothing of the model's costs. */
export const UNTOLD = 2048
/** Its model had no rewards, others had, and none of these could take it. */
export const ALONE = 4096

/** The reservation is still held. */
export function isUnsettled(state: number): boolean {
  return (state & (SETTLED | FAILED | EXPIRED | DROPPED | CANCELLED)) === 0
}

/** Some feedback can still come: not failed, cancelled or dropped, not settled with its reward come or too late. */
export function isWaiting(state: number): boolean {
  if ((state & (FAILED | DROPPED | CANCELLED)) !== 0) return false
  return (state & SETTLED) === 0 || (state & (REWARDED | EXPIRED)) === 0
}
