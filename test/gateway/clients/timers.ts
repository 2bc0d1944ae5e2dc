import type { After } from '../../../src/rewards/index.js'

/** Timeouts of a config are longer than this; what the gateway waits for between two steps is shorter. */
const LONG_MS = 1000

interface Pending {
  readonly ms: number
  readonly call: () => void
}

/** Timers of which the long ones run out when a test says so, and not by the clock. */
export class TestTimers {
  private readonly pending = new Set<Pending>()

  readonly after: After = (ms, call) => {
    if (ms < LONG_MS) {
      const timer = setTimeout(call, ms)
      return () => clearTimeout(timer)
    }
    const own = { ms, call }
    this.pending.add(own)
    return () => void this.pending.delete(own)
  }

  /** Runs out those that wait no longer than `msMax`, once there is one. */
  async runOut(msMax: number): Promise<void> {
    for (;;) {
      const due = [...this.pending].filter(({ ms }) => ms <= msMax)
      for (const own of due) {
        this.pending.delete(own)
        own.call()
      }
      if (due.length > 0) return
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}
