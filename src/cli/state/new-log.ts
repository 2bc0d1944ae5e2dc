import { ParetoBanditError } from '../../base/errors.js'
import { createRouter } from '../../create-router.js'
import { type LogHeader, type OpenedLog, START, type Store } from '../../log/store.js'
import type { RouterOptions } from '../../policy/options.js'
import { ALIVE_MS } from '../../store/redis/lease-broker.js'
import { redisStore } from '../../store/redis/redis-store.js'
import { DirectLink } from '../../store/sqlite/direct-link.js'
import { sqliteStoreWith } from '../../store/sqlite/sqlite-store.js'
import { sqliteDriver } from './driver.js'
import { isRedis } from './log-file.js'
import { SETTINGS_NOTE, type Settings } from './settings.js'
import { noteUndrawnSpend } from './undrawn-spend.js'

/**
 * Makes a log that begins with a router's snapshot.
 * @returns what the log is called, without a password
 * @param place a file, or an address of Redis
 * @param options of that router, but for `settings`; a budget is the snapshot's, but for how much of it an account keeps
 * @param stream which log of that Redis. Default: that of `redisStore`
 * @throws STORE_MISMATCH where there is a log; what `restore`, `sqliteStore` and `redisStore` throw
 */
export async function beginLog(
  place: string,
  snapshot: Uint8Array,
  options: RouterOptions,
  settings: Settings,
  burst: number | null = null,
  stream?: string,
): Promise<string> {
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
  if (isRedis(place)) noteUndrawnSpend(router.confirmedState, Date.now())
  const bytes = router.snapshot()
  const store = isRedis(place)
    ? beginningWith(bytes, redisStore({ url: place, stream }))
    : sqliteStoreWith(place, { driver: sqliteDriver() }, { snapshot: bytes, linked: () => new DirectLink() })
  try {
    const kept = await createRouter({
      ...own,
      budget: usdPerRequest === null && burst === null ? null : budget(usdPerRequest),
      store,
    })
    if (kept.recovery?.isNew !== true) throw isThere(store)
    await store.writeNote?.(SETTINGS_NOTE, JSON.stringify(settings))
    await kept.close()
  } finally {
    await store.close()
  }
  return store.description
}

/**
 * A shared store whose new log has a snapshot at its end before anybody reads it. One that was begun and has nothing in it counts as new: it is
 * what a `restore` leaves that was killed, or had no room for its snapshot, and a gateway that began there would have spent nothing yet.
 */
function beginningWith(bytes: Uint8Array, store: Store): Store {
  const open = store.open.bind(store)
  return Object.assign(store, {
    hasOwnOptions: true,
    open: async (...args: Parameters<Store['open']>) => {
      const opened = await open(...args)
      if (!opened.isNew && !(await isLeft(store, opened, args[0]))) throw isThere(store)
      await store.writeSnapshot({ position: opened.end, bytes })
      return { ...opened, isNew: true }
    },
  })
}

/**
 * Whether a log has no event and no snapshot, and is as ours would be.
 * @throws STORE_MISMATCH where it may be another's: one that was killed gives signs of life for a while
 */
async function isLeft(store: Store, { header }: OpenedLog, ours: LogHeader): Promise<boolean> {
  if (JSON.stringify(header) !== JSON.stringify(ours)) return false
  for await (const _ of store.snapshots()) return false
  if ((await store.read(START, 0)).length > 0) return false
  if ((await store.leases?.processes()) === 1) return true
  const seconds = ALIVE_MS / 1000
  throw isThere(
    store,
    `; it has nothing in it yet, and another process was there less than ${seconds} s ago: if that was a restore that has been killed, try again in ${seconds} s`,
  )
}

function isThere({ description }: Store, more = ''): ParetoBanditError {
  return new ParetoBanditError('STORE_MISMATCH', description, `expected no log, there is one${more}`)
}
