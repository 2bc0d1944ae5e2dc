import { plural } from '../base/format.js'
import type { Model } from '../models/registry.js'
import type { FoldView } from '../state/policy-state.js'

/** A model is in the mix that had one of this many latest requests. */
export const MIX_REQUESTS = 1000

export const STANDING_KINDS = [
  'in-mix',
  'due',
  'cannot-win',
  'out-of-reach',
  'unaffordable',
  'kept-out',
  'down',
  'disabled',
  'draining',
  'not-chosen',
] as const

/**
 * - `in-mix`: it had one of the latest 1,000 requests, and not all like the latest would be refused;
 * - `due`: it is to be tried, or would be chosen: its turn comes;
 * - `cannot-win`: others are worth more at what it costs, for all that is known of it;
 * - `out-of-reach`: it might be worth its price, or every request is refused, and one costs more than any account can ever pay;
 * - `unaffordable`: it would be chosen, or every request is refused, and no account has enough now;
 * - `kept-out`: it would be chosen, and the requests' own options or tenants leave it out;
 * - `down`: it does not answer, or its provider asked for a pause; `disabled`: an operator took it out, or the options leave it out;
 * - `draining`: an operator removed it, and its requests are not done;
 * - `not-chosen`: the policy does not say why.
 */
export type StandingKind = (typeof STANDING_KINDS)[number]

/** Why a model gets requests, or none. */
export interface ModelStanding {
  /** In one word. */
  readonly kind: StandingKind
  /** In words, with the numbers. */
  readonly why: string
  /** Requests since its latest; null: it never had one. */
  readonly idleRequests: number | null
  /** What one request like the latest would draw, USD: the least of them. Null where it does not matter. */
  readonly costUsd: number | null
  /** The most that one may draw, USD: ever of what is out of reach, now of what is unaffordable. */
  readonly mostUsd: number | null
  /** Expected reward by which it falls short of what gets the requests, at their price of a dollar. */
  readonly shortBy: number | null
  /** Each of these alone would put a model that is out of reach within reach; null of others. */
  readonly remedies: Remedies | null
}

/** Null for what would not help. What others show meanwhile may still rule the model out. */
export interface Remedies {
  /** A budget, USD per request, from this on. */
  readonly usdPerRequest: number | null
  /** A cap, USD a period, from this on. */
  readonly capUsd: number | null
  /** Requests with at most this many output tokens. */
  readonly maxOutputTokens: number | null
}

export const NOTHING_SAID = { costUsd: null, mostUsd: null, shortBy: null, remedies: null } as const

/** What can be said whatever the policy; null where that is the policy's to say. */
export function plainStanding(model: Model, { arms, requests, registry }: FoldView): ModelStanding | null {
  const idleRequests = idleRequestsOf(model, { arms, requests })
  const plain = (kind: StandingKind, why: string): ModelStanding => ({
    kind,
    why,
    idleRequests,
    ...NOTHING_SAID,
  })
  if (registry.draining.has(model)) return plain('draining', 'it is removed once its requests are done')
  if (model.disabledBy.includes('operator'))
    return plain('disabled', 'an operator took it out: enable puts it back')
  if (!model.enabled)
    return plain('disabled', 'the options leave it out: it is back when they list it, or by enable')
  if (model.trips > 0)
    return plain(
      'down',
      model.retryAt > 0
        ? `its provider asked for a pause, or a failure began one: ${tries(model)} failed, the next one comes by itself`
        : `it does not answer: ${tries(model)} failed since, the next one comes by itself`,
    )
  if (idleRequests === null || idleRequests >= MIX_REQUESTS) return null
  const latest =
    idleRequests === 0 ? 'the latest of all among them' : `its latest ${plural(idleRequests, 'request')} ago`
  return plain('in-mix', `it had ${model.requests} of ${requests} requests, ${latest}`)
}

function tries({ trips }: Model): string {
  return trips === 1 ? '1 try' : `${trips} tries`
}

export function idleRequestsOf(
  model: Model,
  { arms, requests }: Pick<FoldView, 'arms' | 'requests'>,
): number | null {
  if (model.requests === 0) return null
  return Math.max(0, requests - arms.cell(arms.kernel.layout.lastPlay, model.slot))
}

/** Where the policy says nothing. */
export function notChosen(model: Model, view: FoldView): ModelStanding {
  const why =
    view.requests === 0 ? 'no request was routed yet' : `none of the latest ${MIX_REQUESTS} went to it`
  return { kind: 'not-chosen', why, idleRequests: idleRequestsOf(model, view), ...NOTHING_SAID }
}
