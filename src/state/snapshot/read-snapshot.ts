import { armNumbers } from '../../bandit/arms.js'
import { DIMENSION_MAX, isBytes } from '../../base/check.js'
import { expected, ParetoBanditError } from '../../base/errors.js'
import { noOutcomes } from '../../models/latest-outcomes.js'
import type { PriceList } from '../../models/price-list.js'
import { MODEL_NUMBERS, Model } from '../../models/registry.js'
import { emptyMix, loadMix } from '../../models/token-mix.js'
import type { RoutingState } from '../routing-state.js'
import { precisionIn } from './check-arm.js'
import {
  checkSnapshot,
  type SnapshotModel,
  type SnapshotRequest,
  type SnapshotTotals,
} from './check-snapshot.js'
import { invalidSnapshot } from './invalid-snapshot.js'
import { migrateNumbers, NEXT_BEFORE_5, OLDEST_VERSION } from './migrate.js'
import { COLUMNS_SAVED, MODEL_NUMBERS_4, migratePrices } from './migrate-prices.js'
import { readPriceTable } from './price-table.js'
import {
  checksum,
  HEADER_BYTES,
  LEDGER_TOTALS,
  MAGIC,
  NEXT,
  rangeOf,
  runToEnd,
  STATE_NUMBERS,
  STEP_BYTES,
  STEP_NUMBERS,
  TOTALS,
  VERSION,
} from './snapshot.js'
import { readSnapshotText, type SnapshotText } from './text.js'

/** What a snapshot must agree with: its contexts mean nothing to another encoder. */
interface SnapshotContext {
  readonly dimension: number
  readonly encoder: string | null
  /** Whose requests it is of; null where it does not matter. */
  readonly name: string | null
}

/**
 * Loads a snapshot into a fresh state. Everything is checked before the arena is touched.
 * @throws INVALID_ARGUMENT, SNAPSHOT_INVALID (not a snapshot, cut, altered, from a future version), SNAPSHOT_MISMATCH (another
 *   dimension or encoder, or too many waiting requests), OUT_OF_MEMORY
 */
export function decodeSnapshot(bytes: Uint8Array, state: RoutingState, context: SnapshotContext): void {
  runToEnd(decodeSteps(bytes, state, context))
}

