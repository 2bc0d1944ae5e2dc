import type { RowFacts } from './row.js'

/** Few enough that nothing is collected among them, and how often they are looked at. */
const CYCLES_UNCOLLECTED = 200
const LOOKS = 25

/**
 * What cycles leave on the heap, after collection, and the garbage that one makes. Needs --expose-gc.
 * @param cycle route, settle and reward; warmed up
 * @param cycles over which the heap may grow
 */
export function heapFacts(cycle: () => void, cycles: number): RowFacts {
  const before = collected()
  for (let i = 0; i < cycles; i++) cycle()
  const after = collected()
  const garbage = Array.from({ length: LOOKS }, () => {
    collect()
    const used = process.memoryUsage().heapUsed
    for (let i = 0; i < CYCLES_UNCOLLECTED; i++) cycle()
    return (process.memoryUsage().heapUsed - used) / CYCLES_UNCOLLECTED
  }).sort((a, b) => a - b)
  return {
    heapBytesPerMillion: Math.round(((after - before) * 1e6) / cycles),
    allocatedBytesPerCycle: Math.round(garbage[LOOKS >> 1]),
  }
}

function collected(): number {
  collect()
  return process.memoryUsage().heapUsed
}

/** Twice: what finalizers let go of the first time goes the second. */
function collect(): void {
  if (globalThis.gc === undefined) throw new Error('measuring the heap needs node --expose-gc')
  globalThis.gc()
  globalThis.gc()
}
