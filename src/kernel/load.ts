import { ParetoBanditError } from '../base/errors.js'
import { Arena, type ArenaOptions } from './arena.js'
import { isNode } from './is-node.js'
import type { Kernel, KernelName } from './kernel.js'
import { WasmKernel } from './wasm-kernel.js'

/**
 * Fastest first. Native against WebAssembly, context in, project, combine and argmax, each in five processes in turn on
 * one shared x86-64 core with AVX2, best times as a ratio:
 *
 *     d, models    26, 3   26, 100   26, 1000   26, 10000   385, 3
 *     scan         0.81    0.76      0.78       0.82        0.47
 *     pruned       0.73    0.85      1.01       1.03        0.29
 *     update       0.72    0.71      0.72       0.71        0.70
 *
 * Native is nowhere slower by more than what such figures vary, so that no size makes an exception.
 */
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
  // A chunk of its own: where there is WebAssembly it is not fetched.
  if (name === 'js') return new (await import('./js-kernel.js')).JsKernel(arena)
  if (name === 'wasm') return WasmKernel.create(arena)
  // Another, with the addon's loader: no browser fetches it.
  if (isNode()) {
    return new (await import('./native-kernel.js')).NativeKernel(arena)
  }
  throw new Error('needs Node')
}
