import { textHash } from '../../base/text-hash.js'
import type { HeaderReader } from '../doors/client-request.js'
import type { ClientKey } from '../keys/keyring.js'
import type { Notes } from '../notes/notes.js'
import type { Asked } from '../protocols/adapter.js'

/** Longer names are cut: they are kept for as long as a conversation. */
const NAME_CHARS_MAX = 256
/** So much of a conversation's beginning tells it from others. */
const OPENING_CHARS_MAX = 4096

/**
 * What a conversation is called: by header, by the body, or by how it begins. Names are of the key's tenant, or of the key
 * where it has none, so nobody can reach into another's.
 */
export function sessionOf(
  headers: HeaderReader,
  asked: Asked,
  key: ClientKey,
): { id: string; shown: string | null } {
  const named =
    headers.get('x-session-id') || headers.get('x-claude-code-session-id') || asked.session || null
  const owner = ownerOf(key)
  if (named !== null) {
    const shown = named.slice(0, NAME_CHARS_MAX)
    return { id: `${owner}\n${shown}`, shown }
  }
  return { id: `${owner}\n#${fingerprint(asked)}`, shown: null }
}

/** Whose conversations and decisions are whose. */
export function ownerOf({ id, tenant }: Pick<ClientKey, 'id' | 'tenant'>): string {
  return tenant === null ? `key:${id}` : `tenant:${tenant}`
}

/** Of the instructions and the first thing that was said: these stay while a conversation grows. */
function fingerprint({ prompt }: Asked): string {
  const first = prompt.findIndex(({ role }) => role === 'user')
  const opening = prompt.slice(0, first + 1)
  return textHash(
    opening.map(({ role, content }) => `${role}:${content.slice(0, OPENING_CHARS_MAX)}`).join('\n'),
  )
}

/** Which model answered a conversation last, in whatever process. The oldest is forgotten first. */
export class Sessions {
  private readonly notes: Notes
  private readonly now: () => number

  constructor(notes: Notes, now: () => number) {
    this.notes = notes
    this.now = now
  }

  /** @returns null: it is new, or was forgotten. @throws (the promise is rejected) while the notes are away */
  async modelOf(id: string, ttlMs: number): Promise<string | null> {
    const note = await this.notes.get('sessions', id)
    if (note === null || !('model' in note) || !('at' in note)) return null
    const { model, at } = note
    if (typeof model !== 'string' || typeof at !== 'number') return null
    return this.now() - at <= ttlMs ? model : null
  }

  /** @returns whether all processes know; false: they cannot be told for now */
  answered(id: string, model: string): Promise<boolean> {
    return this.notes.put('sessions', id, { model, at: this.now() })
  }
}
