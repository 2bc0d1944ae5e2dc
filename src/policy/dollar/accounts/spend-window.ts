/** Buckets of a window: money comes back a bucket late, so a burst at four times the mean rate loses 4 of them. */
const BUCKETS_FINE = 240
/** Of caps that logs hold from before there was a choice of pacing. */
const BUCKETS_COARSE = 60
const FINER = BUCKETS_FINE / BUCKETS_COARSE
/** A bucket before any time that a clock shows. */
const NEVER = Number.MIN_SAFE_INTEGER

/** A plan looks at the end of every sixtieth of the next quarter of the window, and at every third one of the rest. */
const PLAN_STEPS = 60
const PLAN_NEAR_STEPS = 15
const PLAN_FAR_STEP = 3

/** Dollars, and the latest time at which they can have been spent, ms since 1970. */
export interface SpentPart {
  readonly usd: number
  readonly at: number
}

/**
 * Dollars of the last `lengthMs`, in a ring of n buckets (240, or 60): bucket k holds [k w, (k + 1) w).
 *
 * A bucket is forgotten as a whole, when bucket k + n + 1 begins: then even its last instant is more than n w ago. So what
 * the ring holds is at least what was spent in any closed window of `lengthMs` that ends now, and at most what was spent
 * in the last (n + 1) w. Time never runs backwards here: what comes with an earlier time goes into the newest bucket.
 */
export class SpendWindow {
  private readonly lengthMs: number
  private readonly count: number
  /** Those that fill the window, and the one that is being filled. */
  private readonly slots: number
  private readonly bucketMs: number
  /** The newest bucket. */
  private head = NEVER
  private readonly buckets: Float64Array
  /** Sum of all buckets but the newest, oldest first: summed again when one is forgotten, so no rounding adds up. */
  private closedUsd = 0

  constructor(lengthMs: number, isFine: boolean) {
    this.lengthMs = lengthMs
    this.count = isFine ? BUCKETS_FINE : BUCKETS_COARSE
    this.slots = this.count + 1
    this.bucketMs = lengthMs / this.count
    this.buckets = new Float64Array(this.slots)
  }

  private get isFine(): boolean {
    return this.count === BUCKETS_FINE
  }

  /** The same dollars in buckets of that kind, each at least as late as it lies here. */
  refined(isFine: boolean): SpendWindow {
    if (isFine === this.isFine) return this
    const other = new SpendWindow(this.lengthMs, isFine)
    if (this.head === NEVER) return other
    const moved = (bucket: number) => (isFine ? bucket * FINER + FINER - 1 : Math.floor(bucket / FINER))
    other.head = moved(this.head)
    for (let age = 0; age <= this.count; age++) {
      const bucket = moved(this.head - age)
      if (other.head - bucket <= other.count)
        other.buckets[other.slotOf(bucket)] += this.buckets[this.slotOf(this.head - age)]
    }
    other.sum()
    return other
  }

  /** How many numbers `save` gives. */
  get savedNumbers(): number {
    return 1 + this.slots
  }

  /** Dollars in the window that ends at `at`; changes nothing. */
  spentUsd(at: number): number {
    const now = this.bucketAt(at)
    if (now === this.head) return this.closedUsd + this.buckets[this.slotOf(now)]
    let usd = 0
    for (let age = this.count; age >= now - this.head; age--) usd += this.buckets[this.slotOf(now - age)]
    return usd
  }

  add(at: number, usd: number): void {
    this.advance(this.bucketAt(at))
    this.buckets[this.slotOf(this.head)] += usd
  }

