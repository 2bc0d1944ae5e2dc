import { ParetoBanditError } from '../base/errors.js'
import type { RoutingState } from '../state/routing-state.js'
import { decodeSnapshot, decodeSteps } from '../state/snapshot/read-snapshot.js'
import type { LogFold, Outcome } from './log-fold.js'
import { NumberReview } from './number-review.js'
import { type Position, START, type Store, type StoredSnapshot } from './store.js'
import { inSlices, TimeSlice } from './time-slice.js'

const RETRIES = 3
/** Events between two looks at the clock: an event with 1,024 numbers of context takes a millisecond or two. */
const CLOCK_EVENTS = 4

/** Makes a fold over a state that is empty, each time. */
export type StartFold = () => LogFold

export interface Recovered {
  readonly fold: LogFold
  readonly position: Position
  readonly fromSnapshot: boolean
  readonly folded: number
  readonly refused: number
  readonly own: OwnOutcomes
  readonly repairs: readonly string[]
}

/** What became of the events of one origin that the snapshot does not cover. */
export class OwnOutcomes {
  /** Number of the first; null: there are no such events. */
  first: number | null = null
  /** Those that were refused at their place, in order. */
  readonly refused: { readonly number: number; readonly outcome: Outcome }[] = []
  /** Those that have no place, though later ones have: numbers of the first and last of each gap, in order. */
  readonly lost: { readonly first: number; readonly last: number }[] = []

  /** @param before number of the latest one that had its place before it */
  add(number: number, before: number, outcome: Outcome): void {
    // What was appended a second time had its place before.
    if (outcome.kind === 'known') return
    this.first ??= number
    if (number > before + 1) this.lost.push({ first: before + 1, last: number - 1 })
    if (outcome.kind === 'refused') this.refused.push({ number, outcome })
  }
}

interface SnapshotNeeds {
  readonly dimension: number
  readonly encoder: string | null
}

/**
 * The state of a log's end: its latest snapshot that can be read, and what came after it.
 * @param own origin whose outcomes are asked for; null: none. They are known from a snapshot on: the oldest that is kept is taken, if it can be
 * @param slice gives the event loop its turns while a long log is folded
 * @throws STORE_CORRUPT where no snapshot can be read and the log no longer reaches back to its beginning
 */
export async function recover(
  store: Store,
  start: StartFold,
  needs: SnapshotNeeds,
  own: string | null = null,
  slice = new TimeSlice(),
): Promise<Recovered> {
  let fromOldest = own !== null
  for (let left = RETRIES; ; left--) {
    try {
      return await recoverOnce(store, start, needs, own, fromOldest, slice)
    } catch (error) {
      // Others wrote newer snapshots meanwhile, and dropped what came before them.
      const isTrimmed = error instanceof ParetoBanditError && error.code === 'LOG_TRIMMED'
      const isPassing = isTrimmed || (fromOldest && error instanceof ParetoBanditError)
      if (!isPassing || left === 0) throw error
      // From the oldest there may be no way.
      fromOldest &&= isTrimmed && left > 1
    }
  }
}

async function recoverOnce(
  store: Store,
  start: StartFold,
  needs: SnapshotNeeds,
  own: string | null,
  fromOldest: boolean,
  slice: TimeSlice,
): Promise<Recovered> {
  const outcomes = new OwnOutcomes()
  const repairs: string[] = []
  const { fold, position: from } = await readSnapshot(
    fromOldest ? await oldestFirst(store) : store.snapshots(),
    start,
    needs,
    repairs,
    slice,
  )
  let position = from
  let folded = 0
  let refused = 0
  // A sole router leaves numbers out after a crash.
  const review = store.isShared ? new NumberReview() : null
  for (;;) {
    const batches = await readFrom(store, position, from === START ? repairs : [])
    if (batches.length === 0) break
    for (const batch of batches) {
      const { origin, firstNumber, events, position: end } = batch
      const isOwn = origin === own
      const before = isOwn || review !== null ? (fold.state.ids.origins.get(origin)?.lastEvent ?? 0) : 0
      review?.look(batch, before)
      for (let i = 0; i < events.length; i++) {
        const number = firstNumber + i
        const outcome = fold.fold(origin, number, events[i])
        const { kind } = outcome
        if (isOwn) outcomes.add(number, i === 0 ? before : number - 1, outcome)
        if (kind === 'applied' || kind === 'billed') folded++
        else if (kind === 'refused') refused++
        if (i % CLOCK_EVENTS === 0 && slice.isOver) await slice.rest()
      }
      position = end
    }
  }
  repairs.push(...(review?.told ?? []))
  return { fold, position, fromSnapshot: from !== START, folded, refused, own: outcomes, repairs }
}

async function oldestFirst(store: Store): Promise<readonly StoredSnapshot[]> {
  const all: StoredSnapshot[] = []
  for await (const each of store.snapshots()) all.unshift(each)
  return all
}

/** The first that can be read; an empty state where none can. */
async function readSnapshot(
  snapshots: AsyncIterable<StoredSnapshot> | readonly StoredSnapshot[],
  start: StartFold,
  needs: SnapshotNeeds,
  repairs: string[],
  slice: TimeSlice,
): Promise<{ fold: LogFold; position: Position }> {
  for await (const { position, bytes } of snapshots) {
    const fold = start()
    try {
      await inSlices(decodeSteps(bytes, fold.state, { ...needs, name: null }), slice)
      return { fold, position }
    } catch (error) {
      if (!(error instanceof ParetoBanditError) || error.code === 'OUT_OF_MEMORY') throw error
      repairs.push(`the snapshot at ${position} cannot be read and was passed over: ${error.message}`)
    }
  }
  return { fold: start(), position: START }
}

/** @param passedOver snapshots that could not be read, where it is read from the beginning for want of one */
async function readFrom(store: Store, position: Position, passedOver: readonly string[]) {
  try {
    return await store.read(position, 0)
  } catch (error) {
    const isGap = error instanceof ParetoBanditError && error.code === 'STORE_CORRUPT'
    const isTrimmed = error instanceof ParetoBanditError && error.code === 'LOG_TRIMMED'
    if (!isGap && !(isTrimmed && passedOver.length > 0)) throw error
    const told = passedOver.length > 0 ? unreadable(store, passedOver, error) : error
    throw (await store.withRemedy?.(told).catch(() => told)) ?? told
  }
}

function unreadable(store: Store, passedOver: readonly string[], cause: unknown): ParetoBanditError {
  const message = `no snapshot of it can be read, and its log no longer reaches back to the beginning: ${passedOver.join('; ')}`
  return new ParetoBanditError('STORE_CORRUPT', store.description, message, { cause })
}

/** @throws as `decodeSnapshot` */
export function loadSnapshot(
  bytes: Uint8Array,
  state: RoutingState,
  { dimension, encoder }: SnapshotNeeds,
): void {
  decodeSnapshot(bytes, state, { dimension, encoder, name: null })
}
