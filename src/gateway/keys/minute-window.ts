const SLOTS = 60
const SLOT_MS = 1000

/**
 * An amount in the latest minute, counted by the second: whatever 60 seconds one looks at, no more than the limit was let in.
 * What is older than 60 whole seconds is over, so an amount counts for 60 to 61 seconds.
 */
export class MinuteWindow {
  private readonly slots = new Float64Array(SLOTS + 1)
  /** Number of the latest second that was looked at. */
  private second = Number.NEGATIVE_INFINITY
  private sum = 0

  /** What the latest minute has. */
  total(now: number): number {
    this.advance(now)
    return this.sum
  }

  /** Whether nothing of the latest minute is left. */
  isEmpty(now: number): boolean {
    return this.total(now) === 0
  }

  /** @returns the second it was booked on, by which it can be corrected */
  add(amount: number, now: number): number {
    this.advance(now)
    this.book(this.second, amount)
    return this.second
  }

  /** Changes what was booked: more counts from now on, less is taken off where it was booked, if that still counts. */
  correct(bookedOn: number, difference: number, now: number): void {
    this.advance(now)
    if (difference > 0) this.book(this.second, difference)
    else if (this.second - bookedOn <= SLOTS)
      this.book(bookedOn, -Math.min(-difference, this.slots[placeOf(bookedOn)]))
  }

  /** Adds what was done elsewhere, `secondsAgo`; less is taken off, as far as there is something. */
  addAt(secondsAgo: number, amount: number, now: number): void {
    this.advance(now)
    const second = this.second - secondsAgo
    if (secondsAgo < 0 || secondsAgo > SLOTS) return
    this.book(second, Math.max(amount, -this.slots[placeOf(second)]))
  }

  /** How long until `amount` more has room under `limit`, ms; 0: now, null: it never has. */
  waitMs(amount: number, limit: number, now: number): number | null {
    this.advance(now)
    if (amount > limit) return null
    let left = this.sum
    if (left + amount <= limit) return 0
    for (let age = SLOTS; age >= 0; age--) {
      const second = this.second - age
      left -= this.slots[placeOf(second)]
      if (left + amount <= limit) return (second + SLOTS + 1) * SLOT_MS - now
    }
    return SLOTS * SLOT_MS
  }

  private advance(now: number): void {
    const second = Math.floor(now / SLOT_MS)
    // A clock that is put back counts on in the latest second.
    if (second <= this.second) return
    if (second - this.second > SLOTS) {
      this.slots.fill(0)
      this.sum = 0
    } else {
      for (let each = this.second + 1; each <= second; each++) {
        this.sum -= this.slots[placeOf(each)]
        this.slots[placeOf(each)] = 0
      }
    }
    this.second = second
    // Sums of many parts drift; an empty window has nothing.
    this.sum = Math.max(0, this.sum)
  }

  private book(second: number, amount: number): void {
    this.slots[placeOf(second)] += amount
    this.sum += amount
  }
}

function placeOf(second: number): number {
  return ((second % (SLOTS + 1)) + SLOTS + 1) % (SLOTS + 1)
}