/** `decodeSnapshot` in steps of some milliseconds; there is no state before the last. */
export function* decodeSteps(
  bytes: Uint8Array,
  state: RoutingState,
  context: SnapshotContext,
): Generator<void> {
  const { text, numbers: written, version } = yield* readEnvelope(bytes, context)
  if (context.name !== null && text.name !== context.name) {
    throw mismatch(
      `its request ids start with '${text.name}', this router's with '${context.name}': set option name`,
    )
  }
  if (text.policy !== state.policyName)
    throw mismatch(`it is of policy '${text.policy}', this router's is '${state.policyName}'`)
  const range = rangeOf(state)
  // Up to version 4 a snapshot did not say its range: it is taken to be the router's.
  if (text.rewardRange !== undefined && String(text.rewardRange) !== String(range))
    throw mismatch(`its rewards are in [${text.rewardRange}], this router's in [${range}]`)
  const { dimension } = context
  const { heads } = state.arms.kernel.layout
  const modelNumbers = 3 + MODEL_NUMBERS.length + armNumbers(dimension, heads)
  const requestNumbers = 1 + state.pending.rowNumbers
  const firstRequest = STATE_NUMBERS + text.models.length * modelNumbers
  const { numbers, prices } = migrate(version, written, text, state)
  for (let start = 0; start < numbers.length; start += STEP_NUMBERS) {
    if (!numbers.subarray(start, start + STEP_NUMBERS).every(Number.isFinite))
      throw invalidSnapshot('it holds a number that is not finite')
    yield
  }
  const totals = byName(TOTALS, numbers)
  const waiting = numbers[STATE_NUMBERS - 1]
  const firstClosed = firstRequest + waiting * requestNumbers
  const columnStart = firstClosed + totals.closed * state.pending.rowNumbers
  if (!Number.isSafeInteger(totals.closed) || totals.closed < 0)
    throw invalidSnapshot('its parts do not add up to its length')
  if (!Number.isSafeInteger(waiting) || waiting < 0 || numbers.length < columnStart) {
    throw invalidSnapshot('its parts do not add up to its length')
  }
  const models = text.models.map(({ id, disabledBy, correctedBills = 0, ...learned }, i): SnapshotModel => {
    const offset = STATE_NUMBERS + i * modelNumbers
    const arm = offset + 3 + MODEL_NUMBERS.length
    const [slot, incarnation, place, ...counters] = numbers.subarray(offset, arm)
    if (prices[place] === undefined) throw invalidSnapshot('a model has no price')
    const values = byName(MODEL_NUMBERS, counters)
    const model = Object.assign(new Model(id, prices[place], slot, incarnation, 0), values, {
      disabledBy,
      correctedBills,
      isRescaled: learned.isRescaled === true,
      latest: learned.latest ?? noOutcomes(),
      tokenMix: learned.tokenMix === undefined ? emptyMix() : loadMix(learned.tokenMix),
    })
    return { model, arm: numbers.subarray(arm, offset + modelNumbers) }
  })
  // Views of rows are made as they are needed: 65,536 of them, kept, are work for the collector of garbage.
  const requests: Iterable<SnapshotRequest> = {
    *[Symbol.iterator]() {
      for (let i = 0, at = firstRequest; i < waiting; i++, at += requestNumbers)
        yield { sequence: numbers[at], row: numbers.subarray(at + 1, at + requestNumbers) }
    },
  }
  const oldest = waiting === 0 ? totals.next : numbers[firstRequest]
  const { rowNumbers } = state.pending
  const contextStart = rowNumbers - dimension
  const closed: Iterable<Float64Array> = {
    *[Symbol.iterator]() {
      for (let at = firstClosed; at < columnStart; at += rowNumbers)
        yield numbers.subarray(at, at + rowNumbers)
    },
  }
  const { budget, origins } = text
  const priceLists = prices.length
  // As parts of their range, or before ranges were taken in, as they were given.
  const rewardMax = Math.max(1, ...range.map(Math.abs))
  yield* checkSnapshot({
    totals,
    budget,
    models,
    requests,
    closed,
    origins,
    dimension,
    contextStart,
    priceLists,
    rewardMax,
    lambda0: state.arms.lambda0,
  })
  const { capacity } = state.pending
  if (oldest < totals.next - capacity) {
    const needed = totals.next - oldest
    throw mismatch(
      `its oldest waiting request needs a pendingCapacity of ${needed}, this router's is ${capacity}`,
    )
  }
  // A policy reads the ceiling and the running mean beside what it keeps.
  state.cost.usdPerRequest = text.budget ? totals.usdPerRequest : null
  state.cost.meanUsd = totals.meanCostUsd
  state.policy.load(
    { text: text.own, numbers: numbers.subarray(columnStart) },
    models.map(({ model }) => model.slot),
    {
      requests: totals.requests,
      precisionOf: (slot) => precisionIn(models.find(({ model }) => model.slot === slot)?.arm, dimension),
    },
  )
  for (const origin of text.origins) state.ids.origins.insert(origin)
  yield
  yield* state.pending.load(totals.next, oldest, requests, prices, closed)
  yield
  yield* state.ids.load()
  yield
  load(state, totals, models)
  models.forEach(({ model }, i) => {
    if (text.models[i].draining === true) state.registry.draining.set(model, 0)
  })
  if (text.rewardRange === undefined) state.rewards?.takeRaw(state)
}

/** The numbers as the present version has them, and the price lists that they refer to. */
function migrate(
  version: number,
  written: Float64Array,
  { models, prices, policy }: SnapshotText,
  { arms, pending }: RoutingState,
): { readonly numbers: Float64Array; readonly prices: readonly PriceList[] } {
  if (version >= 5) return { numbers: written, prices: readPriceTable(prices) }
  const { dimension, heads } = arms.kernel.layout
  const modelNumbers = MODEL_NUMBERS_4 + armNumbers(dimension, heads)
  const all = { version, modelNumbers: models.length * modelNumbers, dimension, policy }
  const numbers = migrateNumbers(written, all)
  const requests = numbers[STATE_NUMBERS - 1]
  const requestNumbers = 1 + pending.rowNumbers + COLUMNS_SAVED
  const end = STATE_NUMBERS + all.modelNumbers + requests * requestNumbers
  // What does not add up is refused by the checks that follow.
  if (!(requests >= 0 && Number.isSafeInteger(requests) && end <= numbers.length))
    return { numbers, prices: [] }
  const layout = { start: STATE_NUMBERS, models: models.length, modelNumbers, requests, requestNumbers }
  const migrated = migratePrices(numbers, layout)
  return { numbers: migrated.numbers, prices: readPriceTable(migrated.prices) }
}

