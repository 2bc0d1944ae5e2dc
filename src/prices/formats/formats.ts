import { ParetoBanditError, show } from '../../base/errors.js'
import type { ListFormat } from '../listed.js'
import { LITELLM } from './litellm.js'
import { MODELS_DEV } from './models-dev.js'
import { MODELS_FILE } from './models-file.js'
import { OPENROUTER } from './openrouter.js'

/** Names of formats. `paretobandit`: a models file, as the command line reads and writes it. */
export const PRICE_FORMATS = ['litellm', 'models.dev', 'openrouter', 'paretobandit'] as const
export type PriceFormat = (typeof PRICE_FORMATS)[number]

export const FORMATS: Readonly<Record<PriceFormat, ListFormat>> = {
  litellm: LITELLM,
  'models.dev': MODELS_DEV,
  openrouter: OPENROUTER,
  paretobandit: MODELS_FILE,
}

/**
 * The format of a list: the one that was given, if the list is in it, else the one that it is in.
 * @throws PRICES_INVALID
 */
export function formatOf(value: unknown, source: string, given: PriceFormat | undefined): PriceFormat {
  const found = PRICE_FORMATS.find((name) => FORMATS[name].is(value))
  if (given !== undefined && FORMATS[given].is(value)) return given
  if (given === undefined && found !== undefined) return found
  const wanted = given === undefined ? PRICE_FORMATS.map((name) => FORMATS[name].what) : [FORMATS[given].what]
  const shown = typeof value === 'string' ? 'a text' : show(value)
  const got = found === undefined ? shown : FORMATS[found].what
  throw new ParetoBanditError('PRICES_INVALID', '', `${source}: expected ${wanted.join(', or ')}, got ${got}`)
}
