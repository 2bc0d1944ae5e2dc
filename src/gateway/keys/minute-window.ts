import { SecondSlots } from './second-slots.js'

const MINUTE_MS = 60_000
/** Amounts of one minute whose times are kept to the ms. */
const EXACT_MAX = 2048
/** Of more, those that come within so long count together from the last of them on, ms: so there are never more than `CAPACITY_MAX`. */
const TOGETHER_MS = 30
const CAPACITY_MIN = 16
/** A power of two, not below EXACT_MAX + MINUTE_MS / TOGETHER_MS + 1. */
const CAPACITY_MAX = 4096

/**
 * An amount in the latest minute: whatever 60 seconds one looks at, no more than the limit was let in, and after exactly 60 seconds
 * an amount counts no more. Where there are more than `EXACT_MAX` in a minute some count up to `TOGETHER_MS` longer, and what other
 * processes did, which is known by the second, up to a second longer.
 */
export class MinuteWindow {
  /** A ring: amount number `n` since the beginning stands at `n % capacity`. */
  private times = new Float64Array(CAPACITY_MIN)
  private amounts = new Float64Array(CAPACITY_MIN)
  /** Numbers of the oldest that counts, and of the next. */
  private first = 0
  private next = 0
  private sum = 0
  /** When the latest was begun: what goes with it came later. */
  private beganAt = Number.NEGATIVE_INFINITY
  private others: SecondSlots | null = null

  /** Amounts that are kept apart. */
  get size(): number {
    return this.next - this.first
  }

  /** What the latest minute has. */
  total(now: number): number {
    this.advance(now)
    return this.sum + (this.others?.sum ?? 0)
  }

  /** Whether nothing of the latest minute is left. */
  isEmpty(now: number): boolean {
    return this.total(now) === 0
  }

  /** @returns where it was booked, by which it can be corrected */
  add(amount: number, now: number): number {
    this.advance(now)
    const latest = this.placeOf(this.next - 1)
    if (this.next > this.first && this.goesWithLatest(now, this.times[latest])) {
      this.times[latest] = Math.max(now, this.times[latest])
      this.amounts[latest] += amount
    } else {
      if (this.next - this.first === this.times.length) this.grow()
      const place = this.placeOf(this.next++)
      this.times[place] = now
      this.amounts[place] = amount
      this.beganAt = now
    }
    this.sum += amount
    return this.next - 1
  }

  /** Changes what was booked: more counts from now on, less is taken off where it was booked, if that still counts. */
  correct(bookedOn: number, difference: number, now: number): void {
    this.advance(now)
    if (difference > 0) this.add(difference, now)
    else if (bookedOn >= this.first) {
      const place = this.placeOf(bookedOn)
      const less = Math.min(-difference, this.amounts[place])
      this.amounts[place] -= less
      this.sum -= less
    }
  }

  /** Adds what was done elsewhere, `secondsAgo`; less is taken off, as far as there is something. */
  addAt(secondsAgo: number, amount: number, now: number): void {
    this.others ??= new SecondSlots()
    this.others.addAt(secondsAgo, amount, now)
  }

  /** How long until `amount` more has room under `limit`, ms; 0: now, null: it never has. */
  waitMs(amount: number, limit: number, now: number): number | null {
    let left = this.total(now)
    if (amount > limit) return null
    if (left + amount <= limit) return 0
    for (const [endsAt, over] of this.parts()) {
      left -= over
      if (left + amount <= limit) return endsAt - now
    }
    return MINUTE_MS
  }

  /** A clock that is put back counts on at the latest time. */
  private goesWithLatest(now: number, latestAt: number): boolean {
    return now <= latestAt || (this.next - this.first >= EXACT_MAX && now - this.beganAt < TOGETHER_MS)
  }

  private advance(now: number): void {
    this.others?.advance(now)
    while (this.first < this.next && this.times[this.placeOf(this.first)] <= now - MINUTE_MS)
      this.sum -= this.amounts[this.placeOf(this.first++)]
    // Sums of many parts drift; an empty window has nothing.
    this.sum = this.first === this.next ? 0 : Math.max(0, this.sum)
    if (this.first === this.next && this.times.length > CAPACITY_MIN) this.shrink()
  }

  /** What counts, in the order in which it ceases to. */
  private *parts(): Generator<readonly [endsAt: number, amount: number]> {
    const others = this.others?.parts()
    let other = others?.next()
    for (let each = this.first; each < this.next; each++) {
      const endsAt = this.times[this.placeOf(each)] + MINUTE_MS
      for (; other?.done === false && other.value[0] <= endsAt; other = others?.next()) yield other.value
      yield [endsAt, this.amounts[this.placeOf(each)]]
    }
    for (; other?.done === false; other = others?.next()) yield other.value
  }

  private placeOf(number: number): number {
    return number & (this.times.length - 1)
  }

  /** A busy minute is over: most keys have few of them. */
  private shrink(): void {
    this.times = new Float64Array(CAPACITY_MIN)
    this.amounts = new Float64Array(CAPACITY_MIN)
  }

  private grow(): void {
    const { times, amounts, first, next } = this
    this.times = new Float64Array(Math.min(CAPACITY_MAX, 2 * times.length))
    this.amounts = new Float64Array(this.times.length)
    for (let each = first; each < next; each++) {
      const before = each & (times.length - 1)
      this.times[this.placeOf(each)] = times[before]
      this.amounts[this.placeOf(each)] = amounts[before]
    }
  }
}
