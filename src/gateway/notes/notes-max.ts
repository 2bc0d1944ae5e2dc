import type { GatewayConfig } from '../config/config.js'
import type { NotesMax } from './notes.js'

/** No fewer decisions than may still get feedback. */
const DECISIONS_MIN = 100_000

/** How many notes a config wants kept. */
export function notesMax(config: () => GatewayConfig): NotesMax {
  return (kind) => {
    const { routing, sessions } = config()
    return kind === 'sessions' ? sessions.sessionsMax : Math.max(DECISIONS_MIN, routing.pendingCapacity ?? 0)
  }
}
