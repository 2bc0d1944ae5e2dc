import { saveOutcomes } from '../../models/latest-outcomes.js'
import { MODEL_NUMBERS } from '../../models/registry.js'
import { saveMix } from '../../models/token-mix.js'
import type { ClosedRequest } from '../pending/closed-requests.js'
import type { PendingRequests } from '../pending/pending.js'
import { PRICES } from '../pending/request-row.js'
import type { RoutingState } from '../routing-state.js'
import type { SnapshotTotals } from './check-snapshot.js'
import { PriceTable } from './price-table.js'
import {
  CHECKSUM_OFFSET,
  checksum,
  HEADER_BYTES,
  MAGIC,
  rangeOf,
  runToEnd,
  STATE_NUMBERS,
  STEP_PLACES,
  STEP_ROWS,
  TOTALS,
  VERSION,
} from './snapshot.js'
import type { SnapshotText } from './text.js'

/** The whole state as bytes: everything that later decisions and feedback depend on. */
export function encodeSnapshot(state: RoutingState, encoder: string | null): Uint8Array {
  return runToEnd(snapshotSteps(state, encoder, state.pending))
}

/**
 * The bytes of `encodeSnapshot` as the state is now, in steps of a millisecond or less: what happens between them changes
 * nothing.
 * @throws RangeError without memory for it
 */
export function beginSnapshot(state: RoutingState, encoder: string | null): Generator<void, Uint8Array> {
  return snapshotSteps(state, encoder, state.pending.copy())
}

function snapshotSteps(
  state: RoutingState,
  encoder: string | null,
  pending: PendingRequests,
): Generator<void, Uint8Array> {
  const { arms, registry, cost, ledger } = state
  const models = [...registry.models]
  const saved = state.policy.save(models.map(({ slot }) => slot))
  const closed = pending.closed.all()
  const table = new PriceTable()
  const text = {
    name: state.name,
    encoder,
    policy: state.policyName,
    models: models.map((model) => ({
      id: model.id,
      enabled: model.enabled,
      disabledBy: model.disabledBy.includes('options') ? model.disabledBy : undefined,
      draining: registry.draining.has(model) ? (true as const) : undefined,
      correctedBills: model.correctedBills === 0 ? undefined : model.correctedBills,
      tokenMix: model.tokenMix.bills === 0 ? undefined : saveMix(model.tokenMix),
      isRescaled: model.isRescaled ? (true as const) : undefined,
      latest: saveOutcomes(model.latest),
    })),
    budget: cost.usdPerRequest !== null,
    rewardRange: rangeOf(state),
    origins: [...state.ids.origins.records()],
    own: saved.text,
  }
  const totals: SnapshotTotals = {
    ...ledger,
    requests: state.requests,
    events: state.events,
    incarnations: registry.incarnations,
    usdPerRequest: cost.usdPerRequest ?? 0,
    meanCostUsd: cost.meanUsd,
    closed: closed.length,
    next: pending.next,
  }
  const modelNumbers = models.flatMap((model) => [
    Float64Array.of(model.slot, model.incarnation, table.placeOf(model.prices)),
    Float64Array.from(MODEL_NUMBERS, (name) => model[name]),
    ...arms.sections(model.slot).map((section) => Float64Array.from(section)),
  ])
  const { dimension } = arms.kernel.layout
  return writeSnapshot({
    text,
    totals,
    table,
    dimension,
    models: modelNumbers,
    pending,
    closed,
    own: saved.numbers,
  })
}

/** A state as a snapshot has it, not yet in one piece. */
interface Gathered {
  readonly text: Omit<SnapshotText, 'prices'>
  readonly totals: SnapshotTotals
  /** With the models' price lists. */
  readonly table: PriceTable
  readonly dimension: number
  readonly models: readonly Float64Array[]
  readonly pending: PendingRequests
  readonly closed: readonly ClosedRequest[]
  readonly own: Float64Array
}

function* writeSnapshot(gathered: Gathered): Generator<void, Uint8Array> {
  const { text, totals, table, dimension, models, pending, closed, own } = gathered
  yield* pending.copySteps()
  const waiting: number[] = []
  const places: number[] = []
  for (const sequence of pending.waiting()) {
    places.push(table.placeOf(pending.prices(sequence)))
    if (waiting.push(sequence) % STEP_PLACES === 0) yield
  }
  const closedPlaces = closed.map(({ prices }) => table.placeOf(prices))
  const written: SnapshotText = { ...text, prices: table.lists.map(({ price }) => price) }
  const json = new TextEncoder().encode(JSON.stringify(written))
  const textBytes = Math.ceil(json.length / 8) * 8
  const numberCount =
    STATE_NUMBERS +
    models.reduce((sum, { length }) => sum + length, 0) +
    waiting.length * (1 + pending.rowNumbers) +
    closed.length * pending.rowNumbers +
    own.length
  const bytes = new Uint8Array(HEADER_BYTES + textBytes + 8 * numberCount)
  bytes.fill(0x20, HEADER_BYTES, HEADER_BYTES + textBytes)
  bytes.set(json, HEADER_BYTES)

  const numbers = new Float64Array(bytes.buffer, HEADER_BYTES + textBytes, numberCount)
  let at = 0
  const put = (values: ArrayLike<number>): void => {
    numbers.set(values, at)
    at += values.length
  }
  put([...TOTALS.map((name) => totals[name]), waiting.length])
  models.forEach(put)
  for (let i = 0; i < waiting.length; i++) {
    numbers[at++] = waiting[i]
    const row = at
    put(pending.row(waiting[i]))
    // The ring's own numbers of lists tell in which order they came: the same state must have the same bytes.
    numbers[row + PRICES] = places[i]
    if (i % STEP_ROWS === 0) yield
  }
  for (const [i, { row }] of closed.entries()) {
    const start = at
    put(row)
    numbers[start + PRICES] = closedPlaces[i]
    if (i % STEP_ROWS === 0) yield
  }
  put(own)

  const header = new Uint32Array(bytes.buffer, 0, HEADER_BYTES / 4)
  header.set([MAGIC, VERSION, dimension, textBytes, numberCount])
  header[CHECKSUM_OFFSET / 4] = yield* checksum(bytes)
  return bytes
}
