import { LatestMap } from '../../base/latest-map.js'

/** Requests whose bills are waited for: later ones are booked as they come. */
const OPEN_MAX = 65_536

/** Places in the row of a request. */
const RESERVED = 0
const CEILING = 1
const BOOKED = 2
const ROW_NUMBERS = 3

/** What is booked of the latest requests, USD: rows of one array, so that none is an object that lives long. */
export class Bookings {
  private readonly rows = new LatestMap<string, number>(OPEN_MAX)
  private readonly usd = new Float64Array(OPEN_MAX * ROW_NUMBERS)

  /** @param ceilingUsd the budget in force, USD per request; 0: none */
  routed(id: string, reservedUsd: number, ceilingUsd: number): void {
    const row = this.rows.get(id) ?? this.freeRow()
    this.rows.set(id, row)
    this.usd[row + RESERVED] = reservedUsd
    this.usd[row + CEILING] = ceilingUsd
    this.usd[row + BOOKED] = 0
  }

  /** What was set aside for a request; null: it is older than all that are kept. */
  reservedUsd(id: string): number | null {
    return this.read(id, RESERVED)
  }

  /** The budget that was in force when it was routed; null as above. */
  ceilingUsd(id: string): number | null {
    return this.read(id, CEILING)
  }

  /** What is booked of a request gives way to this. @returns by how much that is more */
  book(id: string, costUsd: number): number {
    const row = this.rows.get(id)
    if (row === undefined) return costUsd
    const moreUsd = costUsd - this.usd[row + BOOKED]
    this.usd[row + BOOKED] = costUsd
    return moreUsd
  }

  /** The next; of a full array that of the oldest request, which is forgotten. */
  private freeRow(): number {
    const [oldest] = this.rows.size < OPEN_MAX ? [] : this.rows.oldest()
    if (oldest === undefined) return this.rows.size * ROW_NUMBERS
    const row = this.rows.get(oldest) ?? 0
    this.rows.delete(oldest)
    return row
  }

  private read(id: string, place: number): number | null {
    const row = this.rows.get(id)
    return row === undefined ? null : this.usd[row + place]
  }
}
