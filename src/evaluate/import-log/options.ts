import {
  checkBoolean,
  checkEach,
  checkFinite,
  checkInRange,
  checkKeys,
  checkOneOf,
  checkRecord,
  checkString,
} from '../../base/check.js'
import { ParetoBanditError } from '../../base/errors.js'
import { readOnce, readRecordOnce } from '../../base/read-once.js'
import { defaultEncoder } from '../../features/default-encoder.js'
import type { Encoder } from '../../features/encoder.js'
import { isSyncEncoder } from '../../features/encoder.js'
import { checkGivenSpecs, type ModelSpec, type ResolvedModelSpec } from '../../models/model.js'
import { checkEncoder } from '../../router/resolve-options.js'
import { COLUMN_NAMES, type ColumnMap } from './columns.js'
import { FORMAT_NAMES, type FormatName } from './formats.js'
import { IMPORT_USES, type ImportUse } from './report.js'
import type { RewardSettings } from './scores.js'

/** How a log is read, and what its rows are for. */
export interface LogImportOptions {
  /**
   * What the rows are for. `priors`: one call a row, which `fitPriors` takes; needs a reward and a cost. `replay`: one prompt a
   * row, with an outcome of each of `models`; needs the same, and `models`. `evaluate`: one decision a row; needs neither, and
   * can say something of another policy only where the log has propensities. Default: `priors`.
   */
  readonly for?: ImportUse | undefined
  /** The format of every record. Default: `auto`, told by the names of a record's fields. */
  readonly format?: FormatName | undefined
  /**
   * The models that rows may be of, with their prices in USD per million tokens: calls of others are left out, and calls without
   * a cost are priced. Default: all models, none priced.
   */
  readonly models?: readonly ModelSpec[] | undefined
  /** What the log calls a model, and the id that it gets. Default: ids are the log's names. */
  readonly names?: Readonly<Record<string, string>> | undefined
  /**
   * Name of the score or of the field that is the reward, with dots for fields of fields; it is looked for in the scores that
   * were added, in those of the record, in its fields and in those of its `metadata`. Default: `reward`.
   */
  readonly reward?: string | undefined
  /** The least and the largest reward; rows get parts of this range, in [0, 1]. Default: [0, 1]. */
  readonly rewardRange?: readonly [low: number, high: number] | undefined
  /** What words that stand for rewards are worth, within the range. `true` and `false` are its ends. Default: none. */
  readonly rewardWords?: Readonly<Record<string, number>> | undefined
  /** Name of the field with the probability that the model was chosen with, in (0, 1]. Default: none has one. */
  readonly propensity?: string | undefined
  /** How the columns of format `columns` are called. Default: as they are called here, but `costUsd` for `cost`. */
  readonly columns?: ColumnMap | undefined
  /** Whether rows carry encoded contexts and no texts. Default: false. */
  readonly contextsOnly?: boolean | undefined
  /** What encodes prompts. Default: the encoder that routers have by default. */
  readonly encoder?: Encoder | undefined
}

export interface ImportSettings {
  readonly use: ImportUse
  readonly format: FormatName
  readonly models: ReadonlyMap<string, ResolvedModelSpec> | null
  readonly names: ReadonlyMap<string, string>
  readonly rewards: RewardSettings
  /** Whether somebody named the reward. */
  readonly hasNamedReward: boolean
  readonly propensity: string | null
  readonly columns: ColumnMap
  readonly contextsOnly: boolean
  readonly encoder: Encoder
}

const KEYS: readonly (keyof LogImportOptions)[] = [
  'for',
  'format',
  'models',
  'names',
  'reward',
  'rewardRange',
  'rewardWords',
  'propensity',
  'columns',
  'contextsOnly',
  'encoder',
]

