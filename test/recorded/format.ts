import type { RouterOptions } from '../../src/index.js'

/** Anything that JSON holds. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

/** `release.json` of a release's folder: what its recordings contain together. */
export interface Release {
  readonly release: string
  /** Types of logged events that the release has. */
  readonly types: readonly string[]
  readonly variety: Variety
}

/** What values the fields of events have, by `type.field`. */
export type Variety = Readonly<Record<string, readonly string[]>>

/** `recording.json`: what was recorded, and how it is opened. */
export interface Recording {
  readonly about: string
  /** Of the router: no models, tenants, caps or objectives, which are in the log. No dimension: the default encoder. */
  readonly options: Omit<RouterOptions, 'clock' | 'store' | 'encoder' | 'onListenerError'>
  /** Name of the stream of a Redis form. */
  readonly stream: string | null
  readonly events: number
  readonly types: readonly string[]
  readonly variety: Variety
  /** Ids of the tenants there ever were. */
  readonly tenants: readonly string[]
  readonly forms: readonly Form[]
}

/** One of the ways in which a recording is kept. */
export interface Form {
  readonly kind: 'events' | 'sqlite' | 'redis' | 'snapshot'
  readonly file: string
  /** What the router's clock shows when it is opened, ms since 1970. */
  readonly at: number
  /** Ids of requests to ask about: the first, the latest ones, and one that never was. */
  readonly requests: readonly string[]
  /** How many of the steps of `continuation.json` go on from it. */
  readonly steps: number
}

/** A step of `continuation.json`: a request, and the feedback that comes after it. */
export interface Step {
  readonly advanceMs: number
  readonly input: string | readonly number[]
  readonly options: { readonly [name: string]: Json }
  readonly feedback: readonly Feedback[]
}

export interface Feedback {
  /** For the request of this many steps ago. */
  readonly back: number
  readonly settle?: { readonly [name: string]: Json }
  readonly reward?: number
  readonly fail?: { readonly [name: string]: Json }
}

/** `expected.json.gz`: of each form, by its file, what opening it tells and the state that it has. */
export interface Expected {
  readonly forms: Readonly<Record<string, { readonly opening: Json; readonly state: string }>>
  readonly states: Readonly<Record<string, Json>>
}
