import { ParetoBanditError } from '../errors.js'
import { Arena, type ArenaOptions } from './arena.js'
import type { Kernel, KernelName } from './kernel.js'
import { WasmKernel } from './wasm-kernel.js'

/** Fastest first. */
const ORDER = ['native', 'wasm', 'js'] as const

/**
 * Makes a kernel with an arena of its own. `auto` takes the fastest that runs here: the native one where it has been
 * built, else WebAssembly, else plain JavaScript (some edge runtimes forbid compiling WebAssembly).
 * @throws KERNEL_UNAVAILABLE when the named kernel cannot run here, listing those that can
 */
export async function loadKernel(name: KernelName | 'auto', options: ArenaOptions): Promise<Kernel> {
  const arena = new Arena(options)
  const available: KernelName[] = []
  let cause: unknown
  for (const each of name === 'auto' ? ORDER : [name, ...ORDER]) {
    try {
      const kernel = await makeKernel(each, arena)
      if (name === each || name === 'auto') return kernel
      available.push(each)
    } catch (error) {
      cause ??= error
    }
  }
  const { unavailableMessage } = await import('./unavailable.js')
  const message = unavailableMessage(name, cause, available)
  throw new ParetoBanditError('KERNEL_UNAVAILABLE', 'kernel', message, { cause })
}

async function makeKernel(name: KernelName, arena: Arena): Promise<Kernel> {
  // Chunks of their own: browsers have WebAssembly, and fetch neither.
  if (name === 'js') return new (await import('./js-kernel.js')).JsKernel(arena)
  if (name === 'wasm') return WasmKernel.create(arena)
  // With the addon's loader a chunk of its own, which no browser fetches.
  if (typeof process === 'object' && process.versions?.node) {
    return new (await import('./native-kernel.js')).NativeKernel(arena)
  }
  throw new Error('needs Node')
}
