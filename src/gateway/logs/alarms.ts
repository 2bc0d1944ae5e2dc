import { LatestMap } from '../../base/latest-map.js'
import type { Router } from '../../index.js'
import type { LineLevel, WriteLine } from './request-log.js'

/** Of the same alarm on the same model no more than one line in so long. */
const EVERY_MS = 60_000
/** Models and alarms that are remembered. */
const KNOWN_MAX = 1000

type Fields = Readonly<Record<string, unknown>> & { readonly model: string }

interface Told {
  at: number
  /** Since that line. */
  unsaid: number
}

/**
 * What the engine notices, as lines of the log: a bill beyond the plausible, a model that answers no more, is worse or dearer than it
 * was, or that no account can pay for; and when that ends.
 * @returns what ends it
 */
export function alarmLog(router: Router<string>, write: WriteLine, now: () => number): () => void {
  const told = new LatestMap<string, Told>(KNOWN_MAX)
  const say = (level: LineLevel, what: string, fields: Fields, message: string): void => {
    const key = `${what}\n${fields.model}`
    const before = told.get(key)
    if (before !== undefined && now() - before.at < EVERY_MS) {
      before.unsaid++
      return
    }
    const unsaid = before?.unsaid ?? 0
    told.set(key, { at: now(), unsaid: 0 })
    write(level, unsaid === 0 ? fields : { ...fields, alikeSince: unsaid }, message)
  }
  const forget = [
    router.on('implausible-bill', ({ id, model, costUsd, listCostUsd }) =>
      say(
        'warn',
        'bill',
        { model, decision: id, costUsd, listCostUsd },
        'a bill is far beyond what its request could cost: correct it by POST /admin/corrections, or the budget pays for it',
      ),
    ),
    router.on('availability', ({ model, isAvailable, failureShare, retryAfterMs }) => {
      if (isAvailable) say('info', 'up', { model, failureShare }, 'a model answers again')
      else if (retryAfterMs !== null)
        say(
          'warn',
          'paused',
          { model, failureShare, retryAfterMs },
          'a provider asked for a pause, or a failure began one (retries.cooldownMs): its model gets no requests for that time',
        )
      else
        say('warn', 'down', { model, failureShare }, 'a model does not answer: it is tried at growing pauses')
    }),
    router.on('drift', ({ model, signal, direction }) =>
      say(
        'warn',
        `drift ${signal} ${direction}`,
        { model, signal, direction },
        `a model's ${signal} is not what it was`,
      ),
    ),
    router.on('reach', ({ model, isReachable, costUsd, mostUsd }) =>
      say(
        isReachable ? 'info' : 'warn',
        isReachable ? 'reachable' : 'unreachable',
        { model, costUsd, mostUsd },
        isReachable
          ? 'a model can be paid for'
          : 'no account can pay for a request on this model: its limits are too low, or its requests too dear',
      ),
    ),
  ]
  return () => {
    for (const each of forget) each()
  }
}
