import type { Arena } from './arena.js'
import type { Kernel } from './kernel.js'
import type { ArenaLayout } from './layout.js'
import { loadAddon, type NativeFunctions } from './native-addon.js'

/** C++ (native/) working on the arena in place. Statistics have the bits of the others; scores are fused. */
export class NativeKernel implements Kernel {
  readonly name = 'native'
  readonly layout: ArenaLayout
  f64: Float64Array
  capacity: number
  private readonly arena: Arena
  private readonly functions: NativeFunctions

  /**
   * @param portable whether to leave out what only this machine's instructions can do
   * @throws Error saying what is in the way when the addon is not built or not of this version
   */
  constructor(arena: Arena, portable = false) {
    this.arena = arena
    this.layout = arena.layout
    this.f64 = arena.f64
    this.capacity = arena.capacity
    this.functions = loadAddon().bind(bufferOf(arena), arena.f64.byteOffset, portable)
  }

  /** Instructions chosen for this machine. */
  get instructions(): NativeFunctions['instructions'] {
    return this.functions.instructions
  }

  reserve(armCount: number): void {
    if (!this.arena.reserve(armCount)) return
    this.f64 = this.arena.f64
    this.capacity = this.arena.capacity
    // The old buffer is detached.
    this.functions.rebind(bufferOf(this.arena), this.f64.byteOffset)
  }

  project(contexts: number, count: number, quadratic: boolean): void {
    this.functions.project(contexts, count, quadratic ? 1 : 0)
  }

  combine(index: number, count: number, alpha: number, penaltyWeight: number, now: number): void {
    this.functions.combine(index, count, alpha, penaltyWeight, now)
  }

  score(count: number, alpha: number, penaltyWeight: number, now: number): void {
    this.functions.score(count, alpha, penaltyWeight, now)
  }

  prune(index: number, count: number, alpha: number, penaltyWeight: number, now: number): number {
    return this.functions.prune(index, count, alpha, penaltyWeight, now)
  }

  argmax(count: number, tieBreak: number): number {
    return this.functions.argmax(count, tieBreak)
  }

  update(slot: number, reward: number, now: number): void {
    this.functions.update(slot, reward, now)
  }

  rebuild(slot: number): void {
    this.functions.rebuild(slot)
  }
}

/** An arena is never on shared memory. */
function bufferOf(arena: Arena): ArrayBuffer {
  return arena.f64.buffer as ArrayBuffer
}
