/** Of the addon's functions and the arena's map (layout.ts): an addon of another one is not used. See native/addon.cc. */
export const NATIVE_INTERFACE = 3

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
  // `update` and `rebuild` take the heads of the design matrix after the slot: 1 of rewards, 2 of settlements.
  project(): void
  combine(): void
  score(): void
  prune(): void
  argmax(): void
  update(): void
  rebuild(): void
  invertSystem(): void
}

export interface NativeAddon {
  readonly interface: number
  bind(buffer: ArrayBuffer, byteOffset: number, portable: boolean): NativeFunctions
}

/** What of Node's own modules is needed; browsers have none, so they are never imported. */
interface Modules {
  'node:module': { createRequire(from: string): { (id: string): unknown; resolve(id: string): string } }
  'node:fs': { statSync(file: string): { readonly size: number } }
}

function builtin<Name extends keyof Modules>(name: Name): Modules[Name] {
  const found = process.getBuiltinModule?.(name) as Modules[Name] | undefined
  if (found === undefined) throw new Error('needs Node 20.16 or newer')
  return found
}

/**
 * Loads the addon that `npm run build:native` has built.
 * @throws Error saying what is in the way
 */
export function loadAddon(): NativeAddon {
  const require = builtin('node:module').createRequire(import.meta.url)
  return loadAddonFile(
    require.resolve('paretobandit/package.json').slice(0, -'package.json'.length) + ADDON_FILE,
  )
}

/** @throws Error saying what is in the way */
export function loadAddonFile(file: string): NativeAddon {
  const require = builtin('node:module').createRequire(import.meta.url)
  let addon: unknown
  try {
    // Its length, written down when the build was complete: the system's loader would crash on half a file.
    const { bytes } = require(`${file}.json`) as { readonly bytes: number }
    const { size } = builtin('node:fs').statSync(file)
    if (size !== bytes) throw new Error(`expected ${bytes} bytes, got ${size}`)
    addon = require(file)
  } catch (cause) {
    const missing = /^(MODULE_NOT_FOUND|ENOENT)$/.test(String((cause as { code?: unknown }).code))
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause)
    throw new Error(missing ? 'not built' : `broken build: ${reason}`, { cause })
  }
  return checkAddon(addon)
}

/** @throws Error when this is no addon of this version's interface */
export function checkAddon(addon: unknown): NativeAddon {
  const { interface: version, bind } = (addon ?? {}) as Partial<NativeAddon>
  if (version !== NATIVE_INTERFACE || typeof bind !== 'function') {
    throw new Error(`stale build: expected interface ${NATIVE_INTERFACE}, got ${String(version)}`)
  }
  return addon as NativeAddon
}
