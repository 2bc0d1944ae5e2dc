import { existsSync, statSync } from 'node:fs'
import { ParetoBanditError } from '../../base/errors.js'
import { decodeEvent } from '../../events/codec.js'
import type { LoggedEvent } from '../../events/event-map.js'
import type { LogHeader, Position } from '../../log/store.js'
import { ALL_EVENT_TABLE } from '../../policy/all-events.js'
import type { Router } from '../../router/router.js'
import type { RouterStats } from '../../router/stats.js'
import type { PendingRequests } from '../../state/pending/pending.js'
import { EXPIRED, REWARDED, SETTLED } from '../../state/pending/request-state.js'
import { type TenantAccount, tenantAccounts } from '../account-view.js'
import { suspectBills } from '../feedback-view.js'
import { isRedis } from './log-file.js'
import type { LogView } from './log-view.js'
import { SETTINGS_NOTE } from './settings.js'

/** Waiting requests that are shown one by one. */
const PENDING_SHOWN = 10

interface WaitingRequest {
  readonly id: string
  /** Null: it was removed. */
  readonly model: string | null
  /** ISO 8601. */
  readonly routedAt: string
  readonly reservedUsd: number
  readonly has: readonly ('cost' | 'reward' | 'expired')[]
}

/** An event without its vectors; one whose bytes cannot be read is of type `unreadable`, without a time. */
export type EventSummary = Readonly<Record<string, unknown>> & {
  readonly type: string
  readonly at: number | null
}

export interface LogInspection {
  readonly log: string
  readonly header: LogHeader
  /** What the command line keeps beside it; null for a service's log. */
  readonly settings: unknown
  readonly positions: { readonly start: Position; readonly end: Position; readonly folded: Position }
  /** Of the files; null where that cannot be told. */
  readonly bytes: number | null
  readonly snapshots: readonly { readonly position: Position; readonly bytes: number }[]
  readonly damage: readonly string[]
  /** Events after the snapshot that the fold began with, and those of them that did not follow from what came before. */
  readonly events: { readonly folded: number; readonly refused: number }
  readonly sha256: string
  readonly stats: RouterStats
  readonly tenants: readonly TenantAccount[]
  readonly pending: {
    readonly waiting: number
    /** ISO 8601; null where none waits. */
    readonly oldestAt: string | null
    /** The oldest ones. */
    readonly requests: readonly WaitingRequest[]
  }
  /** Models that have strayed from their past, had bills beyond the plausible that were not corrected, or did not answer, how often; and those out of reach. */
  readonly alarms: readonly {
    readonly model: string
    readonly reward: number
    readonly cost: number
    readonly latency: number
    readonly implausibleBills: number
    readonly outages: number
    readonly isAvailable: boolean
    readonly isReachable: boolean
  }[]
  /** Oldest first. */
  readonly latest: readonly EventSummary[]
}

/** @param eventCount how many of the latest events, 1 to 1000 */
export async function inspectLog(
  place: string,
  { reader, router }: LogView,
  eventCount: number,
): Promise<LogInspection> {
  const { position, sha256 } = await router.digest()
  const snapshots: { position: Position; bytes: number }[] = []
  for await (const { position: at, bytes } of reader.snapshots())
    snapshots.push({ position: at, bytes: bytes.length })
  const note = (await reader.readNote?.(SETTINGS_NOTE)) ?? null
  const stats = router.stats()
  return {
    log: reader.description,
    header: reader.header,
    settings: note === null ? null : JSON.parse(note),
    positions: { start: reader.start, end: reader.end, folded: position },
    bytes: isRedis(place) ? null : sizeOf(place),
    snapshots,
    damage: router.recovery?.repairs ?? [],
    events: { folded: router.recovery?.folded ?? 0, refused: router.recovery?.refused ?? 0 },
    sha256,
    stats,
    tenants: tenantAccounts(router),
    pending: waitingOf(router),
    alarms: stats.models
      .map((model) => ({
        model: model.id,
        reward: model.rewardAlarms,
        cost: model.costAlarms,
        latency: model.latencyAlarms,
        implausibleBills: suspectBills(model),
        outages: model.outages,
        isAvailable: model.isAvailable,
        isReachable: model.standing.kind !== 'out-of-reach',
      }))
      .filter(
        (all) =>
          !all.isReachable || all.reward + all.cost + all.latency + all.implausibleBills + all.outages > 0,
      ),
    latest: await latestEvents(reader, eventCount),
  }
}

function sizeOf(file: string): number {
  return ['', '-wal'].reduce((sum, side) => {
    const path = `${file}${side}`
    return existsSync(path) ? sum + statSync(path).size : sum
  }, 0)
}

function waitingOf(router: Router): LogInspection['pending'] {
  const state = router.confirmedState
  const { pending } = state
  let waiting = 0
  const requests: WaitingRequest[] = []
  for (const sequence of pending.waiting()) {
    waiting++
    if (requests.length >= PENDING_SHOWN) continue
    requests.push({
      id: state.requestId(sequence),
      model: state.modelOf(sequence)?.id ?? null,
      routedAt: new Date(pending.at(sequence)).toISOString(),
      reservedUsd: pending.reservedUsd(sequence),
      has: hasOf(pending, sequence),
    })
  }
  return { waiting, oldestAt: requests[0]?.routedAt ?? null, requests }
}

function hasOf(pending: PendingRequests, sequence: number): WaitingRequest['has'] {
  const state = pending.state(sequence)
  const bits = [
    [SETTLED, 'cost'],
    [REWARDED, 'reward'],
    [EXPIRED, 'expired'],
  ] as const
  return bits.filter(([bit]) => (state & bit) !== 0).map(([, name]) => name)
}

async function latestEvents(reader: LogView['reader'], count: number): Promise<EventSummary[]> {
  if (reader.start === reader.end) return []
  const batches = await reader.latest(count)
  const events = batches.flatMap((batch) => batch.events).slice(-count)
  return events.map((bytes) => {
    let event: LoggedEvent
    try {
      event = decodeEvent(bytes, ALL_EVENT_TABLE)
    } catch (error) {
      // Whoever inspects a log has damage in mind: what cannot be read is shown as such, beside what can.
      if (!(error instanceof ParetoBanditError)) throw error
      return { type: 'unreadable', at: null, why: error.message }
    }
    const entries = Object.entries(event).filter(
      ([, value]) => !(value instanceof Float64Array) && !isStatistics(value),
    )
    return Object.fromEntries(entries) as EventSummary
  })
}

function isStatistics(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'precision' in value
}
