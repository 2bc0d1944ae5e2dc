import { isRecord } from '../../base/check.js'
import { ConfigError } from './config-error.js'
import { parseConfigText } from './config-text.js'
import { readConfigText } from './read-config.js'
import { type Environment, type Reading, WRONG } from './shape.js'
import type { StoreConfig } from './store-config.js'
import { DEFAULT_STORE, store as storeShape } from './store-shape.js'

/**
 * Where a config keeps its state, for commands that work on it: of the secrets those of the store alone are needed.
 * @throws ConfigError with every mistake
 */
export async function readStoreConfig(text: string, name: string, env: Environment): Promise<StoreConfig> {
  await readConfigText(text, { name, env: null })
  const { value, placeOf } = parseConfigText(text)
  if (!isRecord(value) || value.store === undefined) return DEFAULT_STORE
  const reading: Reading = { env, mistakes: [] }
  const store = storeShape.read(value.store, ['store'], reading)
  if (store !== WRONG) return store
  throw new ConfigError(
    name,
    reading.mistakes.map((mistake) => ({ ...mistake, place: placeOf(mistake.path) })),
  )
}
