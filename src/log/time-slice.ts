import { nextTurn } from '../base/after.js'

/**
 * A long piece of work gives the event loop its turn after so long. With the collection of garbage that falls into one, and what
 * is served in between, a turn stays below 20 ms of a processor (`npm run bench:durable`); slices of 8 ms came to 22.
 */
const SLICE_MS = 4

/** Cuts long work into slices, so that a process that does it beside other things answers all the while. */
export class TimeSlice {
  private readonly now: () => number
  private readonly turn: () => Promise<void>
  private until: number

  /** @param turn resolves when the event loop has come round */
  constructor(now: () => number = () => performance.now(), turn: () => Promise<void> = nextTurn) {
    this.now = now
    this.turn = turn
    this.until = now() + SLICE_MS
  }

  /** Whether it is time to `rest`. */
  get isOver(): boolean {
    return this.now() >= this.until
  }

  async rest(): Promise<void> {
    await this.turn()
    this.until = this.now() + SLICE_MS
  }
}

/** The result of work in steps, with a turn for others whenever a slice is over. */
export async function inSlices<T>(steps: Generator<void, T>, slice = new TimeSlice()): Promise<T> {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    if (slice.isOver) await slice.rest()
  }
}
