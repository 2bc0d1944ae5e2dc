import { ARENA_BASE, type Arena } from './arena.js'
import { isNode } from './is-node.js'
import type { Kernel } from './kernel.js'
import type { ArenaLayout } from './layout.js'
import { kernelWasmHex } from './wasm-simd.generated.js'

/** What assembly/index.ts exports. Addresses are bytes. */
interface KernelExports {
  configure(base: number): void
  project(contexts: number, count: number, forms: number): void
  combine(index: number, count: number, alpha: number, penaltyWeight: number, now: number): void
  score(count: number, alpha: number, penaltyWeight: number, now: number): void
  prune(index: number, count: number, alpha: number, penaltyWeight: number, now: number): number
  argmax(count: number, tieBreak: number): number
  // On the design matrix with this many heads: 1 of rewards, 2 of settlements.
  update(slot: number, heads: number, first: number, second: number, now: number): void
  rebuild(slot: number, heads: number): void
  invertSystem(size: number): void
}

const NO_MEMORY = 'there is no WebAssembly, or no address space for its memory'

/** AssemblyScript compiled to WebAssembly (assembly/), working on the arena in place. */
export class WasmKernel implements Kernel {
  readonly name = 'wasm'
  /** True for the module of two-lane SIMD, false for the scalar one. Both give the same bits. */
  readonly simd: boolean
  readonly layout: ArenaLayout
  f64: Float64Array
  capacity: number
  private readonly arena: Arena
  private readonly exports: KernelExports

  private constructor(arena: Arena, exports: KernelExports, simd: boolean) {
    this.arena = arena
    this.exports = exports
    this.simd = simd
    this.layout = arena.layout
    this.f64 = arena.f64
    this.capacity = arena.capacity
    exports.configure(ARENA_BASE)
  }

  /**
   * Instantiates the kernel from the bytes built into this package; no file is fetched.
   * @param simd whether to use SIMD; by default where it runs
   * @throws what is in the way where WebAssembly cannot run
   */
  static async create(arena: Arena, simd = simdRuns()): Promise<WasmKernel> {
    if (arena.memory === null) throw new TypeError(NO_MEMORY)
    return WasmKernel.of(await compiled(simd), arena, simd)
  }

  /** The kernel of a module that is compiled. */
  static async of(module: WebAssembly.Module, arena: Arena, simd: boolean): Promise<WasmKernel> {
    const { memory } = arena
    if (memory === null) throw new TypeError(NO_MEMORY)
    const { instantiate, instantiateSync } = await import('./assemblyscript-loader.js')
    // `instantiate` asks for `Response`, for which Node loads all that fetch needs: longer than the rest. Browsers may refuse the other.
    const make = isNode() ? instantiateSync : instantiate
    // The raw exports: the loader's own wrap every call, to count its arguments.
    const { exports } = (await make(module, { env: { memory } })).instance
    return new WasmKernel(arena, exports as unknown as KernelExports, simd)
  }

  reserve(armCount: number): void {
    if (!this.arena.reserve(armCount)) return
    this.f64 = this.arena.f64
    this.capacity = this.arena.capacity
  }

  project(contexts: number, count: number, forms: number): void {
    this.exports.project(contexts, count, forms)
  }

  combine(index: number, count: number, alpha: number, penaltyWeight: number, now: number): void {
    this.exports.combine(index, count, alpha, penaltyWeight, now)
  }

  score(count: number, alpha: number, penaltyWeight: number, now: number): void {
    this.exports.score(count, alpha, penaltyWeight, now)
  }

  prune(index: number, count: number, alpha: number, penaltyWeight: number, now: number): number {
    return this.exports.prune(index, count, alpha, penaltyWeight, now)
  }

  argmax(count: number, tieBreak: number): number {
    return this.exports.argmax(count, tieBreak)
  }

  update(slot: number, reward: number, now: number): void {
    this.exports.update(slot, 1, reward, 0, now)
  }

  settle(slot: number, logCost: number, logLatency: number, now: number): void {
    this.exports.update(slot, 2, logCost, logLatency, now)
  }

  rebuild(slot: number): void {
    this.exports.rebuild(slot, 1)
  }

  rebuildSettled(slot: number): void {
    this.exports.rebuild(slot, 2)
  }

  invertSystem(size: number): void {
    this.exports.invertSystem(size)
  }
}

const modules = new Map<boolean, Promise<WebAssembly.Module>>()

/** The module, compiled once a process. */
function compiled(simd: boolean): Promise<WebAssembly.Module> {
  let module = modules.get(simd)
  if (module === undefined) {
    module = compile(simd)
    modules.set(simd, module)
  }
  return module
}

async function compile(simd: boolean): Promise<WebAssembly.Module> {
  // The scalar module is a file of its own: only what has no SIMD loads it.
  const hex = simd ? kernelWasmHex : (await import('./wasm-scalar.generated.js')).kernelWasmHex
  const bytes = Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
  try {
    // At once: a promise of compiled code is never kept while a Cloudflare Worker starts, where compiling is forbidden.
    return new WebAssembly.Module(bytes)
  } catch (error) {
    // A browser's main thread may compile only what is small.
    if (error instanceof RangeError) return WebAssembly.compile(bytes)
    throw error
  }
}

/** A function that returns `i8x16.splat(0)`: valid only where SIMD is. */
const SIMD_PROBE = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 15, 11,
]

function simdRuns(): boolean {
  return typeof WebAssembly === 'object' && WebAssembly.validate(Uint8Array.from(SIMD_PROBE))
}
