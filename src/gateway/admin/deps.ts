import type { Router } from '../../index.js'
import type { LiveConfig, ReloadReport } from '../config/live-config.js'
import type { RecordStore } from '../keys/records.js'
import type { SharedRecords } from '../keys/shared-records.js'
import type { AdminPlace } from '../logs/wrong-admin-keys.js'
import type { RewardReport } from '../metrics/reward-metrics.js'
import type { Notes } from '../notes/notes.js'

/** What the admin API works on. */
export interface AdminDeps {
  readonly live: LiveConfig
  readonly router: Router<string>
  readonly records: RecordStore
  readonly shared: SharedRecords
  /** Where keys of adjustments are remembered. */
  readonly notes: Notes
  /** Milliseconds since 1970 UTC. */
  readonly now: () => number
  /** Reads the config again. Null where it is in no file. @throws ConfigError */
  readonly reload: (() => Promise<ReloadReport>) | null
  /** SHA-256 as hexadecimal. */
  readonly digest: (text: string) => string | Promise<string>
  /** What is known of rewards. Null: nothing is. */
  readonly rewardReport: (() => RewardReport) | null
  /** Called for every change, for the log: what was done to what. Never holds a key. */
  readonly onChange: (what: string) => void
  /** Called for what was set and most likely is a mistake, for the log. */
  readonly onDoubt: (what: string) => void
  /** Called for every request whose admin key is wrong. */
  readonly onWrongKey: (place: AdminPlace) => void
  /** Called with failures whose cause no caller may see. */
  readonly onError: (error: unknown) => void
  /** How long an answer waits for a change to be in the store, ms. */
  readonly durableMs: number
}

/**
 * Whether all that was changed so far is in the store, waiting for it.
 * @param usedMs what the change itself has waited
 * @param kept resolves when it is in the store; rejected: it will not be
 */
export async function isDurable(
  { router, durableMs }: AdminDeps,
  usedMs = 0,
  kept: Promise<unknown> = router.flush(),
): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined
  // A clock that was put back makes no wait longer.
  const leftMs = Math.max(0, durableMs - Math.max(0, usedMs))
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), leftMs)
  })
  try {
    return await Promise.race([
      kept.then(
        () => true,
        () => false,
      ),
      late,
    ])
  } finally {
    clearTimeout(timer)
  }
}
