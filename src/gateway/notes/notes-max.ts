import type { GatewayConfig } from '../config/config.js'
import type { NotesMax } from './notes.js'

/** No fewer decisions than may still get feedback. */
const DECISIONS_MIN = 100_000
/** More than the processes of one log collect at a time. */
const REWARDS_MAX = 1_000_000

/** How many notes a config wants kept. */
export function notesMax(config: () => GatewayConfig): NotesMax {
  return (kind) => {
    const { routing, sessions } = config()
    if (kind === 'rewards') return REWARDS_MAX
    return kind === 'sessions' ? sessions.sessionsMax : Math.max(DECISIONS_MIN, routing.pendingCapacity ?? 0)
  }
}
