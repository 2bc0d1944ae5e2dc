import { ParetoBanditError } from '../../base/errors.js'
import { createRouter } from '../../create-router.js'
import type { RouterOptions } from '../../policy/options.js'
import { describeFile, sqliteStoreWith } from '../../store/sqlite/sqlite-store.js'
import { sqliteDriver } from './driver.js'
import { SETTINGS_NOTE, type Settings } from './settings.js'

/**
 * Makes a log that begins with a router's snapshot.
 * @param options of that router, but for `settings`; a budget is the snapshot's, but for how much of it an account keeps
 * @throws STORE_MISMATCH where there is a log; what `restore` and `sqliteStore` throw
 */
export async function beginLog(
  file: string,
  snapshot: Uint8Array,
  options: RouterOptions,
  settings: Settings,
  burst: number | null = null,
): Promise<void> {
  const { policy, mode, alpha, seed, epsilon } = settings
  const own = { ...options, policy, alpha, seed, epsilon }
  const budget = (usdPerRequest: number | null) => ({
    usdPerRequest,
    ...(mode === null ? {} : { mode }),
    ...(burst === null ? {} : { burst }),
  })
  const router = await createRouter({ ...own, budget: budget(1) })
  router.restore(snapshot)
  // Events of the new log are numbered from 1 on.
  const { origins } = router.confirmedState.ids
  for (const { name } of [...origins.records()]) origins.register(name).lastEvent = 0
  const { usdPerRequest } = router.stats().pacer
  const store = sqliteStoreWith(file, { driver: sqliteDriver() }, { snapshot: router.snapshot() })
  try {
    const kept = await createRouter({
      ...own,
      budget: usdPerRequest === null && burst === null ? null : budget(usdPerRequest),
      store,
    })
    if (kept.recovery?.isNew !== true)
      throw new ParetoBanditError('STORE_MISMATCH', describeFile(file), 'expected no log, there is one')
    await store.writeNote(SETTINGS_NOTE, JSON.stringify(settings))
    await kept.close()
  } finally {
    await store.close()
  }
}
