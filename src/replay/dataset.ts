import { AMOUNT_MAX, CONTEXT_ENTRY_MAX, checkString, DIMENSION_MAX, isRecord, isText } from '../base/check.js'
import { expected, ParetoBanditError, show } from '../base/errors.js'
import { jsonLines, jsonOfLine, type Line } from '../base/json-lines.js'

/** What one model did with one prompt. */
export interface Outcome {
  /** Judged quality in [0, 1]. */
  readonly reward: number
  /** Realised cost, USD, in [0, 1e12]. */
  readonly costUsd: number
}

/** One prompt with the recorded outcomes of several models. */
export interface OutcomeRow {
  readonly id: string
  /** Where the prompt comes from (a benchmark, a topic); empty when unknown. */
  readonly source: string
  readonly prompt: string
  /** Context vector, bias included, or null when the row has none and the prompt has to be encoded. */
  readonly features: readonly number[] | null
  /** Name of the encoder that made the features, where the row says so. */
  readonly encoder?: string
  readonly outcomes: Readonly<Record<string, Outcome>>
}

/**
 * Reads recorded outcomes: one JSON object a line, `{id, source, prompt, features, encoder, outcomes: {modelId: {reward,
 * costUsd}}}`; `source`, `features` and `encoder` may be absent, further fields are ignored, empty lines skipped.
 * @param text contents of the file
 * @param name how errors call the file
 * @throws DATA_INVALID naming `file:line`, what was expected and what came
 */
export function parseOutcomes(text: string, name: string): OutcomeRow[] {
  if (typeof text !== 'string') throw expected('INVALID_ARGUMENT', 'text', 'a string', text)
  checkString(name, 'name')
  const reader = new OutcomeReader(name)
  const rows: OutcomeRow[] = []
  for (const line of jsonLines(text, name)) rows.push(reader.take(line))
  reader.end()
  return rows
}

/** `parseOutcomes`, line by line. */
export class OutcomeReader {
  private readonly name: string
  private isEmpty = true
  private featureCount = -1

  constructor(name: string) {
    this.name = name
  }

  /** @throws DATA_INVALID naming `file:line` */
  take({ text, place }: Line): OutcomeRow {
    const row = parseRow(text, place)
    this.isEmpty = false
    if (row.features === null) return row
    if (this.featureCount < 0) this.featureCount = row.features.length
    if (row.features.length !== this.featureCount) {
      const what = `features: expected ${this.featureCount} numbers as in the rows before`
      throw broken(place, `${what}, got ${row.features.length}`)
    }
    return row
  }

  /** @throws DATA_INVALID where no line came */
  end(): void {
    if (this.isEmpty) throw broken(this.name, 'expected one JSON object a line, got an empty file')
  }
}

function parseRow(line: string, place: string): OutcomeRow {
  const value = jsonOfLine(line, place)
  const { id, source, prompt, features, encoder, outcomes } = value
  if (typeof id !== 'string' || id === '')
    throw broken(place, `id: expected a non-empty string, got ${show(id)}`)
  if (typeof prompt !== 'string') throw broken(place, `prompt: expected a string, got ${show(prompt)}`)
  if (source !== undefined && typeof source !== 'string') {
    throw broken(place, `source: expected a string, got ${show(source)}`)
  }
  if (encoder !== undefined && typeof encoder !== 'string') {
    throw broken(place, `encoder: expected a string, got ${show(encoder)}`)
  }
  if (!isRecord(outcomes)) throw broken(place, `outcomes: expected an object, got ${show(outcomes)}`)
  return {
    id,
    source: source ?? '',
    prompt,
    features: features === undefined || features === null ? null : parseFeatures(features, place),
    ...(encoder === undefined ? {} : { encoder }),
    outcomes: parseRowOutcomes(outcomes, place),
  }
}

function parseFeatures(value: unknown, place: string): number[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw broken(place, `features: expected a non-empty array of numbers, got ${show(value)}`)
  }
  if (value.length > DIMENSION_MAX) {
    throw broken(place, `features: expected at most ${DIMENSION_MAX} numbers, got ${value.length}`)
  }
  return value.map((entry: unknown, i) => {
    if (typeof entry !== 'number' || !(Math.abs(entry) <= CONTEXT_ENTRY_MAX)) {
      throw broken(
        place,
        `features[${i}]: expected a number within +-${CONTEXT_ENTRY_MAX}, got ${show(entry)}`,
      )
    }
    return entry
  })
}

function parseRowOutcomes(value: Record<string, unknown>, place: string): Record<string, Outcome> {
  const outcomes: Record<string, Outcome> = Object.create(null)
  for (const [model, outcome] of Object.entries(value)) {
    const field = `outcomes[${show(model)}]`
    if (!isText(model))
      throw broken(place, `${field}: expected an id without unpaired surrogates, got ${show(model)}`)
    if (!isRecord(outcome)) throw broken(place, `${field}: expected {reward, costUsd}, got ${show(outcome)}`)
    const { reward, costUsd } = outcome
    if (typeof reward !== 'number' || !(reward >= 0 && reward <= 1)) {
      throw broken(place, `${field}.reward: expected a number in [0, 1], got ${show(reward)}`)
    }
    if (typeof costUsd !== 'number' || !(costUsd >= 0 && costUsd <= AMOUNT_MAX)) {
      throw broken(place, `${field}.costUsd: expected a number in [0, ${AMOUNT_MAX}], got ${show(costUsd)}`)
    }
    outcomes[model] = { reward, costUsd }
  }
  return outcomes
}

function broken(place: string, message: string): ParetoBanditError {
  return new ParetoBanditError('DATA_INVALID', place, message)
}
