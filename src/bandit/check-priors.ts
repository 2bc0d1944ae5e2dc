import { checkAmount, checkInRange, checkInteger, checkRecord, DIMENSION_MAX, isText } from '../base/check.js'
import { expected, ParetoBanditError, show } from '../base/errors.js'
import { someOf } from '../base/format.js'
import { reading } from '../base/read-once.js'
import { type Priors, priorOf, type SettledPrior } from './priors.js'
import { checkStatistics, STATISTIC_MAX } from './statistics-check.js'

/**
 * Checks priors that were read from a file (JSON.parse'd).
 * @throws INVALID_ARGUMENT naming the field; also when a precision is not positive on its diagonal
 */
export function checkPriors(value: unknown, field = 'priors'): Priors {
  return reading(field, () => priorsIn(value, field))
}

/**
 * Checks that priors fit a router: priors of other models would warm up none of its own, and nobody would notice.
 * @param encoder name of the encoder in force, or null
 * @param ids of the models that the router begins with
 * @throws INVALID_ARGUMENT
 */
export function checkPriorsFit(priors: Priors, encoder: string | null, ids: readonly string[]): void {
  if (priors.encoder !== null && encoder !== null && priors.encoder !== encoder) {
    const message = `were fitted on contexts of encoder '${priors.encoder}', this router has '${encoder}'`
    throw new ParetoBanditError('INVALID_ARGUMENT', 'priors', message)
  }
  if (ids.length === 0 || ids.some((id) => priorOf(priors, id) !== null)) return
  const of = Object.keys(priors.models)
  const message = `expected one at least of ${someOf(ids)}, got ${of.length === 0 ? 'no model' : someOf(of)}`
  throw new ParetoBanditError('INVALID_ARGUMENT', 'priors.models', message)
}

function priorsIn(value: unknown, field: string): Priors {
  const record = checkRecord(value, field)
  if (record.format !== 'paretobandit-priors' || record.version !== 1) {
    const got = `${show(record.format)}, version ${show(record.version)}`
    const message = `expected "paretobandit-priors", version 1, got ${got}`
    throw new ParetoBanditError('INVALID_ARGUMENT', `${field}.format`, message)
  }
  const dimension = checkInteger(record.dimension, 1, DIMENSION_MAX, `${field}.dimension`)
  const encoder = record.encoder
  if (encoder !== null && !isText(encoder)) {
    throw expected('INVALID_ARGUMENT', `${field}.encoder`, 'a name or null', encoder)
  }
  const models = Object.entries(checkRecord(record.models, `${field}.models`)).map(([id, entry]) => {
    const at = `${field}.models[${JSON.stringify(id)}]`
    if (!isText(id)) throw expected('INVALID_ARGUMENT', at, 'an id without unpaired surrogates', id)
    const model = checkRecord(entry, at)
    const { precision, response } = checkStatistics(model, dimension, at)
    const rows = checkInteger(model.rows, 0, 2 ** 48, `${at}.rows`)
    const known = {
      rows,
      precision,
      response,
      ...(model.squares === undefined
        ? {}
        : { squares: checkInRange(model.squares, 0, STATISTIC_MAX, `${at}.squares`) }),
    }
    if (model.settled === undefined) return [id, known] as const
    return [id, { ...known, settled: checkSettled(model.settled, dimension, `${at}.settled`) }] as const
  })
  return {
    format: 'paretobandit-priors',
    version: 1,
    dimension,
    encoder,
    models: Object.fromEntries(models),
  }
}

function checkSettled(value: unknown, dimension: number, field: string): SettledPrior {
  const record = checkRecord(value, field)
  return {
    rows: checkInteger(record.rows, 0, 2 ** 48, `${field}.rows`),
    ...checkStatistics(record, dimension, field),
    squares: checkInRange(record.squares, 0, STATISTIC_MAX, `${field}.squares`),
    ...(record.inputTokens === undefined
      ? {}
      : { inputTokens: checkAmount(record.inputTokens, `${field}.inputTokens`) }),
  }
}
