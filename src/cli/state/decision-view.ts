import { decodeEvent } from '../../events/codec.js'
import type { RoutedEvent } from '../../events/events.js'
import type { PlacedBatch, Position, StoredSnapshot } from '../../log/store.js'
import { ALL_EVENT_TABLE } from '../../policy/all-events.js'
import type { LogReader } from './log-view.js'

/** The event of a decision in a log, and its place there. */
export interface FoundDecision {
  readonly event: RoutedEvent
  /** Whose event it is, and its number among those of that origin. */
  readonly origin: string
  readonly number: number
  /** Where batches before it end. */
  readonly before: ReadonlySet<Position>
}

/** The decision of a request; null where the log has it no longer, or never had. */
export async function findDecision(reader: LogReader, id: string): Promise<FoundDecision | null> {
  const before = new Set<Position>([reader.start])
  for (let after = reader.start; ; ) {
    const batches = await reader.read(after)
    if (batches.length === 0) return null
    for (const { origin, firstNumber, events, position } of batches) {
      for (const [i, bytes] of events.entries()) {
        const event = decodeEvent(bytes, ALL_EVENT_TABLE)
        if (event.type === 'routed' && event.id === id)
          return { event, origin, number: firstNumber + i, before }
      }
      before.add(position)
      after = position
    }
  }
}

/** A log as it was right after a decision. */
export function upTo(reader: LogReader, { origin, number, before }: FoundDecision): LogReader {
  let isOver = false
  return {
    description: reader.description,
    header: reader.header,
    start: reader.start,
    end: reader.end,
    events: reader.events,
    async read(after) {
      if (isOver) return []
      const batches: PlacedBatch[] = []
      for (const batch of await reader.read(after)) {
        const count = number - batch.firstNumber + 1
        isOver = batch.origin === origin && count >= 1 && count <= batch.events.length
        batches.push(isOver ? { ...batch, events: batch.events.slice(0, count) } : batch)
        if (isOver) break
      }
      return batches
    },
    latest: (count) => reader.latest(count),
    tail: (count) => reader.tail(count),
    async *snapshots(): AsyncIterable<StoredSnapshot> {
      for await (const snapshot of reader.snapshots()) if (before.has(snapshot.position)) yield snapshot
    },
    readNote: (name) => reader.readNote?.(name) ?? Promise.resolve(null),
    close: () => Promise.resolve(),
  }
}
