/** A map with a bound: of more entries than that, the one that was set longest ago is forgotten. Entries go from the oldest to the latest. */
export class LatestMap<K, V> extends Map<K, V> {
  private readonly sizeMax: number

  /** @param sizeMax entries that are kept at most; without it `trim` alone forgets any */
  constructor(sizeMax = Number.POSITIVE_INFINITY) {
    super()
    this.sizeMax = sizeMax
  }

  /** Whether set for the first time or again, it is the latest from now on. */
  override set(key: K, value: V): this {
    this.delete(key)
    super.set(key, value)
    this.trim(this.sizeMax)
    return this
  }

  /** Forgets the oldest entries of more than `size`. */
  trim(size: number): void {
    for (const oldest of this.keys()) {
      if (this.size <= size) return
      this.delete(oldest)
    }
  }
}
