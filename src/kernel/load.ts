import { JsKernel } from './js-kernel.js'
import type { Kernel, KernelName, KernelOptions } from './kernel.js'
import { WasmKernel } from './wasm-kernel.js'

/**
 * Makes a kernel. `auto` takes WebAssembly where it runs and plain JavaScript elsewhere (some edge runtimes forbid
 * compiling WebAssembly).
 * @throws KERNEL_UNAVAILABLE when the named kernel cannot run here
 */
export async function loadKernel(name: KernelName | 'auto', options: KernelOptions): Promise<Kernel> {
  if (name === 'js') return new JsKernel(options)
  if (name === 'wasm' || typeof WebAssembly === 'object') {
    try {
      return await WasmKernel.create(options)
    } catch (error) {
      if (name === 'wasm') throw error
    }
  }
  return new JsKernel(options)
}
