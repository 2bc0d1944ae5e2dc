import { checkKeys, isRecord } from '../../base/check.js'
import { reading } from '../../base/read-once.js'
import { clientSurfaces } from '../client-surfaces.js'
import type { Environment } from '../config/shape.js'
import { isBasePath } from '../doors/base-path.js'
import type { Gateway } from '../gateway.js'
import { must } from '../given.js'
import type { WriteLine } from '../logs/request-log.js'
import type { MakeSurfaces } from '../surfaces.js'
import { assembled } from './assembled.js'
import { readConfigAgain, readConfigFiles } from './config-file.js'

export interface OpenGatewayOptions {
  /** Path of the config, YAML or JSON. Its `listen` and `logging.level` are nobody's here: the server is yours. */
  readonly file: string
  /** Where it is mounted: `/api/llm`, as of `createGateway`. Default: '', nowhere below. */
  readonly basePath?: string | undefined
  /** What `$NAME` in the config is taken from. Default: `process.env`. */
  readonly env?: Environment | undefined
  /** Where log lines go, of all levels. Default: nowhere. */
  readonly write?: WriteLine | undefined
  /** What answers clients. Default: `clientSurfaces()`. */
  readonly surfaces?: MakeSurfaces | undefined
}

/**
 * The gateway of a config's file, for a server of your own: on the store that the file names, with its keys, priors, and what is
 * remembered of decisions, as `paretobandit serve` has it. `close` before the process ends, or the last events may not be kept.
 * @throws (the promise is rejected with) INVALID_ARGUMENT, UNKNOWN_OPTION; ConfigError with every mistake of the file; what the system throws where it cannot be
 *   read; what keeps the router from its store (STORE_LOCKED where another process, or this one, has it open)
 */
export async function openGateway(options: OpenGatewayOptions): Promise<Gateway> {
  const { file, env, basePath, write, surfaces } = reading('options', () => checked(options))
  const source = { file, env }
  const files = await readConfigFiles(source)
  return assembled({ files, write, surfaces, basePath, readAgain: () => readConfigAgain(source, () => {}) })
}

const KEYS: readonly (keyof OpenGatewayOptions)[] = ['file', 'basePath', 'env', 'write', 'surfaces']

/** @throws INVALID_ARGUMENT; UNKNOWN_OPTION */
function checked(options: OpenGatewayOptions) {
  must(isRecord(options), 'options', 'an object')
  checkKeys(options, KEYS, '')
  const { file, basePath = '', env = process.env, write = () => {}, surfaces = clientSurfaces() } = options
  must(typeof file === 'string' && file !== '', 'file', 'the path of a config')
  must(isBasePath(basePath), 'basePath', 'a path such as /api/llm, without a slash at its end')
  must(isRecord(env), 'env', 'an object of texts')
  must(typeof write === 'function', 'write', 'a function')
  must(typeof surfaces === 'function', 'surfaces', 'a function, as of clientSurfaces')
  return { file, basePath, env, write, surfaces }
}
