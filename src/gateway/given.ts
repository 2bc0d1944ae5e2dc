import { checkKeys, isRecord } from '../base/check.js'
import { ParetoBanditError } from '../index.js'
import { isBasePath } from './doors/base-path.js'

/** @throws INVALID_ARGUMENT */
export function must(isRight: boolean, field: string, what: string): void {
  if (!isRight) throw new ParetoBanditError('INVALID_ARGUMENT', field, `expected ${what}`)
}

/** @throws INVALID_ARGUMENT for what `readConfig` does not give */
export function checkConfig(config: unknown): void {
  const isConfig =
    isRecord(config) &&
    Array.isArray(config.models) &&
    Array.isArray(config.tenants) &&
    [config.rewards, config.routing].every(isRecord)
  must(isConfig, 'config', 'a config, as of readConfig')
}

/** @throws INVALID_ARGUMENT for options of `createGateway` without what it cannot do without; UNKNOWN_OPTION */
export function checkGatewayOptions(options: unknown, known: readonly string[]): void {
  const given = isRecord(options) ? options : {}
  const { config, router, surfaces, basePath = '' } = given
  must(isRecord(options), 'options', 'an object')
  checkKeys(given, known, '')
  checkConfig(config)
  must(isRecord(router) && typeof router.route === 'function', 'router', 'a router')
  must(typeof surfaces === 'function', 'surfaces', 'a function, as of clientSurfaces')
  must(isBasePath(basePath), 'basePath', 'a path such as /api/llm, without a slash at its end')
}
