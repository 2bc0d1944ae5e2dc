/** Of the addon's functions and the arena's map (layout.ts): an addon of another one is not used. See native/addon.cc. */
export const NATIVE_INTERFACE = 1

/** Where scripts/build-native.mjs leaves the addon, from the package's root. */
const ADDON_FILE = 'native/build/Release/paretobandit.node'

/** Cells of the arena's `params` that carry a call. */
export const ARGUMENTS = 1
export const RESULT = 6

/** The functions of a kernel on one arena. */
export interface NativeFunctions {
  /** Instructions chosen for this machine. */
  readonly instructions: 'avx2' | 'portable'
  rebind(buffer: ArrayBuffer, byteOffset: number): void
  // `Kernel`'s methods: arguments and result are in the arena, from `params` [ARGUMENTS] on and in [RESULT].
  project(): void
  combine(): void
  score(): void
  prune(): void
  argmax(): void
  update(): void
  rebuild(): void
}

export interface NativeAddon {
  readonly interface: number
  bind(buffer: ArrayBuffer, byteOffset: number, portable: boolean): NativeFunctions
}

/** What of `node:module` is needed; browsers have no such module, so it is never imported. */
interface ModuleModule {
  createRequire(from: string): { (id: string): unknown; resolve(id: string): string }
}

/**
 * Loads the addon that `npm run build:native` has built.
 * @throws Error saying what is in the way
 */
export function loadAddon(): NativeAddon {
  const { getBuiltinModule } = process
  const nodeModule = getBuiltinModule?.('node:module') as ModuleModule | undefined
  if (nodeModule === undefined) throw new Error('needs Node 20.16 or newer')
  const require = nodeModule.createRequire(import.meta.url)
  const root = require.resolve('paretobandit/package.json').slice(0, -'package.json'.length)
  return checkAddon(loadFile(require, root + ADDON_FILE))
}

function loadFile(require: (id: string) => unknown, file: string): unknown {
  try {
    return require(file)
  } catch (cause) {
    const missing = (cause as { code?: unknown }).code === 'MODULE_NOT_FOUND'
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause)
    throw new Error(missing ? 'not built' : `broken build: ${reason}`, { cause })
  }
}

/** @throws Error when this is no addon of this version's interface */
export function checkAddon(addon: unknown): NativeAddon {
  const { interface: version, bind } = (addon ?? {}) as Partial<NativeAddon>
  if (version !== NATIVE_INTERFACE || typeof bind !== 'function') {
    throw new Error(`stale build: expected interface ${NATIVE_INTERFACE}, got ${String(version)}`)
  }
  return addon as NativeAddon
}
