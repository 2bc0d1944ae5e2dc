/** A long piece of work gives the event loop its turn after so long. */
const SLICE_MS = 8

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

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    // Browsers have no setImmediate.
    if (typeof setImmediate === 'function') setImmediate(resolve)
    else setTimeout(resolve)
  })
}
