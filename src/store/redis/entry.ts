import { ParetoBanditError } from '../../base/errors.js'
import type { Batch, PlacedBatch, Position } from '../../log/store.js'
import { START } from '../../log/store.js'
import { ORIGIN_NAME } from '../../state/pending/origins.js'

/** Larger batches become several entries; one event that is larger is an entry of its own. */
const ENTRY_BYTES_MAX = 1 << 20
const FIELDS = ['o', 'f', 'c', 't', 'e'] as const

/**
 * What a script adds to the stream as one entry. Its fields there: o origin, f number of the first event, c count of
 * events, t events in the log up to its end, e the events, each after its length (uint32, little-endian).
 */
export interface Entry {
  readonly firstNumber: number
  readonly count: number
  readonly bytes: Buffer
}

export function entriesOf(batch: Pick<Batch, 'firstNumber' | 'events'>): Entry[] {
  const { events, firstNumber } = batch
  const entries: Entry[] = []
  for (let start = 0; start < events.length; ) {
    let end = start
    let size = 0
    do size += 4 + events[end++].length
    while (end < events.length && size + 4 + events[end].length <= ENTRY_BYTES_MAX)
    entries.push({
      firstNumber: firstNumber + start,
      count: end - start,
      bytes: pack(events, start, end, size),
    })
    start = end
  }
  return entries
}

function pack(events: readonly Uint8Array[], start: number, end: number, size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size)
  let at = 0
  for (let i = start; i < end; i++) {
    at = bytes.writeUInt32LE(events[i].length, at)
    bytes.set(events[i], at)
    at += events[i].length
  }
  return bytes
}

/** Entries as arguments of a script, three each. */
export function entryArguments(entries: readonly Entry[]): (string | Buffer)[] {
  return entries.flatMap(({ firstNumber, count, bytes }) => [String(firstNumber), String(count), bytes])
}

/** A batch, and how many events the log has up to its end. */
interface CountedBatch {
  readonly batch: PlacedBatch
  readonly total: number
}

/**
 * The reply of XREAD on one stream: nil, or `[[key, [[id, [name, value, ...]], ...]]]`.
 * @returns and how many events the log has up to the end of the last
 * @param canLack whether entries may be missing, where somebody only looks
 * @throws STORE_CORRUPT for an invalid entry, or one before which others are missing
 */
export function batchesOf(
  reply: unknown,
  description: string,
  canLack = false,
): { readonly batches: PlacedBatch[]; readonly total: number } {
  if (reply === null) return { batches: [], total: 0 }
  const corrupt = (message: string) => new ParetoBanditError('STORE_CORRUPT', description, message)
  const entries = (reply as [[Buffer, [Buffer, Buffer[] | null][]]])[0][1]
  let last: number | null = null
  const batches = entries.map(([id, fields]) => {
    const counted = fields === null ? null : batchOf(id.toString(), fields)
    if (counted === null) throw corrupt(`entry ${id.toString()} is not what was appended`)
    const { batch, total } = counted
    const first = total - batch.events.length
    if (last !== null && first !== last && !canLack)
      throw corrupt(
        `expected event ${last + 1}, got event ${first + 1} in entry ${id.toString()}: somebody else has deleted entries`,
      )
    last = total
    return batch
  })
  return { batches, total: last ?? 0 }
}

function batchOf(position: Position, fields: readonly Buffer[]): CountedBatch | null {
  const named = FIELDS.every((name, i) => fields[2 * i]?.toString() === name)
  if (!named || fields.length !== 2 * FIELDS.length) return null
  const [, origin, , first, , count, , counted, , bytes] = fields
  const events: Uint8Array[] = []
  for (let at = 0; at < bytes.length; ) {
    const start = at + 4
    if (start > bytes.length) return null
    at = start + bytes.readUInt32LE(at)
    if (at > bytes.length) return null
    events.push(bytes.subarray(start, at))
  }
  if (events.length !== Number(count.toString())) return null
  if (!ORIGIN_NAME.test(origin.toString())) return null
  const firstNumber = Number(first.toString())
  if (!(Number.isSafeInteger(firstNumber) && firstNumber > 0)) return null
  const total = Number(counted.toString())
  if (!(Number.isSafeInteger(total) && total >= events.length)) return null
  return { batch: { origin: origin.toString(), firstNumber, events, position }, total }
}

/** A position as Redis has it: what is before the first entry has an id, too. */
export function idOf(position: Position): string {
  return position === START ? '0-0' : position
}

export function positionOf(id: string): Position {
  return id === '0-0' ? START : id
}
