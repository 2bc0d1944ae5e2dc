import { checkClockOfLog } from '../base/clock.js'
import { EventWriter } from '../events/codec.js'
import { CORE_EVENTS } from '../events/core-events.js'
import { type EventTable, eventTable } from '../events/event-table.js'
import type { Kernel } from '../kernel/kernel.js'
import type { SharedMoney } from '../policy/dollar/commands.js'
import type { ResolvedOptions } from '../policy/options.js'
import type { Policy } from '../policy/policy.js'
import type { Recovery } from '../router/journal.js'
import { BilledRequest } from '../state/pending/billed-request.js'
import { FAILED, isUnsettled } from '../state/pending/request-state.js'
import { RoutingState } from '../state/routing-state.js'
import { FailureReports } from './failure-reports.js'
import { agreeWith, headerOf } from './header.js'
import type { Booked } from './leases/lease-options.js'
import { notesOf } from './leases/left-requests.js'
import { LocalLeases } from './leases/local-leases.js'
import type { Flight, Known } from './leases/others-in-flight.js'
import { LogFold } from './log-fold.js'
import type { Made } from './made.js'
import { resolveOnDifference } from './on-difference.js'
import { compareOptions } from './options-on-log.js'
import { type Recovered, recover } from './recovery.js'
import { Replica } from './replica.js'
import type { JournalOptions } from './resolve-journal.js'
import { SoleJournal } from './sole-journal.js'
import type { OpenedLog, Store } from './store.js'

/**
 * Connects a router to its store: a new log begins with what the options say; of one that is there the router takes over
 * the state, and then what options say otherwise, as `onDifference` has it.
 * @throws STORE_MISMATCH naming the options in which they differ, and what the store throws
 */
export async function openDurable(made: Made, store: Store, given: JournalOptions): Promise<void> {
  const { options } = made
  const failures = new FailureReports(given.onStoreError)
  const journal = { ...given, onStoreError: (error: unknown) => failures.report(error) }
  resolveOnDifference(made.given.onDifference)
  checkClockOfLog(made.parts.committer.now())
  const events = eventTable([...CORE_EVENTS, ...made.policy.events])
  const writer = new EventWriter(events)
  const seed = made.seed.map((event) => writer.encode(event))
  const opened = await store.open(headerOf(options), seed)
  try {
    const agreed = agreeWith(opened.header, options, store.description)
    if (store.isShared) await openReplica(made, agreed, store, opened, journal, events)
    else await openSole(made, agreed, store, opened, journal, events)
  } catch (error) {
    await store.close().catch(() => {})
    throw error
  }
}

async function openSole(
  made: Made,
  agreed: ResolvedOptions,
  store: Store,
  opened: OpenedLog,
  journal: JournalOptions,
  events: EventTable,
): Promise<void> {
  const { parts, policy } = made
  const { kernel } = parts.committer.state.arms
  const recovered = await recoverFor(made, store, startFold(kernel, agreed, policy, events))
  const { state } = recovered.fold
  const attach = await compareOptions(made, store, opened, journal, state)
  parts.persistence.adopt(state)
  const lastEvent = state.ids.origins.get(opened.origin)?.lastEvent ?? 0
  // Numbers that the store leaves out may have been given to requests that were lost, by a router of the same name.
  const lost = Math.max(0, opened.firstNumber - 1 - lastEvent)
  state.ids.floor = Math.max(
    state.ids.floor,
    (state.ids.origins.get(state.ids.name)?.nextRequest ?? 1) + (state.ids.name === state.name ? lost : 0),
  )
  const keeper = new SoleJournal({
    store,
    opened,
    options: journal,
    recovered,
    encoder: agreed.encoder?.name ?? null,
  })
  await attach(keeper, recoveryOf(opened, recovered))
}