/**
 * Of what router a snapshot is.
 * @param field names it in errors
 * @throws SNAPSHOT_INVALID
 */
export function originOf(
  bytes: Uint8Array,
  field: string,
): {
  readonly policy: string
  readonly name: string
  readonly encoder: string | null
  readonly dimension: number
  /** Ends of the rewards where they are not 0 and 1, unchecked. */
  readonly rewardRange: unknown
} {
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const dimension = bytes.length < HEADER_BYTES ? 0 : header.getUint32(8, true)
  try {
    const { text } = runToEnd(readEnvelope(bytes, { dimension, encoder: null, name: null }))
    const { policy, name, encoder, rewardRange } = text
    return { policy, name, encoder, dimension, rewardRange }
  } catch (cause) {
    if (!(cause instanceof ParetoBanditError)) throw cause
    throw new ParetoBanditError('SNAPSHOT_INVALID', field, cause.message, { cause })
  }
}

function byName<N extends string>(names: readonly N[], numbers: ArrayLike<number>): Record<N, number> {
  return Object.fromEntries(names.map((name, i) => [name, numbers[i]])) as Record<N, number>
}

/** @throws OUT_OF_MEMORY; nothing has changed then */
function load(state: RoutingState, totals: SnapshotTotals, models: readonly SnapshotModel[]): void {
  let highestSlot = -1
  for (const { model } of models) highestSlot = Math.max(highestSlot, model.slot)
  state.arms.kernel.reserve(highestSlot + 1)
  for (const { model, arm } of models) {
    state.registry.insert(model)
    state.arms.load(model.slot, arm)
  }
  state.registry.incarnations = totals.incarnations
  state.requests = totals.requests
  state.events = totals.events
  for (const name of LEDGER_TOTALS) state.ledger[name] = totals[name]
}

function* readEnvelope(
  bytes: Uint8Array,
  context: SnapshotContext,
): Generator<void, { text: SnapshotText; numbers: Float64Array; version: number }> {
  if (!isBytes(bytes)) throw expected('INVALID_ARGUMENT', 'snapshot', 'a Uint8Array', bytes)
  if (bytes.length < HEADER_BYTES)
    throw invalidSnapshot(`it has ${bytes.length} bytes, a header has ${HEADER_BYTES}`)
  // A copy, so that the numbers are aligned whatever view came in (a Buffer's own slice would share its pool).
  const copy = new Uint8Array(bytes.length)
  for (let start = 0; start < bytes.length; start += STEP_BYTES) {
    copy.set(bytes.subarray(start, start + STEP_BYTES), start)
    yield
  }
  const header = new Uint32Array(copy.buffer, 0, HEADER_BYTES / 4)
  const [magic, version, dimension, textBytes, numberCount, sum] = header
  if (magic !== MAGIC) throw invalidSnapshot('it does not start as one')
  if (!(version >= OLDEST_VERSION && version <= VERSION)) {
    const read = `this release reads ${OLDEST_VERSION} to ${VERSION}`
    throw invalidSnapshot(`it has format version ${version}, ${read}`)
  }
  const length = HEADER_BYTES + textBytes + 8 * numberCount
  if (textBytes % 8 !== 0 || numberCount < STATE_NUMBERS || copy.length !== length) {
    throw invalidSnapshot(`it has ${copy.length} bytes, its header says ${length}`)
  }
  yield
  if (sum !== (yield* checksum(copy))) throw invalidSnapshot('its checksum is wrong')
  if (dimension !== context.dimension || dimension > DIMENSION_MAX) {
    throw mismatch(`its contexts have ${dimension} numbers, this router's ${context.dimension}`)
  }
  const numbers = new Float64Array(copy.buffer, HEADER_BYTES + textBytes, numberCount)
  const text = readSnapshotText(
    copy.subarray(HEADER_BYTES, HEADER_BYTES + textBytes),
    version,
    numbers[version < 5 ? NEXT_BEFORE_5 : NEXT],
  )
  if (text.encoder !== null && context.encoder !== null && text.encoder !== context.encoder) {
    throw mismatch(
      `its contexts come from encoder '${text.encoder}', this router's from '${context.encoder}'`,
    )
  }
  return { text, numbers, version }
}

function mismatch(why: string): ParetoBanditError {
  return new ParetoBanditError('SNAPSHOT_MISMATCH', 'snapshot', why)
}
