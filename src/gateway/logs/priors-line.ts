import type { Priors } from '../../index.js'
import type { GatewayConfig } from '../config/config.js'
import { coldModels } from '../config/summary.js'
import type { WriteLine } from './request-log.js'

/** Ids in a line, at most. */
const IDS_MAX = 100

/** A line that says which models the priors know: an id that is misspelled starts cold, and nobody would notice. */
export function priorsLine(write: WriteLine, config: GatewayConfig, priors: Priors): void {
  const cold = coldModels(config, priors)
  const known = config.models.length - cold.length
  const found = { file: config.priors, known, cold: cold.slice(0, IDS_MAX) }
  write(cold.length === 0 ? 'info' : 'warn', found, 'models that are new to the log start with priors')
}