/** @throws INVALID_ARGUMENT, UNKNOWN_OPTION, DUPLICATE_MODEL, UNKNOWN_MODEL naming the option */
export function readImportOptions(options: LogImportOptions): ImportSettings {
  const given = readRecordOnce(checkRecord(options, 'options'), 'options')
  checkKeys(given, KEYS, 'options')
  // An encoder is an object to call: it stays the caller's.
  const { encoder } = given
  const others = KEYS.filter((key) => key !== 'encoder')
  const plain = readOnce(Object.fromEntries(others.map((key) => [key, given[key]])), 'options')
  const use = plain.for === undefined ? 'priors' : checkOneOf(plain.for, IMPORT_USES, 'for')
  const specs = plain.models === undefined ? null : checkGivenSpecs(plain.models, 'models')
  if (use === 'replay' && (specs === null || specs.length === 0)) {
    throw new ParetoBanditError(
      'INVALID_ARGUMENT',
      'models',
      'expected the models that every row needs an outcome of, as rows are for replay',
    )
  }
  const models = specs === null ? null : new Map(specs.map((spec) => [spec.id, spec]))
  return {
    use,
    format: plain.format === undefined ? 'auto' : checkOneOf(plain.format, FORMAT_NAMES, 'format'),
    models,
    names: readNames(plain.names, models),
    rewards: readRewards(plain),
    hasNamedReward: plain.reward !== undefined,
    propensity: plain.propensity === undefined ? null : checkString(plain.propensity, 'propensity'),
    columns: readColumns(plain.columns),
    contextsOnly: plain.contextsOnly === undefined ? false : checkBoolean(plain.contextsOnly, 'contextsOnly'),
    encoder: encoder === undefined ? defaultEncoder() : readEncoder(encoder),
  }
}

function readEncoder(value: unknown): Encoder {
  const encoder = checkEncoder(value, 'encoder')
  if (isSyncEncoder(encoder)) return encoder
  throw new ParetoBanditError('ASYNC_ENCODER', 'encoder', `'${encoder.name}' has to wait`)
}

function readNames(value: unknown, models: ReadonlyMap<string, unknown> | null): Map<string, string> {
  const names = new Map<string, string>()
  if (value === undefined) return names
  for (const [name, id] of Object.entries(checkRecord(value, 'names'))) {
    const field = `names[${JSON.stringify(name)}]`
    checkString(id, field)
    if (models !== null && !models.has(String(id)))
      throw new ParetoBanditError(
        'UNKNOWN_MODEL',
        field,
        `expected one of ${[...models.keys()].join(', ')}, got '${id}'`,
      )
    names.set(name, String(id))
  }
  return names
}

function readRewards(given: Record<string, unknown>): RewardSettings {
  const name = given.reward === undefined ? 'reward' : checkString(given.reward, 'reward')
  let [low, high] = [0, 1]
  if (given.rewardRange !== undefined) {
    const ends = checkEach(given.rewardRange, 'rewardRange', (end, i) =>
      checkFinite(end, `rewardRange[${i}]`),
    )
    if (ends.length !== 2 || !(ends[0] < ends[1]))
      throw new ParetoBanditError(
        'INVALID_ARGUMENT',
        'rewardRange',
        `expected [low, high], got [${ends.join(', ')}]`,
      )
    ;[low, high] = ends
  }
  const words = new Map<string, number>()
  if (given.rewardWords !== undefined) {
    for (const [word, worth] of Object.entries(checkRecord(given.rewardWords, 'rewardWords')))
      words.set(word, checkInRange(worth, low, high, `rewardWords[${JSON.stringify(word)}]`))
  }
  return { name, low, high, words }
}

function readColumns(value: unknown): ColumnMap {
  if (value === undefined) return {}
  const columns = checkRecord(value, 'columns')
  checkKeys(columns, COLUMN_NAMES, 'columns')
  const names = COLUMN_NAMES.flatMap((column) =>
    columns[column] === undefined
      ? []
      : [[column, checkString(columns[column], `columns.${column}`)] as const],
  )
  return Object.fromEntries(names)
}
