import type { After } from '../../src/rewards/index.js'

/** A clock and timers that go when a test says so. */
export class Timers {
  now = Date.UTC(2026, 0, 15, 12)
  private readonly waiting: { readonly at: number; readonly call: () => void }[] = []

  get count(): number {
    return this.waiting.length
  }

  readonly after: After = (ms, call) => {
    const timer = { at: this.now + ms, call }
    this.waiting.push(timer)
    return () => this.remove(timer)
  }

  /** What is due is called, and what that begins has come to its end. */
  async pass(ms: number): Promise<void> {
    this.now += ms
    for (const timer of this.waiting.filter(({ at }) => at <= this.now)) {
      this.remove(timer)
      timer.call()
    }
    await settled()
  }

  private remove(timer: (typeof this.waiting)[number]): void {
    const at = this.waiting.indexOf(timer)
    if (at >= 0) this.waiting.splice(at, 1)
  }
}

/** Promises that nothing else holds up have been kept. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}
