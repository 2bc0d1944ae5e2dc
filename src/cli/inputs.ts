import { checkPriors } from '../bandit/check-priors.js'
import type { Priors } from '../bandit/priors.js'
import { isRecord } from '../base/check.js'
import { show } from '../base/errors.js'
import { isPerToken, perTokenText } from '../base/price-unit.js'
import { checkModelSpecs, type ResolvedModelSpec, refusePerToken } from '../models/model.js'
import { CommandError } from './command-error.js'
import { readJsonFile } from './files.js'
import { printError } from './print.js'

/**
 * Reads a models file: `{"models": [{id, inputUsdPerMTok, outputUsdPerMTok}, ...]}`, or the array alone. A model may
 * also have the other prices of `ModelSpec`.
 * @throws FILE_UNREADABLE; INVALID_ARGUMENT, UNKNOWN_OPTION, DUPLICATE_MODEL naming file and field
 */
export async function readModelsFile(
  path: string,
  perToken: 'refuse' | 'warn' = 'refuse',
): Promise<ResolvedModelSpec[]> {
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
  const specs = checkModelSpecs(list, `${path}: models`)
  for (const [i, spec] of specs.entries()) {
    if (perToken === 'refuse') {
      refusePerToken(spec, `${path}: models[${i}]`)
      continue
    }
    warnOfUnits(path, `models[${i}]`, spec)
    for (const [t, tier] of (spec.tiers ?? []).entries()) warnOfUnits(path, `models[${i}].tiers[${t}]`, tier)
  }
  return specs
}

/** It says so, and goes on: `prices import` may be what mends the file. */
function warnOfUnits(path: string, where: string, prices: object): void {
  // One of them: those that are left out are as the others of their side.
  const low = Object.entries(prices).find(([name, usd]) => name.endsWith('UsdPerMTok') && isPerToken(usd))
  if (low === undefined) return
  const [name, usd] = low
  printError(
    `paretobandit: ${path}: ${where}.${name}: expected USD per million tokens, got ${perTokenText(usd)}; all costs are a millionth of the true ones otherwise\n`,
  )
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
