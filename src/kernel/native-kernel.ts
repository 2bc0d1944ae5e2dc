import type { Arena } from './arena.js'
import type { Kernel } from './kernel.js'
import type { ArenaLayout } from './layout.js'
import { ARGUMENTS, loadAddon, type NativeFunctions, RESULT } from './native-addon.js'

/** C++ (native/) working on the arena in place. Statistics have the bits of the others; scores are fused. */
export class NativeKernel implements Kernel {
  readonly name = 'native'
  readonly layout: ArenaLayout
  f64: Float64Array
  capacity: number
  private readonly arena: Arena
  private readonly functions: NativeFunctions
  /** Where a call's arguments and its result lie in the arena. */
  private readonly cells: number
  private readonly result: number

  /**
   * @param portable whether to leave out what only this machine's instructions can do
   * @throws Error saying what is in the way when the addon is not built or not of this version
   */
  constructor(arena: Arena, portable = false) {
    this.arena = arena
    this.layout = arena.layout
    this.f64 = arena.f64
    this.capacity = arena.capacity
    this.cells = arena.layout.params + ARGUMENTS
    this.result = arena.layout.params + RESULT
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

  project(contexts: number, count: number, forms: number): void {
    const { f64, cells } = this
    f64[cells] = contexts
    f64[cells + 1] = count
    f64[cells + 2] = forms
    this.functions.project()
  }

  combine(index: number, count: number, alpha: number, penaltyWeight: number, now: number): void {
    this.pass(index, count, alpha, penaltyWeight, now)
    this.functions.combine()
  }

  score(count: number, alpha: number, penaltyWeight: number, now: number): void {
    this.pass(count, alpha, penaltyWeight, now, 0)
    this.functions.score()
  }

  prune(index: number, count: number, alpha: number, penaltyWeight: number, now: number): number {
    this.pass(index, count, alpha, penaltyWeight, now)
    this.functions.prune()
    return this.f64[this.result]
  }

  argmax(count: number, tieBreak: number): number {
    const { f64, cells } = this
    f64[cells] = count
    f64[cells + 1] = tieBreak
    this.functions.argmax()
    return f64[this.result]
  }

  update(slot: number, reward: number, now: number): void {
    this.pass(slot, 1, reward, 0, now)
    this.functions.update()
  }

  settle(slot: number, logCost: number, logLatency: number, now: number): void {
    this.pass(slot, 2, logCost, logLatency, now)
    this.functions.update()
  }

  rebuild(slot: number): void {
    this.rebuildDesign(slot, 1)
  }

  rebuildSettled(slot: number): void {
    this.rebuildDesign(slot, 2)
  }

  invertSystem(size: number): void {
    this.f64[this.cells] = size
    this.functions.invertSystem()
  }

  private rebuildDesign(slot: number, heads: number): void {
    const { f64, cells } = this
    f64[cells] = slot
    f64[cells + 1] = heads
    this.functions.rebuild()
  }

  /** Arguments go by the arena: by Node-API they would take as long as the call itself. */
  private pass(a: number, b: number, c: number, d: number, e: number): void {
    const { f64, cells } = this
    f64[cells] = a
    f64[cells + 1] = b
    f64[cells + 2] = c
    f64[cells + 3] = d
    f64[cells + 4] = e
  }
}

/** An arena is never on shared memory. */
function bufferOf(arena: Arena): ArrayBuffer {
  return arena.f64.buffer as ArrayBuffer
}
