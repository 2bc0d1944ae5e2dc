import type { Position } from './store.js'

/** Of batches that were read and not acknowledged: one for each time that a batch was appended again. */
const PLACES_MAX = 64

/**
 * Up to which number own events are durable in the log as it was read. An acknowledgement counts once the log was read up to
 * its position: before that, what was read of its events may be of a log that has lost them since, and they stand elsewhere in it.
 */
export class ReadBack {
  /** Number of the last of them. */
  durable: number
  /** Where own batches were read that are not acknowledged, as far as is known. */
  private readonly places = new Set<Position>()
  /** An acknowledgement whose place was not read yet. */
  private acknowledgement: { readonly last: number; readonly position: Position } | null = null

  /** @param durable number of the last event before those that are made here */
  constructor(durable: number) {
    this.durable = durable
  }

  /** An own batch was read. */
  read(position: Position): void {
    if (this.acknowledgement?.position === position) this.take(this.acknowledgement.last)
    else this.places.add(position)
    if (this.places.size <= PLACES_MAX) return
    const [oldest] = this.places
    this.places.delete(oldest)
  }

  /** All own events up to a number are durable: the log has them up to that position. */
  acknowledged(last: number, position: Position): void {
    if (this.places.has(position)) this.take(last)
    else this.acknowledgement = { last, position }
  }

  /** The log was read once more, up to that position: what it has of own events was looked at. */
  rejoined(durable: number, position: Position): void {
    this.take(durable)
    this.places.add(position)
  }

  private take(durable: number): void {
    this.durable = durable
    this.acknowledgement = null
    this.places.clear()
  }
}
