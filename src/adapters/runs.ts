import type { Run } from '../index.js'

/** So many answers can be rewarded, the latest. */
export const RUNS_MAX = 10_000

/** Runs by what stands in their answers. */
export class Runs {
  private readonly known = new Map<string, Run<unknown>>()

  get size(): number {
    return this.known.size
  }

  add(id: string, run: Run<unknown>): void {
    this.known.set(id, run)
    for (const oldest of this.known.keys()) {
      if (this.known.size <= RUNS_MAX) break
      this.known.delete(oldest)
    }
  }

  get(id: string): Run<unknown> | undefined {
    return this.known.get(id)
  }
}
