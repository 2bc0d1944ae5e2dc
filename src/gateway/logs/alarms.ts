import { type After, afterQuietly } from '../../base/after.js'
import { LatestMap } from '../../base/latest-map.js'
import type { AvailabilityEvent, ReachEvent, Router } from '../../index.js'
import { AlikeLines } from './alike-lines.js'
import type { LineLevel, WriteLine } from './request-log.js'

/** Models whose matters are remembered. */
const KNOWN_MAX = 1000

type Fields = Readonly<Record<string, unknown>> & { readonly model: string }

interface Line {
  readonly level: LineLevel
  readonly what: string
  readonly fields: Fields
  readonly message: string
}

/** What the latest line of a model says of a matter, and what is so now. */
interface Matter {
  said: string
  now: Line
  isTimed: boolean
}

/**
 * What the engine notices, as lines of the log: a bill beyond the plausible, a model that answers no more, is worse or dearer than it
 * was, or that no account can pay for; and when that ends.
 * The latest line of whether a model answers, or can be paid for, is true: it comes late where a line like it came less than a minute before.
 * @returns what ends it
 */
export function alarmLog(
  router: Router<string>,
  write: WriteLine,
  now: () => number,
  after: After = afterQuietly,
): () => void {
  const alike = new AlikeLines(now)
  const matters = new LatestMap<string, Matter>(KNOWN_MAX)
  /**
   * @param isCounted whether it came before, and was not written then
   * @returns how long it is until such a line may come, ms; 0: it was written
   */
  const say = ({ level, what, fields, message }: Line, isCounted = false): number => {
    const kind = `${what}\n${fields.model}`
    const more = alike.take(kind, isCounted)
    if (more === null) return Math.max(1, alike.waitMs(kind))
    write(level, { ...fields, ...more }, message)
    return 0
  }
  const sayLater = (matter: Matter, waitMs: number): void => {
    if (matter.isTimed) return
    matter.isTimed = true
    after(waitMs, () => {
      matter.isTimed = false
      if (!isEnded && matter.said !== matter.now.what) sayNow(matter, true)
    })
  }
  const sayNow = (matter: Matter, isCounted = false): void => {
    const waitMs = say(matter.now, isCounted)
    if (waitMs === 0) matter.said = matter.now.what
    else if (matter.said !== matter.now.what) sayLater(matter, waitMs)
  }
  /** Of what is so until it ends. */
  const state = (about: string, line: Line): void => {
    const key = `${about}\n${line.fields.model}`
    const matter = matters.get(key) ?? { said: '', now: line, isTimed: false }
    matter.now = line
    matters.set(key, matter)
    sayNow(matter)
  }
  let isEnded = false
  const forget = [
    router.on('implausible-bill', ({ id, model, costUsd, listCostUsd }) =>
      say({
        level: 'warn',
        what: 'bill',
        fields: { model, decision: id, costUsd, listCostUsd },
        message:
          'a bill is far beyond what its request could cost: correct it by POST /admin/corrections, or the budget pays for it',
      }),
    ),
    router.on('availability', (event) => state('availability', availabilityLine(event))),
    router.on('drift', ({ model, signal, direction }) =>
      say({
        level: 'warn',
        what: `drift ${signal} ${direction}`,
        fields: { model, signal, direction },
        message: `a model's ${signal} is not what it was`,
      }),
    ),
    router.on('reach', (event) => state('reach', reachLine(event))),
  ]
  return () => {
    isEnded = true
    for (const each of forget) each()
  }
}

function availabilityLine({ model, isAvailable, failureShare, retryAfterMs }: AvailabilityEvent): Line {
  if (isAvailable)
    return { level: 'info', what: 'up', fields: { model, failureShare }, message: 'a model answers again' }
  if (retryAfterMs !== null)
    return {
      level: 'warn',
      what: 'paused',
      fields: { model, failureShare, retryAfterMs },
      message:
        'a provider asked for a pause, or a failure began one (retries.cooldownMs): its model gets no requests for that time',
    }
  return {
    level: 'warn',
    what: 'down',
    fields: { model, failureShare },
    message: 'a model does not answer: it is tried at growing pauses',
  }
}

/** It says no more than its numbers do: what is within reach again is not always paid for now. */
function reachLine({ model, isReachable, standing, costUsd, mostUsd }: ReachEvent): Line {
  const fields = { model, standing, costUsd, mostUsd }
  if (!isReachable)
    return {
      level: 'warn',
      what: 'unreachable',
      fields,
      message:
        'no account can pay for a request on this model: its limits are too low, or its requests too dear',
    }
  const message =
    standing === 'unaffordable'
      ? 'a model is out of reach no more, and what the accounts have now does not pay for it'
      : standing === 'cannot-win'
        ? 'a model gets no requests for another reason than the accounts: others are worth more at what it costs'
        : 'a model can be paid for'
  return { level: 'info', what: `reachable ${standing}`, fields, message }
}
