import { LatestMap } from '../../base/latest-map.js'
import type { Decision } from '../../policy/decision.js'

/** What is known of a conversation: its model, and its decisions that no reward has come for. */
interface RunSession {
  model: string
  readonly unrewarded: string[]
  at: number
}

/** Conversations that are remembered, the latest ones, for as long after their latest step. */
export const SESSIONS_MAX = 10_000
export const SESSION_TTL_MS = 3_600_000
/** Decisions of one conversation that get its reward, the latest. */
export const SESSION_DECISIONS_MAX = 256

/** Conversations whose steps go to one model, and share a reward. */
export class RunSessions {
  private readonly known = new LatestMap<string, RunSession>(SESSIONS_MAX)

  get size(): number {
    return this.known.size
  }

  /** The model of a conversation; null: it is new, or was forgotten. */
  modelOf(id: string, now: number): string | null {
    const session = this.known.get(id)
    if (session === undefined) return null
    if (now - session.at <= SESSION_TTL_MS) return session.model
    this.known.delete(id)
    return null
  }

  /** A step of it was answered. */
  answered(id: string, { id: decision, model }: Decision, now: number): void {
    const session = this.known.get(id) ?? { model, unrewarded: [], at: now }
    session.model = model
    session.at = now
    session.unrewarded.push(decision)
    if (session.unrewarded.length > SESSION_DECISIONS_MAX) session.unrewarded.shift()
    this.known.set(id, session)
  }

  /** Its decisions that no reward has come for; from now on none. */
  takeUnrewarded(id: string): string[] {
    return this.known.get(id)?.unrewarded.splice(0) ?? []
  }
}
