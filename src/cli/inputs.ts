import { checkPriors } from '../bandit/check-priors.js'
import type { Priors } from '../bandit/priors.js'
import { isRecord } from '../base/check.js'
import { show } from '../base/errors.js'
import { checkModelSpecs, type ResolvedModelSpec } from '../models/model.js'
import { CommandError } from './command-error.js'
import { readJsonFile } from './files.js'

/**
 * Reads a models file: `{"models": [{id, inputUsdPerMTok, outputUsdPerMTok}, ...]}`, or the array alone. A model may
 * also have the other prices of `ModelSpec`.
 * @throws FILE_UNREADABLE; INVALID_ARGUMENT, UNKNOWN_OPTION, DUPLICATE_MODEL naming file and field
 */
export async function readModelsFile(path: string): Promise<ResolvedModelSpec[]> {
  const value = await readJsonFile(path)
  const list = isRecord(value) ? value.models : value
  if (!Array.isArray(list)) {
    // A text may be of another file than was meant, with secrets in it.
    const shown = (got: unknown) => (typeof got === 'string' ? 'a text' : show(got))
    const got = isRecord(value) && list !== undefined ? `models: ${shown(list)}` : shown(value)
    throw new CommandError(
      'FILE_UNREADABLE',
      `${path}: expected {"models": [...]} or an array of models, got ${got}`,
    )
  }
  if (list.length === 0)
    throw new CommandError('FILE_UNREADABLE', `${path}: models: expected at least one, got none`)
  return checkModelSpecs(list, `${path}: models`)
}

/**
 * Reads warm-up priors as `fitPriors` makes them.
 * @throws FILE_UNREADABLE; INVALID_ARGUMENT naming file and field
 */
export async function readPriorsFile(path: string): Promise<Priors> {
  const value = await readJsonFile(path)
  if (typeof value === 'string')
    throw new CommandError('FILE_UNREADABLE', `${path}: expected priors as fitPriors makes them, got a text`)
  return checkPriors(value, `${path}: priors`)
}
