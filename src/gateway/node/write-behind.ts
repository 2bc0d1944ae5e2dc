/** Items that may wait; with more the oldest are left out, so that a store that is away costs no memory. */
const WAITING_MAX = 20_000
const BATCH_MAX = 500
const RETRY_MS = 250

/** Writes what is added in batches, one at a time and in order, without anybody waiting for it. */
export class WriteBehind<T> {
  private waiting: T[] = []
  private running: Promise<void> | null = null
  private isClosing = false
  private isUnwell = false

  constructor(
    private readonly write: (batch: readonly T[]) => Promise<void>,
    private readonly onProblem: (problem: Error) => void,
  ) {}

  add(item: T): void {
    if (this.waiting.length >= WAITING_MAX) this.waiting.splice(0, BATCH_MAX)
    this.waiting.push(item)
    this.running ??= this.run().finally(() => {
      this.running = null
    })
  }

  /** What waits is tried once more. */
  async close(): Promise<void> {
    this.isClosing = true
    await this.running
  }

  private async run(): Promise<void> {
    // What is added in one turn of the event loop goes together.
    await new Promise<void>((resolve) => setImmediate(resolve))
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, BATCH_MAX)
      try {
        await this.write(batch)
        this.isUnwell = false
      } catch (error) {
        if (!this.isUnwell)
          this.onProblem(
            new Error(`notes are of this process alone: ${error instanceof Error ? error.message : error}`, {
              cause: error,
            }),
          )
        this.isUnwell = true
        if (this.isClosing) return
        this.waiting = [...batch, ...this.waiting]
        await new Promise<void>((resolve) => setTimeout(resolve, RETRY_MS).unref())
      }
    }
  }
}
