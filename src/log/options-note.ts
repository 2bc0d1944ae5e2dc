import { isRecord } from '../base/check.js'
import type { SaidOptions } from '../policy/option-item.js'
import type { Store } from './store.js'

/** Beside a log: what options said at the latest start or `noteOptions` that had them, as JSON {field: text}. */
const NOTE = 'options'

/** Of a path whose earlier text is not known: no option is written like it, so whatever options say of it is an edit. */
export const UNKNOWN = ''

/** @returns null where nothing is noted, or nothing that can be read */
export async function readOptionsNote(store: Store): Promise<SaidOptions> {
  const text = (await store.readNote?.(NOTE)) ?? null
  if (text === null) return null
  let note: unknown
  try {
    note = JSON.parse(text)
  } catch {
    return null
  }
  if (!isRecord(note)) return null
  const said = new Map<string, string>()
  for (const [field, value] of Object.entries(note)) if (typeof value === 'string') said.set(field, value)
  return said
}

export async function writeOptionsNote(store: Store, said: ReadonlyMap<string, string>): Promise<void> {
  await store.writeNote?.(NOTE, JSON.stringify(Object.fromEntries(said)))
}
