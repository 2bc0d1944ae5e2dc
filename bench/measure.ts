import { Bench } from 'tinybench'
import type { RowFacts } from './row.js'

/** One thing to time. `run` does `batch` operations; what stands before and after it is not timed. */
export interface Operation {
  readonly batch: number
  prepare?(): void
  /** @returns any number that depends on every result, so that nothing is optimised away */
  run(): number
  finish?(): void
  /** Asked once after the measurement: what else the row tells. */
  facts?(): RowFacts
}

export interface MeasureOptions {
  readonly timeMs: number
  readonly warmupMs: number
}

export interface Timing {
  readonly p50Ns: number
  readonly p99Ns: number
}

let sink = 0

/** Median and 99th percentile of the time of one operation, over samples that are means of one batch each. */
export function measure(operation: Operation, { timeMs, warmupMs }: MeasureOptions): Timing {
  const bench = new Bench({
    time: timeMs,
    warmupTime: warmupMs,
    iterations: 5,
    warmupIterations: 1,
    throws: true,
  })
  bench.add('operation', () => {
    const before = bench.now()
    operation.prepare?.()
    const start = bench.now()
    sink += operation.run()
    const end = bench.now()
    operation.finish?.()
    return {
      overriddenDuration: (end - start) / operation.batch,
      overriddenIterationCost: bench.now() - before,
    }
  })
  const [task] = bench.runSync()
  if (!Number.isFinite(sink)) throw new Error('an operation gave a number that is not finite')
  const { result } = task
  if (!('latency' in result)) throw new Error(`the measurement ended as '${result.state}'`)
  return { p50Ns: result.latency.p50 * 1e6, p99Ns: result.latency.p99 * 1e6 }
}
