import { percent, usdInText } from '../../base/format.js'
import type { ReachEvent, RouterEvent } from '../../index.js'
import type { Mark } from './shape.js'

type Said = Pick<Mark, 'kind' | 'text'> & { readonly model?: string | null; readonly tenant?: string | null }

/** What an event says on the time line; null: it is one of the many of requests. */
export function markOf(event: RouterEvent, number: number): Mark | null {
  const said = saidOf(event)
  if (said === null) return null
  const { at, type } = event
  const { kind, text, model = null, tenant = null } = said
  return { number, at, kind, type, model, tenant, text }
}

function saidOf(event: RouterEvent): Said | null {
  switch (event.type) {
    case 'drift': {
      const { model, signal, direction } = event
      return { kind: 'alarm', model, text: `its ${signal} is not what it was: ${direction}` }
    }
    case 'availability': {
      const { model, isAvailable, failureShare, retryAfterMs } = event
      if (isAvailable) return { kind: 'recovery', model, text: 'it answers again' }
      if (retryAfterMs !== null)
        return {
          kind: 'alarm',
          model,
          text: `it is paused for ${Math.ceil(retryAfterMs / 1000)} s, as its provider asked or after a failure`,
        }
      return {
        kind: 'alarm',
        model,
        text: `it is taken for down: ${percent(failureShare)} of its recent calls failed`,
      }
    }
    case 'reach':
      return reachMark(event)
    case 'implausible-bill': {
      const { model, id, costUsd, listCostUsd } = event
      const text = `the bill of ${id} is far beyond the plausible: ${usdInText(costUsd)}, list price ${usdInText(listCostUsd)}`
      return { kind: 'alarm', model, text }
    }
    case 'drained':
      return { kind: 'change', model: event.model, text: 'its last request is done: it is removed' }
    case 'model-added':
      return { kind: 'change', model: event.model.id, text: 'it was added' }
    case 'model-removed':
      return {
        kind: 'change',
        model: event.model,
        text: event.drain ? 'it gets no more requests' : 'it was removed',
      }
    case 'model-enabled':
      return { kind: 'change', model: event.model, text: 'it was enabled' }
    case 'model-disabled':
      return { kind: 'change', model: event.model, text: 'it was disabled' }
    case 'model-repriced': {
      const { inputUsdPerMTok, outputUsdPerMTok } = event.price
      const text = `new prices: $${inputUsdPerMTok} in, $${outputUsdPerMTok} out per million tokens`
      return { kind: 'change', model: event.model, text }
    }
    default:
      return saidOfMoney(event)
  }
}

function saidOfMoney(event: RouterEvent): Said | null {
  switch (event.type) {
    case 'budget-set': {
      const { tenant, usdPerRequest } = event
      const text =
        usdPerRequest === null ? 'no budget from here on' : `budget: ${usdInText(usdPerRequest)} per request`
      return { kind: 'change', tenant, text }
    }
    case 'caps-set': {
      const caps = event.caps.map(({ usd: amount, per }) => `${usdInText(amount)} per ${per}`)
      const text = caps.length === 0 ? 'no caps from here on' : `caps: ${caps.join(', ')}`
      return { kind: 'change', tenant: event.tenant, text }
    }
    case 'tenant-added':
      return { kind: 'change', tenant: event.tenant, text: 'the tenant was added' }
    case 'tenant-removed':
      return { kind: 'change', tenant: event.tenant, text: 'the tenant was removed' }
    case 'account-adjusted':
      return {
        kind: 'change',
        tenant: event.tenant,
        text: `the account was adjusted by ${usdInText(event.usd)}`,
      }
    case 'billed':
      return {
        kind: 'change',
        model: event.model,
        text: `the bill of ${event.id} was corrected to ${usdInText(event.costUsd)}`,
      }
    case 'latency-set':
      return {
        kind: 'change',
        text: event.limit === null ? 'no limit on latency' : `limit on latency: ${event.limit.ms} ms`,
      }
    case 'quality-set':
      return {
        kind: 'change',
        text:
          event.meanReward === null
            ? 'no floor under rewards'
            : `floor under the mean reward: ${event.meanReward}`,
      }
    default:
      return null
  }
}

function reachMark({ model, isReachable, standing }: ReachEvent): Said {
  if (!isReachable) return { kind: 'alarm', model, text: 'no account can ever pay for a request on it' }
  if (standing === 'unaffordable')
    return { kind: 'change', model, text: 'it is out of reach no more, and unaffordable for now' }
  if (standing === 'cannot-win')
    return {
      kind: 'change',
      model,
      text: 'others are worth more at what it costs, whatever accounts can pay',
    }
  return { kind: 'recovery', model, text: 'an account can pay for it again' }
}
