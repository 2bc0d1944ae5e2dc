import { type ASUtil, instantiate } from '@assemblyscript/loader'
import { ParetoBanditError } from '../errors.js'
import type { Kernel, KernelOptions } from './kernel.js'
import { type ArenaLayout, arenaLayout, arenaLength, writeConstants } from './layout.js'
import { kernelWasmBase64 } from './wasm-bytes.generated.js'

/** What assembly/index.ts exports. Addresses are bytes. */
interface KernelExports extends Record<string, unknown> {
  readonly memory: WebAssembly.Memory
  heapBase(): number
  configure(table: number): void
  score(count: number, alpha: number, penaltyWeight: number, now: number): void
  argmax(count: number, tieBreak: number): number
  update(slot: number, reward: number, now: number): void
  rebuild(slot: number): void
}

/** Numbers and lengths that `configure` in assembly/layout.ts reads first, as they are. */
const TABLE_NUMBERS = ['dimension', 'paddedDimension', 'paddedTriangle', 'blockShift'] as const
/** Scratch offsets, made addresses by adding the arena's base. */
const TABLE_ADDRESSES = ['blocks', 'params', 'gammaPower', 'context', 'image', 'row', 'products'] as const
/** Offsets inside a block, in bytes. */
const TABLE_SECTIONS = [
  'lastUpdate',
  'lastPlay',
  'ridge',
  'price',
  'candidate',
  'score',
  'theta',
  'inverse',
  'precision',
  'response',
] as const

const PAGE_BYTES = 65_536
const ALIGNMENT = 64

/** AssemblyScript compiled to WebAssembly (assembly/), working on its own memory in place. */
export class WasmKernel implements Kernel {
  readonly name = 'wasm'
  readonly layout: ArenaLayout
  f64: Float64Array
  capacity = 0
  private readonly exports: KernelExports
  private readonly base: number

  private constructor(exports: KernelExports, { dimension, gamma, lambda0 }: KernelOptions) {
    this.exports = exports
    this.layout = arenaLayout(dimension)
    const table = layoutTable(this.layout)
    const tableAddress = Math.ceil(exports.heapBase() / ALIGNMENT) * ALIGNMENT
    this.base = Math.ceil((tableAddress + 8 * table.length) / ALIGNMENT) * ALIGNMENT
    this.f64 = new Float64Array(0)
    this.reserve(1)
    new Float64Array(exports.memory.buffer, tableAddress, table.length).set(
      layoutTable(this.layout, this.base),
    )
    exports.configure(tableAddress)
    writeConstants(this.layout, this.f64, gamma, lambda0)
  }

  /** Compiles the kernel from the bytes built into this package; no file is fetched. */
  static async create(options: KernelOptions): Promise<WasmKernel> {
    const bytes = Uint8Array.from(atob(kernelWasmBase64), (character) => character.charCodeAt(0))
    let exports: ASUtil & KernelExports
    try {
      exports = (await instantiate<KernelExports>(bytes)).exports
    } catch (cause) {
      throw new ParetoBanditError('KERNEL_UNAVAILABLE', 'kernel', 'WebAssembly cannot run here; use "js"', {
        cause,
      })
    }
    return new WasmKernel(exports, options)
  }

  reserve(armCount: number): void {
    if (armCount <= this.capacity) return
    const { length, capacity } = arenaLength(this.layout, armCount)
    const { memory } = this.exports
    const pages = Math.ceil((this.base + 8 * length - memory.buffer.byteLength) / PAGE_BYTES)
    if (pages > 0) {
      try {
        memory.grow(pages)
      } catch (cause) {
        const message = `no memory for an arena of ${8 * length} bytes (${armCount} models)`
        throw new ParetoBanditError('OUT_OF_MEMORY', '', message, { cause })
      }
    }
    this.f64 = new Float64Array(memory.buffer, this.base, length)
    this.capacity = capacity
  }

  score(count: number, alpha: number, penaltyWeight: number, now: number): void {
    this.exports.score(count, alpha, penaltyWeight, now)
  }

  argmax(count: number, tieBreak: number): number {
    return this.exports.argmax(count, tieBreak)
  }

  update(slot: number, reward: number, now: number): void {
    this.exports.update(slot, reward, now)
  }

  rebuild(slot: number): void {
    this.exports.rebuild(slot)
  }
}

function layoutTable(layout: ArenaLayout, base = 0): number[] {
  return [
    ...TABLE_NUMBERS.map((field) => layout[field]),
    8 * layout.blockLength,
    ...TABLE_ADDRESSES.map((field) => base + 8 * layout[field]),
    ...TABLE_SECTIONS.map((field) => 8 * layout[field]),
  ]
}
