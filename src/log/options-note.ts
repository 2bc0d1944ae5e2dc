import { isRecord } from '../base/check.js'
import { ParetoBanditError } from '../base/errors.js'
import type { SaidOptions } from '../policy/option-item.js'
import type { Store } from './store.js'

/** Beside a log: what options said at the latest start or `noteOptions` that had them, as JSON {field: text}. */
const NOTE = 'options'

/** Of a path whose earlier text is not known: no option is written like it, so whatever options say of it is an edit. */
export const UNKNOWN = ''

/** The same of a path that somebody is about to change and to say: this, and who. Earlier releases take it for a text that no option has. */
const CLAIMED = '?'

/** Among the fields of the note: how often it has been written. So no two texts are alike. Earlier releases keep it, as a field of no option. */
const WRITTEN = '#'

/** Others write at a start and a reload: whoever loses so often asks a store that takes nothing. */
export const TRIES_MAX = 100

/** The note as it stands there. */
export interface OptionsNote {
  readonly text: string | null
  /** How often it has been written. Zero where it is not there, or of an earlier release. */
  readonly written: number
  /** Null where nothing is noted, or nothing that can be read. */
  readonly said: SaidOptions
}

export async function readOptionsNote(store: Store): Promise<OptionsNote> {
  const text = (await store.readNote?.(NOTE)) ?? null
  const said = text === null ? null : textsIn(text)
  const written = Number(said?.get(WRITTEN) ?? 0)
  said?.delete(WRITTEN)
  return { text, written: Number.isSafeInteger(written) ? written : 0, said }
}

/**
 * What hangs and ends late changes nothing that was written meanwhile, though the options are said as they were.
 * @returns false: another has written since `before` was read, and nothing has changed. Stores that cannot tell write all the same
 */
export async function writeOptionsNote(
  store: Store,
  before: OptionsNote,
  said: ReadonlyMap<string, string>,
): Promise<boolean> {
  const text = JSON.stringify({ ...Object.fromEntries(said), [WRITTEN]: String(before.written + 1) })
  if (store.replaceNote !== undefined) return store.replaceNote(NOTE, before.text, text)
  await store.writeNote?.(NOTE, text)
  return true
}

/** Changes the note, however often others write at the same time. @param change null: there is nothing to write. @throws what the store throws */
export async function changeOptionsNote(
  store: Store,
  change: (said: SaidOptions) => ReadonlyMap<string, string> | null,
): Promise<void> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const note = await readOptionsNote(store)
    const said = change(note.said)
    if (said === null || (await writeOptionsNote(store, note, said))) return
  }
  throw new ParetoBanditError('STORE_UNREACHABLE', store.description, 'it takes no note of options')
}

/** What stands at a path that this process has claimed. */
export function claimedBy(origin: string): string {
  return `${CLAIMED}${origin}`
}

export function isClaimed(text: string): boolean {
  return text.startsWith(CLAIMED)
}

export function isUnknown(text: string): boolean {
  return text === UNKNOWN || isClaimed(text)
}

function textsIn(text: string): Map<string, string> | null {
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
