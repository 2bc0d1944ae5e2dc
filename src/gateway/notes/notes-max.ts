import type { GatewayConfig } from '../config/config.js'
import type { NotesMax } from './notes.js'

/** No fewer decisions than may still get feedback, as many names of theirs, and keys of adjustments. */
export const NOTES_KEPT = 100_000
/** More than the processes of one log collect at a time. */
const REWARDS_MAX = 1_000_000

/** How many notes a config wants kept. */
export function notesMax(config: () => GatewayConfig): NotesMax {
  return (kind) => {
    const { routing, sessions } = config()
    if (kind === 'rewards') return REWARDS_MAX
    if (kind === 'adjustments') return NOTES_KEPT
    return kind === 'sessions' ? sessions.sessionsMax : Math.max(NOTES_KEPT, routing.pendingCapacity ?? 0)
  }
}
