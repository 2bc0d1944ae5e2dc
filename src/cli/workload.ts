import { basename } from 'node:path'
import { ParetoBanditError } from '../base/errors.js'
import type { Line } from '../base/json-lines.js'
import { defaultEncoder } from '../features/default-encoder.js'
import type { ModelSpec } from '../models/model.js'
import { OutcomeReader, type OutcomeRow } from '../replay/dataset.js'
import { modelIndex } from '../replay/scenarios.js'
import { simulateWorkload } from '../replay/simulate/workload.js'
import { buildTable, type OutcomeTable } from '../replay/table.js'
import { dataLines } from './chunks.js'
import { dataName, STANDARD_INPUT } from './files.js'
import { badFlag } from './flags.js'
import { readModelsFile } from './inputs.js'
import { repeatsText } from './repeats.js'

/** What is played: rows and models, from files or simulated. */
export interface Workload {
  readonly name: string
  readonly simulated: boolean
  /** Id of a model that is yet to come in every scenario but onboarding, or null. */
  readonly newcomer: string | null
  readonly models: readonly ModelSpec[]
  readonly rows: readonly OutcomeRow[]
  readonly trainRows: readonly OutcomeRow[] | null
  /** A line on rows that are measured and learned from; empty: there are few or no such. */
  readonly repeats: string
}

/** Where rows and models come from. */
interface WorkloadFlags {
  readonly data?: string
  readonly train?: string
  readonly models?: string
  readonly exclude?: readonly string[]
}

/**
 * Reads the files of the flags, or simulates a workload without `data`.
 * @throws FILE_UNREADABLE, DATA_INVALID, INVALID_ARGUMENT; UNKNOWN_MODEL for a model to exclude that is not there
 */
export async function loadWorkload(flags: WorkloadFlags): Promise<Workload> {
  if (flags.data === undefined) {
    const { models, rows } = simulateWorkload(defaultEncoder())
    const left = withoutExcluded(models, flags.exclude)
    const newcomer = models[models.length - 1].id
    return {
      name: 'a simulated workload',
      simulated: true,
      newcomer,
      models: left,
      rows,
      trainRows: null,
      repeats: '',
    }
  }
  const models = withoutExcluded(await readModelsFile(flags.models ?? ''), flags.exclude)
  const rows = await allOutcomes(flags.data)
  const trainRows = flags.train === undefined ? null : await allOutcomes(flags.train)
  const train = trainRows === null ? null : { file: dataName(flags.train ?? ''), rows: trainRows }
  const repeats = repeatsText(dataName(flags.data), rows, train)
  const name = flags.data === '-' ? STANDARD_INPUT : basename(flags.data)
  return { name, simulated: false, newcomer: null, models, rows, trainRows, repeats }
}

async function allOutcomes(path: string): Promise<OutcomeRow[]> {
  const rows: OutcomeRow[] = []
  for await (const row of readOutcomes(path)) rows.push(row)
  return rows
}

/** Recorded outcomes of a file, or of standard input where the path is `-`. @throws FILE_UNREADABLE, DATA_INVALID */
export async function* readOutcomes(path: string): AsyncGenerator<OutcomeRow> {
  const reader = new OutcomeReader(dataName(path))
  for await (const line of dataLines(path)) {
    checkIsNoDecision(line)
    yield reader.take(line)
  }
  reader.end()
}

/** Rows that were imported for something else. @throws DATA_INVALID */
function checkIsNoDecision({ text, place }: Line): void {
  if (/"outcomes"\s*:/.test(text) || !/"(model|type)"\s*:/.test(text)) return
  const message =
    "expected recorded outcomes, got a decision, which is for 'evaluate'; 'import-log' makes outcomes of a log (--for priors, --for replay)"
  throw new ParetoBanditError('DATA_INVALID', place, message)
}

function withoutExcluded(models: readonly ModelSpec[], excluded: readonly string[] | undefined): ModelSpec[] {
  const out = new Set((excluded ?? []).map((id) => modelIndex(id, models, '--exclude')))
  const left = models.filter((_, m) => !out.has(m))
  if (left.length === 0) throw badFlag('exclude', 'no model is left')
  return left
}

/** Rows as a table, with stored or newly encoded contexts. @throws DATA_INVALID */
export function tableOf(
  rows: readonly OutcomeRow[],
  models: readonly ModelSpec[],
  features: 'stored' | 'encode' | undefined,
  name: string,
): OutcomeTable {
  return buildTable(rows, models, features === 'encode' ? defaultEncoder() : null, name)
}
