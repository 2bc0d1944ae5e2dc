/**
 * Keeps the process alive while events wait, and nothing else of a router does: a program that has done its work ends,
 * whatever its store, and loses nothing. For so long at most without any progress: a store that is away must not hold up
 * a process that ends.
 */
export class KeepAlive {
  private readonly ms: number
  private timer: ReturnType<typeof setTimeout> | null = null

  constructor(ms: number) {
    this.ms = ms
  }

  /** Events wait. */
  hold(): void {
    this.timer ??= setTimeout(() => {}, this.ms)
  }

  /** While the work goes on: whoever waits for it hears of its end, its failure too. */
  async during(work: () => Promise<void>): Promise<void> {
    this.progress(true)
    try {
      await work()
    } finally {
      this.progress(false)
    }
  }

  /** Some have been stored. @param isNeeded whether others wait */
  progress(isNeeded: boolean): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    if (isNeeded) this.hold()
  }
}
