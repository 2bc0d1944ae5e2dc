import { LatestMap } from '../../base/latest-map.js'
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
  return isAnyOther(name, config) ? aliases[ANY] : name
}

function isAnyOther(name: string, config: Names): boolean {
  // A group that is not there is a mistake, which nobody is to pay for.
  return Object.hasOwn(config.aliases, ANY) && !name.startsWith('auto:') && isUnheardOf(name, config)
}

const NAMES_MAX = 1000
/** No model has a longer id. */
const NAME_CHARS_MAX = 200

/** Which names another process may have made models or groups of, before this one has heard of it. */
export class NewNames {
  /** What was looked for once: from then on what all processes exchange is soon enough, and nobody waits for each request of a name. */
  private readonly sought = new LatestMap<string, true>(NAMES_MAX)

  /** Whether to look for it before anything is said of it. One that `*` stands for is looked for when it is first heard. */
  isWorthALook(name: string, config: Names): boolean {
    if (isUnheardOf(meantBy(name, config), config)) return true
    const isNew =
      !Object.hasOwn(config.aliases, name) &&
      isAnyOther(name, config) &&
      name.length <= NAME_CHARS_MAX &&
      !this.sought.has(name)
    if (isNew) this.sought.set(name, true)
    return isNew
  }
}