async function openReplica(
  made: Made,
  agreed: ResolvedOptions,
  store: Store,
  opened: OpenedLog,
  journal: JournalOptions,
  events: EventTable,
): Promise<void> {
  const { parts, policy, options } = made
  const start = startFold(await made.makeKernel(), agreed, policy, events)
  const recovered = await recoverFor(made, store, start)
  const attach = await compareOptions(made, store, opened, journal, recovered.fold.state)
  const host = parts.persistence.replicaHost(opened.origin)
  const shared = host.ask('sharedMoney')
  const leases =
    store.leases === null || shared === undefined
      ? null
      : new LocalLeases({
          broker: store.leases,
          notes: notesOf(store),
          now: () => host.now(),
          limitsOf: (tenant) => shared.limitsOf(host.state, tenant),
          confirmedLimitsOf: (tenant) => shared.limitsOf(replica.confirmed, tenant),
          tenants: () => shared.tenants(host.state),
          burst: shared.burst,
          inFlight: () => flightsOf(host.state, shared),
          known: () => knownOf(host.state, shared),
          bookedOf: (id) => bookedOf(replica.confirmed, id),
          localShare: journal.localShare,
          capacity: options.pendingCapacity,
          onError: journal.onStoreError,
        })
  const replica: Replica = new Replica({
    store,
    opened,
    options: journal,
    host,
    recovered,
    startFold: start,
    leases,
  })
  try {
    await replica.begin()
    await leases?.open()
  } catch (error) {
    await leases?.close().catch(() => {})
    throw error
  }
  replica.start()
  if (leases !== null) parts.decisions.maker.lease = leases
  await attach(replica, recoveryOf(opened, recovered))
}

/** The requests in flight of a state. */
function* flightsOf(state: RoutingState, shared: SharedMoney): Generator<Flight> {
  const { pending, registry, ids } = state
  for (const sequence of pending.waiting()) {
    if (!isUnsettled(pending.state(sequence))) continue
    yield {
      id: ids.idOf(sequence),
      tenant: shared.tenantOf(state, { policyColumn: (column) => pending.policyColumn(sequence, column) }),
      model: registry.atSlot(pending.slot(sequence))?.id ?? '',
      at: pending.at(sequence),
      reservedUsd: pending.reservedUsd(sequence),
    }
  }
}

/** The requests whose cost a state knows, as far as it remembers them. */
function* knownOf(state: RoutingState, shared: SharedMoney): Generator<Known> {
  const { pending, ids } = state
  const known = (request: BilledRequest) => ({
    id: `${ids.origins.at(request.origin)?.name ?? ''}.${request.number}`,
    tenant: shared.tenantOf(state, request),
    routedAt: request.routedAt,
    at: request.bookedAt,
    usd: request.bookedUsd,
  })
  for (const sequence of pending.waiting())
    if (!isUnsettled(pending.state(sequence)))
      yield known(new BilledRequest(pending.row(sequence), pending.prices(sequence)))
  for (const { row, prices } of pending.closed.all()) yield known(new BilledRequest(row, prices))
}

/** What a state has booked for a request; null while that is in flight, undefined where it has forgotten it. */
function bookedOf(state: RoutingState, id: string): Booked | null | undefined {
  const { pending } = state
  const sequence = state.sequenceOf(id)
  if (state.isOpen(sequence) && isUnsettled(pending.state(sequence))) return null
  const request = state.billedRequest(id)
  if (request === undefined || request.bookedUsd < 0) return undefined
  const { bookedUsd, bookedAt } = request
  return { usd: bookedUsd, at: bookedAt, hasFailed: (request.state & FAILED) !== 0 }
}

function startFold(
  kernel: Kernel,
  options: ResolvedOptions,
  policy: Policy,
  events: EventTable,
): () => LogFold {
  return () => new LogFold(new RoutingState(kernel, options, policy), policy, options, events)
}

function recoverFor({ options }: Made, store: Store, start: () => LogFold): Promise<Recovered> {
  return recover(store, start, { dimension: options.dimension, encoder: options.encoder?.name ?? null })
}

function recoveryOf({ isNew, repairs }: OpenedLog, recovered: Recovered): Recovery {
  const { position, fromSnapshot, folded, refused } = recovered
  const all = [...repairs, ...recovered.repairs]
  return { isNew, position, fromSnapshot, folded, refused, repairs: all, differences: [], applied: [] }
}
