import { ParetoBanditError } from '../../src/base/errors.js'
import type { Store } from '../../src/log/store.js'

interface Faults {
  read: () => Promise<void>
  write: (text: string) => Promise<void>
}

/** A store whose notes fail, wait or never come, as `faults` has it: each call waits for its fault first. */
export function faultyNotes<S extends Store>(store: S): { readonly store: S; readonly faults: Faults } {
  const read = store.readNote?.bind(store)
  const write = store.writeNote?.bind(store)
  const replace = store.replaceNote?.bind(store)
  const faults: Faults = { read: async () => {}, write: async () => {} }
  Object.assign(store, {
    readNote: async (name: string) => {
      await faults.read()
      return (await read?.(name)) ?? null
    },
    writeNote: async (name: string, text: string) => {
      await faults.write(text)
      await write?.(name, text)
    },
    replaceNote: async (name: string, before: string | null, text: string) => {
      await faults.write(text)
      return (await replace?.(name, before, text)) ?? false
    },
  })
  return { store, faults }
}

export const never = () => new Promise<void>(() => {})
export const failing = () =>
  Promise.reject(new ParetoBanditError('STORE_UNREACHABLE', 'notes', 'they are away'))
