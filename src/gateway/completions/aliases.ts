import type { GatewayConfig } from '../config/config.js'
import { isUnheardOf } from './mask.js'

type Names = Pick<GatewayConfig, 'aliases' | 'models'>

/** The alias of whatever else clients say. */
export const ANY = '*'

/** What a name of a client means in a config: `auto`, `auto:GROUP` or the id of a model; a name that nothing has is given back. */
export function meantBy(name: string, config: Names): string {
  const { aliases, models } = config
  // A model that was added at run time may be called as an alias is.
  if (Object.hasOwn(aliases, name) && name !== ANY && models.every(({ id }) => id !== name))
    return aliases[name]
  // A group that is not there is a mistake, which nobody is to pay for.
  const isAny = Object.hasOwn(aliases, ANY) && !name.startsWith('auto:') && isUnheardOf(name, config)
  return isAny ? aliases[ANY] : name
}
