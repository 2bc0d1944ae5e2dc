const SLOTS = 60
const SLOT_MS = 1000

/**
 * Amounts that are known by the second alone, as other processes tell of theirs. Each counts until 60 whole seconds are over, so for
 * 60 to 61 seconds.
 */
export class SecondSlots {
  sum = 0
  private readonly slots = new Float64Array(SLOTS + 1)
  /** Number of the latest second that was looked at. */
  private second = Number.NEGATIVE_INFINITY

  /** Less is taken off, as far as there is something. */
  addAt(secondsAgo: number, amount: number, now: number): void {
    this.advance(now)
    const place = placeOf(this.second - secondsAgo)
    if (secondsAgo < 0 || secondsAgo > SLOTS) return
    const more = Math.max(amount, -this.slots[place])
    this.slots[place] += more
    this.sum += more
  }

  advance(now: number): void {
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
    // Sums of many parts drift; an empty minute has nothing.
    this.sum = Math.max(0, this.sum)
  }

  /** What counts, the oldest first, with when it ceases to, ms. */
  *parts(): Generator<readonly [endsAt: number, amount: number]> {
    for (let age = SLOTS; age >= 0; age--) {
      const second = this.second - age
      const amount = this.slots[placeOf(second)]
      if (amount > 0) yield [(second + SLOTS + 1) * SLOT_MS, amount]
    }
  }
}

function placeOf(second: number): number {
  return ((second % (SLOTS + 1)) + SLOTS + 1) % (SLOTS + 1)
}
