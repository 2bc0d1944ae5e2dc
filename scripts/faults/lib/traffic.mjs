/** Seeded numbers in [0, 1): mulberry32. */
export function randomFrom(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** Shares of what is counted in steps of a number of requests, as points of a line. */
export class Shares {
  points = []
  counted = 0
  seen = 0
  #step

  constructor(step) {
    this.#step = step
  }

  /** One more request, and whether it counts. */
  add(counts) {
    this.seen++
    if (counts) this.counted++
    if (this.seen % this.#step !== 0) return
    this.points.push([this.seen, this.counted / this.#step])
    this.counted = 0
  }
}

export const percent = (share) => `${Math.round(100 * share)} %`
