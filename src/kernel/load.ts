import { ParetoBanditError } from '../errors.js'
import { Arena, type ArenaOptions } from './arena.js'
import { JsKernel } from './js-kernel.js'
import type { Kernel, KernelName } from './kernel.js'
import { WasmKernel } from './wasm-kernel.js'

/**
 * Makes a kernel with an arena of its own. `auto` takes WebAssembly where it runs and plain JavaScript elsewhere
 * (some edge runtimes forbid compiling WebAssembly).
 * @throws KERNEL_UNAVAILABLE when the named kernel cannot run here
 */
export async function loadKernel(name: KernelName | 'auto', options: ArenaOptions): Promise<Kernel> {
  const arena = new Arena(options)
  if (name === 'js') return new JsKernel(arena)
  if (name === 'native') throw new ParetoBanditError('KERNEL_UNAVAILABLE', 'kernel', 'not built')
  try {
    return await WasmKernel.create(arena)
  } catch (error) {
    if (name === 'wasm') throw error
  }
  return new JsKernel(arena)
}
