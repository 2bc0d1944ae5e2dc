import { isRecord } from '../../base/check.js'
import type { HeaderReader } from '../doors/client-request.js'
import { fieldsOf, type RequestRecord } from '../logs/request-record.js'
import type { Notes } from '../notes/notes.js'
import { RequestError } from '../protocols/adapter.js'
import { ownerOf } from '../sessions/sessions.js'

/** Whose a decision is, and how its request ended. */
export interface KnownDecision {
  /** The tenant's, or the key's where it has none. */
  readonly owner: string
  /** Null: it is under way, or another try of its request ended it. */
  readonly record: object | null
}

/** What a client calls an answer itself, where it keeps nothing of the answer's headers. */
export const FEEDBACK_ID = 'x-paretobandit-feedback-id'
/** Feedback takes no longer one. */
const NAME_CHARS_MAX = 256
const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * What a client calls its request; null: nothing.
 * @throws RequestError for a name that no feedback could have
 */
export function givenName(headers: HeaderReader): string | null {
  const given = headers.get(FEEDBACK_ID) ?? ''
  if (given === '') return null
  const name = utf8In(given).trim()
  if (name.length > NAME_CHARS_MAX)
    throw new RequestError(
      `${FEEDBACK_ID}: expected at most ${NAME_CHARS_MAX} characters, got ${name.length}`,
    )
  return name === '' ? null : name
}

/** Headers are read a character a byte; clients write UTF-8, as in the body of their feedback. Other bytes stay as they are. */
function utf8In(header: string): string {
  if (!/[\x80-\xff]/.test(header) || /[^\0-\xff]/.test(header)) return header
  try {
    return UTF_8.decode(Uint8Array.from(header, (char) => char.charCodeAt(0)))
  } catch {
    return header
  }
}

/** What is said first of a decision, and what is said last. */
const MADE = 0
const ENDED = 1

/** The latest decisions, of all processes that share notes. */
export class Decisions {
  private readonly notes: Notes

  constructor(notes: Notes) {
    this.notes = notes
  }

  /**
   * A request is on its way, once for each of its tries.
   * @param name what its client calls it, as `givenName` has it
   * @param now ms since 1970 UTC: of a name the latest counts, in whatever order processes write
   */
  made(id: string, owner: string, name: string | null, now: number): void {
    void this.notes.put('decisions', id, { owner, record: null, at: MADE })
    if (name !== null) void this.notes.put('names', ownName(owner, name), { decision: id, at: now })
  }

  /** A request that was routed is over. */
  ended(record: RequestRecord): void {
    const { decision, key, tenant } = record
    if (decision === null || key === null) return
    const owner = ownerOf({ id: key.id, tenant })
    void this.notes.put('decisions', decision, {
      owner,
      record: fieldsOf(record, record.at, key),
      at: ENDED,
    })
  }

  /**
   * What the latest request of an owner was decided by that it has called so, without the blanks around it. Another's names are never found.
   * @returns null: unknown or too old. @throws (the promise is rejected) while the notes are away
   */
  async called(name: string, owner: string): Promise<string | null> {
    const note = await this.notes.get('names', ownName(owner, name.trim()))
    return note !== null && 'decision' in note && typeof note.decision === 'string' ? note.decision : null
  }

  /** @returns null: unknown or too old. @throws (the promise is rejected) while the notes are away */
  async of(id: string): Promise<KnownDecision | null> {
    const note = await this.notes.get('decisions', id)
    if (note === null || !('owner' in note) || typeof note.owner !== 'string') return null
    const record = 'record' in note && isRecord(note.record) ? note.record : null
    return { owner: note.owner, record }
  }
}

function ownName(owner: string, name: string): string {
  return `${owner}\n${name}`
}
