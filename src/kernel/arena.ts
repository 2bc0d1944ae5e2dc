import { ParetoBanditError } from '../base/errors.js'
import { type ArenaLayout, arenaLayout, arenaLength, writeConstants } from './layout.js'

/** Byte at which an arena starts in its buffer: a WebAssembly module keeps what it needs itself below. */
export const ARENA_BASE = 4096

const PAGE_BYTES = 65_536
/** All that 32-bit addresses reach: 4 GiB. */
const PAGES_MAX = 65_536

export interface ArenaOptions {
  /** Length d of a context, 1 to 1024. */
  readonly dimension: number
  /** Forgetting factor in (0, 1]; 1 never forgets. */
  readonly gamma: number
  /** Regularization lambda0 > 0 of the ridge estimate. */
  readonly lambda0: number
  /** 2 for a design matrix of settled requests with a cost and a latency head, 0 (default) for none. */
  readonly heads?: 0 | 2
}

/**
 * The memory that a kernel works on. It lives in a WebAssembly memory, which grows in place: no arm ever moves, and
 * adding one to many costs no copy. Where there is no WebAssembly at all, it is a buffer that doubles by copying.
 */
export class Arena {
  readonly layout: ArenaLayout
  /** The WebAssembly memory that holds the arena, if there is one. */
  readonly memory: WebAssembly.Memory | null
  /** Everything from the arena's base on. Growing replaces it. */
  f64: Float64Array
  /** Arms there is room for. */
  capacity = 0

  constructor({ dimension, gamma, lambda0, heads }: ArenaOptions) {
    this.layout = arenaLayout(dimension, heads)
    // Room for the first block from the start: while models are few nothing grows, and once a process has detached
    // a buffer by growing it, V8 checks every typed array's buffer in every loop.
    this.memory = newMemory(pagesOf(arenaLength(this.layout, 1).length))
    this.f64 = new Float64Array(0)
    this.reserve(1)
    writeConstants(this.layout, this.f64, gamma, lambda0)
  }

  /**
   * Makes room for `armCount` arms, keeping what is there.
   * @returns true when the view `f64` was replaced
   * @throws OUT_OF_MEMORY; the arena is then as before
   */
  reserve(armCount: number): boolean {
    if (armCount <= this.capacity) return false
    // A copy should at least double, so that adding arms one by one stays linear in the end.
    const wanted = this.memory === null ? Math.max(armCount, 2 * this.capacity) : armCount
    const { length, capacity } = arenaLength(this.layout, wanted)
    try {
      this.f64 = this.memory === null ? grownCopy(this.f64, length) : grownInPlace(this.memory, length)
    } catch (cause) {
      const message = `no memory for an arena of ${8 * length} bytes (${armCount} models)`
      throw new ParetoBanditError('OUT_OF_MEMORY', '', message, { cause })
    }
    this.capacity = capacity
    return true
  }
}

/** Null without WebAssembly, and where the address space is too small for what an engine reserves for a memory. */
function newMemory(initial: number): WebAssembly.Memory | null {
  try {
    return new WebAssembly.Memory({ initial, maximum: PAGES_MAX })
  } catch {
    return null
  }
}

function pagesOf(length: number): number {
  return Math.ceil((ARENA_BASE + 8 * length) / PAGE_BYTES)
}

function grownInPlace(memory: WebAssembly.Memory, length: number): Float64Array {
  const missing = pagesOf(length) - memory.buffer.byteLength / PAGE_BYTES
  if (missing > 0) memory.grow(missing)
  return new Float64Array(memory.buffer, ARENA_BASE, length)
}

function grownCopy(f64: Float64Array, length: number): Float64Array {
  const grown = new Float64Array(length)
  grown.set(f64)
  return grown
}
