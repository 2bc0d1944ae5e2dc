import { expected } from '../../base/errors.js'
import { type PlacedBatch, type Position, START, type StoredSnapshot } from '../../log/store.js'
import type { LogLink } from './log-link.js'
import type { ReadEvents } from './messages.js'
import { unpackEvents } from './packing.js'

export function positionOf(number: number): Position {
  return number === 0 ? START : String(number)
}

/** @throws INVALID_ARGUMENT for what no file of this kind can have given */
export function numberOf(position: Position, field: string): number {
  if (position === START) return 0
  if (!/^\d{1,15}$/.test(position))
    throw expected('INVALID_ARGUMENT', field, 'a decimal position of this store', position)
  return Number(position)
}

export function placedBatches({ batches, events }: ReadEvents): PlacedBatch[] {
  const all = unpackEvents(events)
  let from = 0
  return batches.map(({ origin, firstNumber, count, position }) => {
    const slice = all.slice(from, from + count)
    from += count
    return { origin, firstNumber, events: slice, position: positionOf(position) }
  })
}

/** One at a time: they may be large. */
export async function* keptSnapshots(link: () => LogLink): AsyncIterable<StoredSnapshot> {
  for (let before = Number.MAX_SAFE_INTEGER; ; ) {
    const snapshot = await link().call({ op: 'snapshot', before })
    if (snapshot === null) return
    yield { position: positionOf(snapshot.position), bytes: snapshot.bytes }
    before = snapshot.position
  }
}
