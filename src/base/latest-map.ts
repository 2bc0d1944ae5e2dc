/** Entries that may go, besides twice as many as there are, before a look for the oldest begins again at the start. */
const GONE_MIN = 64

/** A map with a bound: of more entries than that, the one that was set longest ago is forgotten. Entries go from the oldest to the latest. */
export class LatestMap<K, V> extends Map<K, V> {
  private readonly sizeMax: number
  /**
   * Goes on where it was: a map keeps the places of deleted entries for a while, and whoever looks for the oldest from the start
   * again passes over all of them. Everything before it is gone, but for `found`.
   */
  private cursor: Iterator<K> | null = null
  /** Entries that went since the cursor was moved: the engine keeps for it whatever it has not passed yet. */
  private gone = 0
  /** The oldest, once it has been looked for. */
  private found: { readonly key: K } | null = null
  /** The latest, unless that went since. */
  private latest: { readonly key: K } | null = null

  /** @param sizeMax entries that are kept at most; without it `trim` alone forgets any */
  constructor(sizeMax = Number.POSITIVE_INFINITY) {
    super()
    this.sizeMax = sizeMax
  }

  /** Whether set for the first time or again, it is the latest from now on. */
  override set(key: K, value: V): this {
    // What is set again and again stays where it is: a map makes a new table for a few that were deleted.
    if (this.latest !== null && Object.is(this.latest.key, key)) return super.set(key, value)
    this.delete(key)
    super.set(key, value)
    this.latest = { key }
    if (this.size > this.sizeMax) this.trim(this.sizeMax)
    return this
  }

  override delete(key: K): boolean {
    if (this.found !== null && (this.found.key === key || Object.is(this.found.key, key))) this.found = null
    if (this.latest !== null && (this.latest.key === key || Object.is(this.latest.key, key)))
      this.latest = null
    const isGone = super.delete(key)
    if (isGone && ++this.gone > GONE_MIN + 2 * this.size) this.cursor = null
    return isGone
  }

  override clear(): void {
    super.clear()
    this.cursor = null
    this.found = null
    this.latest = null
  }

  /** The key that was set longest ago, in a list for there may be no key: empty then. */
  oldest(): readonly [K] | readonly [] {
    if (this.size === 0) return []
    if (this.found === null) {
      this.cursor ??= this.keys()
      this.gone = 0
      // There is one: the cursor is never moved while the map is empty, and so never at an end.
      this.found = { key: this.cursor.next().value as K }
    }
    return [this.found.key]
  }

  /** Forgets the oldest entries of more than `size`. */
  trim(size: number): void {
    while (this.size > size) {
      const [key] = this.oldest() as readonly [K]
      this.delete(key)
    }
  }
}
