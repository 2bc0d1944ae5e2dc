/** A set of recorded outcomes, as docs/DATASETS.md has its two files. */
export interface PublicSet {
  readonly name: string
  readonly models: readonly ListedModel[]
  readonly rows: readonly Row[]
}

interface ListedModel {
  readonly id: string
  readonly inputUsdPerMTok: number
  readonly outputUsdPerMTok: number
}

interface Row {
  readonly id: string
  readonly source: string
  readonly prompt: string
  readonly outcomes: Readonly<Record<string, Outcome>>
}

interface Outcome {
  readonly reward: number
  readonly costUsd: number
}

/** Reads a file of a clone, by its path from the clone's root. */
export type ReadFile = (path: string) => string

/**
 * The JSON of a file of a clone.
 * @throws Error naming the file
 */
export function jsonOf<Value>(read: ReadFile, path: string): Value {
  return parsed(read(path), path)
}

/**
 * The same of a file with a value a line; empty lines are passed over.
 * @throws Error naming the file and the line
 */
export function jsonLinesOf<Value>(read: ReadFile, path: string): Value[] {
  return read(path)
    .split('\n')
    .flatMap((line, i) => (line.trim() === '' ? [] : [parsed<Value>(line, `${path}:${i + 1}`)]))
}

function parsed<Value>(text: string, where: string): Value {
  try {
    return JSON.parse(text) as Value
  } catch {
    throw new Error(`${where}: expected JSON`)
  }
}

/** USD per million tokens. */
export type Prices = readonly [input: number, output: number]

export type PricesByModel = Readonly<Record<string, Prices>>

/** Where nobody has recorded tokens. */
const CHARACTERS_PER_TOKEN = 4

export const tokensOf = (text: string): number => text.length / CHARACTERS_PER_TOKEN

export function costUsd([input, output]: Prices, inputTokens: number, outputTokens: number): number {
  return (inputTokens * input + outputTokens * output) / 1e6
}

/** Gathers outcomes, model by model, into rows of the prompts that every model has answered. */
export class Outcomes {
  private readonly prompts = new Map<string, string>()
  private readonly rows = new Map<string, Record<string, Outcome>>()

  constructor(
    private readonly name: string,
    private readonly prices: PricesByModel,
  ) {}

  /** @param id of the prompt, within the set */
  add(model: string, id: string, prompt: string, outcome: Outcome): void {
    this.prompts.set(id, prompt)
    const row = this.rows.get(id) ?? {}
    this.rows.set(id, row)
    row[model] = outcome
  }

  /** @throws Error where there is no such prompt: then the clone is not what was expected */
  set(): PublicSet {
    const { name } = this
    const models = Object.entries(this.prices).map(([id, [inputUsdPerMTok, outputUsdPerMTok]]) => ({
      id,
      inputUsdPerMTok,
      outputUsdPerMTok,
    }))
    const rows = [...this.rows].map(([id, outcomes]) => ({
      id: `${name}-${id}`,
      source: name,
      prompt: this.prompts.get(id) ?? '',
      outcomes,
    }))
    const whole = rows.filter((row) => Object.keys(row.outcomes).length === models.length)
    if (whole.length === 0) throw new Error(`${name}: expected a prompt that every model has answered`)
    return { name, models, rows: whole }
  }
}
