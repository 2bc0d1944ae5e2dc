import { readFile } from 'node:fs/promises'
import { textOfFile } from '../../base/utf8.js'
import type { Priors } from '../../index.js'
import type { GatewayConfig } from '../config/config.js'
import { ConfigError } from '../config/config-error.js'
import { readConfigText } from '../config/read-config.js'
import { readPriors } from './priors-file.js'

/** Where a config is, and what is taken in place of its own. */
export interface ConfigSource {
  /** Path of the config. */
  readonly file: string
  /** In place of the config's own. */
  readonly listen?: { readonly host?: string | undefined; readonly port?: number | undefined } | undefined
  readonly env: Readonly<Record<string, string | undefined>>
}

/** A config, and what is in the files that it names. */
export interface ConfigFiles {
  readonly config: GatewayConfig
  readonly priors: Priors | null
  /** The config's file as it was read. */
  readonly bytes: Uint8Array
}

/**
 * @param onBytes called with what the config's file has, mistakes or not
 * @throws ConfigError; what the system throws where the config itself cannot be read
 */
export async function readConfigFiles(
  { file, env, listen }: ConfigSource,
  onBytes: (bytes: Uint8Array) => void = () => {},
): Promise<ConfigFiles> {
  const bytes = await readFile(file)
  onBytes(bytes)
  const text = textOfFile(bytes, (message, place) => new ConfigError(file, [{ path: [], message, place }]))
  const config = await readConfigText(text, { name: file, env })
  const priors = await readPriors(config, { name: file, text })
  const { host = config.listen.host, port = config.listen.port } = listen ?? {}
  return { config: { ...config, listen: { host, port } }, priors, bytes }
}

/** @throws ConfigError, also for a file that cannot be read: an operator who reloads it hears why */
export async function readConfigAgain(
  source: ConfigSource,
  onBytes: (bytes: Uint8Array) => void,
): Promise<GatewayConfig> {
  try {
    return (await readConfigFiles(source, onBytes)).config
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error
    throw new ConfigError(source.file, [
      { path: [], message: `cannot be read: ${error.message}`, place: null },
    ])
  }
}
