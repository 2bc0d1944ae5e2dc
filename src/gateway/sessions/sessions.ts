import { type Json, objectOf } from '../../base/json.js'
import { textHash } from '../../base/text-hash.js'
import type { HeaderReader } from '../doors/client-request.js'
import type { ClientKey } from '../keys/keyring.js'
import type { Notes } from '../notes/notes.js'
import type { Asked } from '../protocols/adapter.js'

/** Longer names are cut: they are kept for as long as a conversation. */
const NAME_CHARS_MAX = 256
/** So much of the beginning and of the end of each text that a conversation begins with tells it from others. */
const OPENING_CHARS_MAX = 4096

/** A conversation, by what it may be found again. */
export interface Session {
  /** As the client calls it, for the log; null: it does not. */
  readonly shown: string | null
  readonly owner: string
  /** What its model may be noted under: what tells it best from others comes first. */
  readonly names: readonly string[]
}

/**
 * What a conversation is called: by what its provider keeps of it, by header, by the body, or by how it begins. Several may have one name: those of
 * a user, or of an agent and those that it starts. How each begins tells them apart; the name alone counts for one whose beginning was cut off.
 * Names are of the key's tenant, or of the key where it has none, so nobody can reach into another's.
 */
export function sessionOf(headers: HeaderReader, asked: Asked, key: ClientKey): Session {
  const named =
    headers.get('x-session-id') || headers.get('x-claude-code-session-id') || asked.session || null
  const owner = ownerOf(key)
  const shown = named?.slice(0, NAME_CHARS_MAX) ?? null
  const names: string[] = []
  if (asked.keptAs !== null) names.push(keptName(owner, asked.keptAs))
  // What is said after a conversation that stands elsewhere is not how it began.
  else if (shown === null) names.push(`${owner}\n#${openingOf(asked)}`)
  else names.push(`${owner}\n${shown}\n#${firstOf(asked)}`)
  if (shown !== null) names.push(`${owner}\n${shown}`)
  return { shown, owner, names }
}

function keptName(owner: string, id: string): string {
  return `${owner}\n@${id.slice(0, NAME_CHARS_MAX)}`
}

/** Whose conversations and decisions are whose. */
export function ownerOf({ id, tenant }: Pick<ClientKey, 'id' | 'tenant'>): string {
  return tenant === null ? `key:${id}` : `tenant:${tenant}`
}

/** Of the instructions and the first thing that was said: these stay while a conversation grows. */
function openingOf({ prompt }: Asked): string {
  const first = prompt.findIndex(({ role }) => role === 'user')
  const opening = prompt.slice(0, first + 1)
  return textHash(opening.map(({ role, content }) => `${role}:${endsOf(content)}`).join('\n'))
}

/** Of that alone: clients that name their conversations may write something else into the instructions each time. */
function firstOf({ prompt }: Asked): string {
  return textHash(endsOf(prompt.find(({ role }) => role === 'user')?.content ?? ''))
}

/** Texts of one template begin alike. */
function endsOf(text: string): string {
  if (text.length <= 2 * OPENING_CHARS_MAX) return text
  return `${text.slice(0, OPENING_CHARS_MAX)}${text.length}${text.slice(-OPENING_CHARS_MAX)}`
}

/** Who answered a conversation last. */
export interface Answerer {
  readonly model: string
  /** Whose account keeps what the provider keeps of it; null: that was not noted. */
  readonly upstream: string | null
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
  async answererOf({ names }: Session, ttlMs: number): Promise<Answerer | null> {
    for (const name of names) {
      const note: Json | null = objectOf(await this.notes.get('sessions', name))
      const { model, upstream = null, at } = note ?? {}
      if (typeof model !== 'string' || typeof at !== 'number' || this.now() - at > ttlMs) continue
      return { model, upstream: typeof upstream === 'string' ? upstream : null }
    }
    return null
  }

  /**
   * @param keptAs what the provider keeps the answer as; null: it does not
   * @returns resolves when all processes know, or cannot be told for now
   */
  async answered(
    { owner, names }: Session,
    { model, upstream }: Answerer,
    keptAs: string | null,
  ): Promise<void> {
    const note = { model, upstream, at: this.now() }
    const all = keptAs === null ? names : [...names, keptName(owner, keptAs)]
    await Promise.all(all.map((name) => this.notes.put('sessions', name, note)))
  }
}
