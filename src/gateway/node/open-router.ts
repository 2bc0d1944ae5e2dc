import {
  createRouter,
  type JournalSettings,
  type Priors,
  type Router,
  type RouterOptions,
  type Store,
} from '../../index.js'
import type { GatewayConfig } from '../config/config.js'
import { routerOptionsOf } from '../config/router-options.js'
import type { StoreConfig } from '../config/store-config.js'

/** The store of a config; null: nothing is kept. */
async function storeOf(store: StoreConfig): Promise<Store | null> {
  if (store.kind === 'memory') return null
  if (store.kind === 'sqlite') return (await import('../../store/sqlite/index.js')).sqliteStore(store.file)
  const { redisStore } = await import('../../store/redis/index.js')
  const { url, prefix, timeoutMs, waitReplicas } = store
  return redisStore({ url: url.reveal(), stream: prefix, timeoutMs, waitReplicas })
}

/**
 * The router of a config on its store, when its log has been read.
 * @param hears of its journal
 * @param priors for models that are new to the log
 */
export async function openRouter(
  config: GatewayConfig,
  hears: Pick<JournalSettings, 'onStoreError' | 'onStoreBack' | 'onWarning' | 'onOthersChange'>,
  priors: Priors | null = null,
): Promise<Router<string>> {
  const store = await storeOf(config.store)
  const options: RouterOptions = { ...routerOptionsOf(config), ...(priors === null ? {} : { priors }) }
  if (store === null) return createRouter<string>(options)
  const localShare = config.store.kind === 'redis' ? config.store.localShare : 0
  return createRouter<string>({ ...options, store, journal: { ...hears, localShare } })
}
