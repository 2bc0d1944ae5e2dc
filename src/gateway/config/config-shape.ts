import { aliases } from './alias-shape.js'
import { allDefaults, list, object, optional, orNull, required, withDefault } from './compound-shapes.js'
import {
  type GatewayConfig,
  type ListenConfig,
  LOG_LEVELS,
  type LoggingConfig,
  type MetricsConfig,
} from './config.js'
import { budget, caps, routing, tenant } from './engine-shapes.js'
import { jsonDefinitions } from './json-shape.js'
import type { KeyStoreConfig } from './key-config.js'
import { admin, type FileAdmin, type FileKey, key } from './key-shapes.js'
import { limits, requests, retries, sessions, timeouts } from './limit-shapes.js'
import { model } from './model-shape.js'
import { priceList } from './price-list-shape.js'
import { rewards } from './reward-shapes.js'
import { integerIn, oneOf, text, textLike, yesOrNo } from './scalar-shapes.js'
import type { JsonSchema, Shape } from './shape.js'
import { DEFAULT_STORE, store } from './store-shape.js'
import { upstream } from './upstream-shape.js'
import { HOUR_MS, MINUTE_MS, milliseconds } from './words.js'

/** A config as a file has it, defaults filled in; `$schema` is for editors. */
export interface ConfigFile extends Omit<GatewayConfig, 'keys' | 'admin'> {
  readonly $schema?: string
  readonly keys: readonly FileKey[]
  readonly admin: FileAdmin
}

const MIB = 1024 * 1024

/** All of a config file. */
export const configFile: Shape<ConfigFile> = object<ConfigFile>({
  $schema: optional(text(2000), 'where editors find the schema'),
  listen: allDefaults(
    object<ListenConfig>({
      host: withDefault(
        textLike('^[A-Za-z0-9._:-]{1,253}$', 'an address or a name of this machine'),
        '127.0.0.1',
        '0.0.0.0 in a container',
      ),
      port: withDefault(integerIn(0, 65_535), 8787, '0 takes a free one'),
    }),
    'where clients reach the gateway',
  ),
  store: withDefault(store, DEFAULT_STORE, 'where everything is kept'),
  budget: withDefault(orNull(budget), null, 'null: none'),
  caps: withDefault(caps, [], 'dollars that all together may spend in a period'),
  routing: allDefaults(routing, 'how the engine decides'),
  priors: withDefault(
    orNull(text(4096)),
    null,
    "path of warm-up priors, as of 'paretobandit fit-priors': models that are new start with them; null: cold",
  ),
  upstreams: required(list(upstream, 1000, 1), 'providers, and servers of your own'),
  models: required(list(model, 10_000, 1), 'what requests may go to'),
  aliases: withDefault(
    aliases,
    {},
    "names that clients know, and what each means: 'auto', 'auto:GROUP' or the id of a model; '*': any other name",
  ),
  prices: withDefault(orNull(priceList), null, 'a public price list that prices are taken from; null: none'),
  tenants: withDefault(list(tenant, 100_000), [], 'who pays: teams or customers'),
  keys: withDefault(
    list(key, 100_000),
    [],
    "client keys; 'paretobandit keys create' makes others at run time",
  ),
  keyStore: allDefaults(
    object<KeyStoreConfig>({
      refreshMs: withDefault(
        milliseconds(100, HOUR_MS),
        1000,
        'how soon keys that others revoke are refused here',
      ),
      staleMs: withDefault(
        milliseconds(1000),
        MINUTE_MS,
        'how long keys are taken while their store is away',
      ),
    }),
    'how keys that are made at run time are kept',
  ),
  admin: allDefaults(admin, 'the key of the admin API; left out: no admin API'),
  limits: allDefaults(limits, 'what requests may ask of the gateway'),
  requests: allDefaults(requests, 'what clients may say'),
  timeouts: allDefaults(timeouts, 'in milliseconds'),
  retries: allDefaults(retries, 'when a model fails'),
  sessions: allDefaults(sessions, 'conversations'),
  rewards: allDefaults(rewards, 'how answers are rated'),
  logging: allDefaults(
    object<LoggingConfig>({
      level: withDefault(oneOf(LOG_LEVELS), 'info', 'info: a line a request'),
      content: withDefault(yesOrNo, false, 'whether prompts and answers are logged'),
      contentBytesMax: withDefault(integerIn(1, MIB), 4096, 'of each prompt and answer'),
    }),
    'one JSON line a request',
  ),
  metrics: allDefaults(
    object<MetricsConfig>({
      open: withDefault(yesOrNo, false, 'whether /metrics is there without the admin key'),
    }),
    '/metrics for Prometheus',
  ),
})

/** For editors: `# yaml-language-server: $schema=...`. */
export function configSchema(): JsonSchema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Config of the paretobandit gateway',
    ...configFile.schema,
    definitions: jsonDefinitions,
  }
}
