import type { After } from '../../base/after.js'
import { type HeldStore, RewardCollector } from '../../rewards/parts.js'
import type { Notes } from '../notes/notes.js'
import type { SurfaceDeps } from '../surfaces.js'

/** What collects the rewards of a gateway: what it holds is noted where it outlives this process. */
export function collectorOf(
  { router, notes, live, now, onError, onReward }: SurfaceDeps,
  after: After,
  random: () => number,
): RewardCollector {
  return new RewardCollector({
    router,
    store: heldIn(notes),
    settings() {
      const { windowMs, weights, validators, judge } = live.current.rewards
      const calibrated = judge?.calibrate === true ? { source: 'judge', by: 'person' } : null
      return { windowMs, waitMs: validators.waitMs, weights, calibrated }
    },
    after,
    now,
    draw: () => random(),
    onError: (error) => onError(error, 'rewards that are held, or that a process left behind'),
    onReward,
  })
}

/** Notes of kind `rewards`. */
export function heldIn(notes: Notes): HeldStore {
  return {
    isShared: notes.isShared,
    put: (id, held) => notes.put('rewards', id, held),
    remove: (id) => notes.remove('rewards', id),
    entries: () => notes.entries('rewards'),
  }
}
