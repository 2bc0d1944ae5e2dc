export { randomFrom } from '../../../chaos/random.mjs'

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
