import { expected, messageOf, ParetoBanditError } from '../base/errors.js'
import { Arena, type ArenaOptions } from './arena.js'
import type { Kernel } from './kernel.js'
import { WasmKernel } from './wasm-kernel.js'

/** What assembly/index.ts exports and imports; the loader of another module would write where the arena is not. */
const EXPORTS = ['configure', 'project', 'combine', 'score', 'prune', 'argmax', 'update', 'rebuild']

/**
 * Makes the WebAssembly kernel of a module that is compiled already, where compiling is forbidden: in Cloudflare Workers
 * bundles bring their modules compiled.
 * @throws INVALID_ARGUMENT for what is no module of this package; KERNEL_UNAVAILABLE where it cannot run
 */
export async function loadGivenModule(module: object, options: ArenaOptions): Promise<Kernel> {
  if (!(module instanceof WebAssembly.Module))
    throw expected('INVALID_ARGUMENT', 'kernelModule', 'a WebAssembly.Module', module)
  const exported = WebAssembly.Module.exports(module).map(({ name }) => name)
  const missing = EXPORTS.filter((name) => !exported.includes(name))
  if (missing.length > 0) {
    const message = `expected the module of 'paretobandit/kernel.wasm', it lacks ${missing.join(', ')}`
    throw new ParetoBanditError('INVALID_ARGUMENT', 'kernelModule', message)
  }
  try {
    return await WasmKernel.of(module, new Arena(options), true)
  } catch (cause) {
    const why = messageOf(cause)
    throw new ParetoBanditError('KERNEL_UNAVAILABLE', 'kernelModule', `cannot run here: ${why}`, { cause })
  }
}
