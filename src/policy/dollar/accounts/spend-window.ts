const BUCKETS = 60
/** Those that fill the window, and the one that is being filled. */
const SLOTS = BUCKETS + 1
/** A bucket before any time that a clock shows. */
const NEVER = Number.MIN_SAFE_INTEGER

export const WINDOW_NUMBERS = 1 + SLOTS

/**
 * Dollars of the last `lengthMs`, in a ring of buckets of a sixtieth each: bucket k holds [k w, (k + 1) w).
 *
 * A bucket is forgotten as a whole, when bucket k + 61 begins: then even its last instant is more than 60 w ago. So what
 * the ring holds is at least what was spent in any closed window of `lengthMs` that ends now, and at most what was spent
 * in the last 61 w. Time never runs backwards here: what comes with an earlier time goes into the newest bucket.
 */
export class SpendWindow {
  private readonly bucketMs: number
  /** The newest bucket. */
  private head = NEVER
  private readonly buckets = new Float64Array(SLOTS)
  /** Sum of all buckets but the newest, oldest first: summed again when one is forgotten, so no rounding adds up. */
  private closedUsd = 0

  constructor(lengthMs: number) {
    this.bucketMs = lengthMs / BUCKETS
  }

  /** Dollars in the window that ends at `at`; changes nothing. */
  spentUsd(at: number): number {
    const now = this.bucketAt(at)
    if (now === this.head) return this.closedUsd + this.buckets[slotOf(now)]
    let usd = 0
    for (let age = BUCKETS; age >= now - this.head; age--) usd += this.buckets[slotOf(now - age)]
    return usd
  }

  add(at: number, usd: number): void {
    this.advance(this.bucketAt(at))
    this.buckets[slotOf(this.head)] += usd
  }

  /**
   * Takes back dollars that were added at `addedAt` or later; those that the window has forgotten stay spent. Taking
   * from an earlier bucket than the one they lie in is safe: it is forgotten first, and then too much counts.
   */
  takeBack(addedAt: number, usd: number): void {
    const k = this.exactBucket(addedAt)
    if (k > this.head || k < this.head - BUCKETS) return
    const slot = slotOf(k)
    this.buckets[slot] = Math.max(0, this.buckets[slot] - usd)
    this.sum()
  }

  /** Takes back dollars wherever they lie, from the largest bucket first: what a credit is for was a large bill. */
  credit(usd: number): void {
    let left = usd
    while (left > 0) {
      let slot = 0
      for (let i = 1; i < this.buckets.length; i++) if (this.buckets[i] > this.buckets[slot]) slot = i
      const part = Math.min(left, this.buckets[slot])
      if (part === 0) break
      this.buckets[slot] -= part
      left -= part
    }
    this.sum()
  }

  /**
   * The least, over the instants at which a bucket is forgotten, of dollars that may be spent until then (what is
   * available and what was forgotten before) over requests until then.
   * @param requestsMin fewer requests than this are never assumed
   */
  usdPerRequest(at: number, availableUsd: number, requestsPerMs: number, requestsMin: number): number {
    const now = this.bucketAt(at)
    const into = at - now * this.bucketMs
    const goneMs = into > 0 && into < this.bucketMs ? into : 0
    const kept = this.head - now + BUCKETS
    let slot = slotOf(now - BUCKETS)
    let money = availableUsd
    let least = Number.POSITIVE_INFINITY
    for (let i = 0; i <= BUCKETS; i++) {
      // Money for the rest of a bucket's time lasts for a whole one, or none is left when little of it is.
      const untilMs = Math.max(this.bucketMs, (i + 1) * this.bucketMs - goneMs)
      const requests = Math.max(requestsMin, requestsPerMs * untilMs)
      // Divides a few times instead of 61.
      if (money < least * requests) least = money / requests
      if (i <= kept) money += this.buckets[slot]
      if (++slot === SLOTS) slot = 0
    }
    return least
  }

  /** The longest that spend is remembered: the window and one bucket. */
  get memoryMs(): number {
    return SLOTS * this.bucketMs
  }

  /** WINDOW_NUMBERS numbers, for `load`. */
  save(): number[] {
    return [this.head, ...this.buckets]
  }

  /** False when `save` cannot have made these numbers; nothing changes then. */
  load([head, ...usd]: readonly number[]): boolean {
    if (!Number.isInteger(head) || usd.length !== SLOTS) return false
    if (!usd.every((each) => each >= 0 && Number.isFinite(each))) return false
    this.head = head
    this.buckets.set(usd)
    this.sum()
    return true
  }

  private advance(to: number): void {
    if (to <= this.head) return
    if (to - this.head >= SLOTS) this.buckets.fill(0)
    else for (let ahead = to - this.head; ahead > 0; ahead--) this.buckets[slotOf(this.head + ahead)] = 0
    this.head = to
    this.sum()
  }

  private sum(): void {
    this.closedUsd = 0
    for (let age = BUCKETS; age > 0; age--) this.closedUsd += this.buckets[slotOf(this.head - age)]
  }

  private bucketAt(at: number): number {
    return Math.max(this.head, this.exactBucket(at))
  }

  /** The quotient may be rounded up to the next bucket, a hair early. */
  private exactBucket(at: number): number {
    const k = Math.floor(at / this.bucketMs)
    return k * this.bucketMs > at ? k - 1 : k
  }
}

function slotOf(bucket: number): number {
  const slot = bucket % SLOTS
  return slot < 0 ? slot + SLOTS : slot
}
