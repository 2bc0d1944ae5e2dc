import { ParetoBanditError } from '../index.js'

/** Runs what reads an argument. @throws INVALID_ARGUMENT for an exception of the caller's code */
export function reading<T>(field: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof ParetoBanditError) throw cause
    const message = 'expected a value that can be read, got an exception'
    throw new ParetoBanditError('INVALID_ARGUMENT', field, message, { cause })
  }
}

/** @throws INVALID_ARGUMENT */
export function must(isRight: boolean, field: string, what: string): void {
  if (!isRight) throw new ParetoBanditError('INVALID_ARGUMENT', field, `expected ${what}`)
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

/** @throws INVALID_ARGUMENT for what `readConfig` does not give */
export function checkConfig(config: unknown): void {
  const isConfig =
    isObject(config) &&
    Array.isArray(config.models) &&
    Array.isArray(config.tenants) &&
    [config.rewards, config.routing].every(isObject)
  must(isConfig, 'config', 'a config, as of readConfig')
}

/** @throws INVALID_ARGUMENT for options of `createGateway` without what it cannot do without */
export function checkGatewayOptions(options: unknown): void {
  const { config, router, surfaces } = isObject(options) ? options : {}
  must(isObject(options), 'options', 'an object')
  checkConfig(config)
  must(isObject(router) && typeof router.route === 'function', 'router', 'a router')
  must(typeof surfaces === 'function', 'surfaces', 'a function, as of clientSurfaces')
}
