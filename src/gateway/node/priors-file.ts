import { messageOf } from '../../base/errors.js'
import { readFileText } from '../../base/read-file.js'
import { createRouter, ParetoBanditError, type Priors } from '../../index.js'
import type { GatewayConfig } from '../config/config.js'
import { ConfigError } from '../config/config-error.js'
import { parseConfigText } from '../config/config-text.js'
import { modelSpec } from '../config/router-options.js'

/** Some 20 kB a model. */
const BYTES_MAX = 256 * 1024 * 1024

/**
 * The priors that a config names, read and checked against its models; null: it names none.
 * @param file the config's name and text: an error has the line that names the priors
 * @throws ConfigError for a file that cannot be read, holds no priors, or priors of none of its models or of another encoder
 */
export async function readPriors(
  config: GatewayConfig,
  file: { readonly name: string; readonly text: string },
): Promise<Priors | null> {
  const { priors: path, models, routing } = config
  if (path === null) return null
  try {
    const priors: Priors = JSON.parse(await readFileText(path, BYTES_MAX))
    // The engine is asked itself.
    const router = await createRouter<string>({
      models: models.map(modelSpec),
      ...(routing.policy === undefined ? {} : { policy: routing.policy }),
      kernel: 'js',
      priors,
    })
    await router.close()
    return priors
  } catch (error) {
    throw new ConfigError(file.name, [
      {
        path: ['priors'],
        message: messageFor(path, error),
        place: parseConfigText(file.text).placeOf(['priors']),
      },
    ])
  }
}

function messageFor(path: string, error: unknown): string {
  if (error instanceof SyntaxError)
    return `${path}: expected JSON, as 'paretobandit fit-priors' writes it: ${error.message}`
  if (error instanceof ParetoBanditError) return `${path}: ${error.message}`
  if (error instanceof RangeError) return `${path}: ${error.message}`
  return `cannot be read: ${messageOf(error)}`
}