  /**
   * Takes back dollars that were added at `addedAt` or later; those that the window has forgotten stay spent. Taking
   * from an earlier bucket than the one they lie in is safe: it is forgotten first, and then too much counts.
   */
  takeBack(addedAt: number, usd: number): void {
    const k = this.exactBucket(addedAt)
    if (k > this.head || k < this.head - this.count) return
    const slot = this.slotOf(k)
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
    const goneMs = this.goneMs(at, now)
    const kept = this.head - now + this.count
    let slot = this.slotOf(now - this.count)
    let money = availableUsd
    let least = Number.POSITIVE_INFINITY
    for (let i = 0; i <= this.count; i++) {
      // Money for the rest of a bucket's time lasts for a whole one, or none is left when little of it is.
      const untilMs = Math.max(this.bucketMs, (i + 1) * this.bucketMs - goneMs)
      const requests = Math.max(requestsMin, requestsPerMs * untilMs)
      // Divides a few times instead of 61.
      if (money < least * requests) least = money / requests
      if (i <= kept) money += this.buckets[slot]
      if (++slot === this.slots) slot = 0
    }
    return least
  }

  /**
   * The least of what `pace` says of instants at which buckets are forgotten: of the dollars that may be spent until then
   * (what is available and what was forgotten before), and how long that is, ms. The last look is a window ahead.
   */
  leastPace(at: number, availableUsd: number, pace: (usd: number, untilMs: number) => number): number {
    const now = this.bucketAt(at)
    const goneMs = this.goneMs(at, now)
    const perStep = this.count / PLAN_STEPS
    let usd = availableUsd
    let least = Number.POSITIVE_INFINITY
    let ahead = 0
    for (let step = 0; step <= PLAN_STEPS; step++) {
      if (step < PLAN_NEAR_STEPS || step % PLAN_FAR_STEP === 0) {
        // As in `usdPerRequest`: the rest of a bucket's time must last for a whole one.
        const untilMs = Math.max(this.bucketMs, (ahead + 1) * this.bucketMs - goneMs)
        least = Math.min(least, pace(usd, untilMs))
      }
      for (const end = Math.min(this.count, ahead + perStep); ahead < end; ahead++) {
        const bucket = now - this.count + ahead
        if (bucket <= this.head) usd += this.buckets[this.slotOf(bucket)]
      }
    }
    return least
  }

  /** The part of the window since the oldest dollar that it remembers, in [0, 1]: after a pause, or at a start, small. */
  shareSeen(at: number): number {
    const now = this.bucketAt(at)
    for (let age = this.count; age > now - this.head; age--)
      if (this.buckets[this.slotOf(now - age)] > 0) return age / this.count
    return 0
  }

  /** What it remembers at `at`, the oldest first. */
  parts(at: number): readonly SpentPart[] {
    const parts: SpentPart[] = []
    for (let age = this.count; age >= 0; age--) {
      const bucket = this.head - age
      const usd = this.buckets[this.slotOf(bucket)]
      if (usd > 0) parts.push({ usd, at: Math.min((bucket + 1) * this.bucketMs, at) })
    }
    return parts
  }

  /** The longest that spend is remembered: the window and one bucket. */
  get memoryMs(): number {
    return this.slots * this.bucketMs
  }

  /** Numbers for `load`. */
  save(): number[] {
    return [this.head, ...this.buckets]
  }

  /** False when `save` cannot have made these numbers; nothing changes then. */
  load([head, ...usd]: readonly number[]): boolean {
    if (!Number.isInteger(head) || usd.length !== this.slots) return false
    if (!usd.every((each) => each >= 0 && Number.isFinite(each))) return false
    this.head = head
    this.buckets.set(usd)
    this.sum()
    return true
  }

  private slotOf(bucket: number): number {
    const slot = bucket % this.slots
    return slot < 0 ? slot + this.slots : slot
  }

  private advance(to: number): void {
    if (to <= this.head) return
    if (to - this.head >= this.slots) this.buckets.fill(0)
    else for (let ahead = to - this.head; ahead > 0; ahead--) this.buckets[this.slotOf(this.head + ahead)] = 0
    this.head = to
    this.sum()
  }

  private sum(): void {
    this.closedUsd = 0
    for (let age = this.count; age > 0; age--) this.closedUsd += this.buckets[this.slotOf(this.head - age)]
  }

  /** Of a bucket's time, how much is over: none where time stands still in a later one. */
  private goneMs(at: number, bucket: number): number {
    const into = at - bucket * this.bucketMs
    return into > 0 && into < this.bucketMs ? into : 0
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
