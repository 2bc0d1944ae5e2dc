import type { Json } from '../../../base/json.js'
import type { ModelSpec } from '../../../index.js'
import { importPrices, type PriceSource } from '../../../prices/index.js'
import type { Findings } from './findings.js'
import { toldName } from './old-names.js'
import { numberIn } from './old-values.js'

/** A model whose price is looked for. */
export interface PricedId {
  readonly id: string
  /** Where it stands in the old file. */
  readonly path: string
  /** What LiteLLM's list calls it. */
  readonly listName: string
  /** What the old file says of it, in the words of that list. */
  readonly info: Json
  /** Nobody bills its tokens. */
  readonly isOwnServer: boolean
}

export interface FoundPrices {
  /** By id. */
  readonly of: ReadonlyMap<string, Json>
  /** `prices` of the new file, for models whose price was not found; null: all were. */
  readonly list: Json | null
}

/** LiteLLM's own, at its address for everybody. */
export const LITELLM_LIST =
  'https://raw.githubusercontent.com/BerriAI/litellm/main/model_prices_and_context_window.json'

/**
 * Prices of the old file, then of a list. Of the rest the gateway asks LiteLLM's list when it starts.
 * @throws what `importPrices` throws for a list that cannot be read
 */
export async function pricesOf(
  models: readonly PricedId[],
  list: PriceSource | null,
  findings: Findings,
): Promise<FoundPrices> {
  const of = new Map<string, Json>()
  const take = (found: readonly ModelSpec[]) => {
    for (const { id, ...prices } of found) of.set(id, { ...prices })
  }
  for (const { id, isOwnServer, info } of models) {
    if (!isFree(info) && !(isOwnServer && !hasCosts(info))) continue
    of.set(id, { inputUsdPerMTok: 0, outputUsdPerMTok: 0 })
    if (!isFree(info))
      findings.toDo.push(
        `prices of ${id}: 0 is written, as it is a server of your own: write what a million tokens cost you`,
      )
  }
  for (const { id, path, info, isOwnServer } of models) {
    const names = Object.keys(info).filter((name) => /(^|_)cost(_|$)/.test(name) && isGiven(info[name]))
    if (hasCosts(info) || isOwnServer || names.length === 0) continue
    findings.toDo.push(
      `prices of ${id}: ${path} has no number for input_cost_per_token: ${names.map(toldName).join(', ')} not taken over`,
    )
  }
  const own = models.filter(({ id, info }) => !of.has(id) && hasCosts(info))
  if (own.length > 0) {
    const theirs = Object.fromEntries(own.map(({ id, info }) => [id, costsIn(info)]))
    const ids = own.map(({ id }) => id)
    const read = await importPrices(theirs, {
      models: ids,
      format: 'litellm',
      partial: true,
      name: 'model_list',
    })
    take(read.models)
    for (const { model, message } of read.problems) findings.toDo.push(`prices of ${model}: ${message}`)
  }
  const asked = models.filter(({ id }) => !of.has(id))
  if (list !== null && asked.length > 0) {
    const names = Object.fromEntries(asked.map(({ id, listName }) => [id, listName]))
    const read = await importPrices(list, { models: names, partial: true })
    take(read.models)
    for (const { model, message } of read.problems) findings.toDo.push(`prices of ${model}: ${message}`)
  }
  const left = models.filter(({ id }) => !of.has(id))
  if (left.length === 0) return { of, list: null }
  const names = Object.fromEntries(left.map(({ id, listName }) => [id, listName]))
  return { of, list: { source: LITELLM_LIST, format: 'litellm', models: names } }
}

/** Lists write 0 and nothing for what has no price of that kind. */
function isGiven(value: unknown): boolean {
  return value !== null && numberIn(value) !== 0
}

function hasCosts(info: Json): boolean {
  return numberIn(info.input_cost_per_token) !== null
}

/** A price of 0 that stands in the old file is meant. */
function isFree({ input_cost_per_token: input, output_cost_per_token: output = 0 }: Json): boolean {
  return numberIn(input) === 0 && numberIn(output) === 0
}

/** Of an entry what LiteLLM's list has as well: what it costs. */
function costsIn(info: Json): Json {
  const ofList = Object.entries(info).filter(([name]) => /cost|^tiered_pricing$|^supports_|^mode$/.test(name))
  const costs = ofList.map(([name, value]) => [name, /cost/.test(name) ? (numberIn(value) ?? value) : value])
  return { litellm_provider: 'config', ...Object.fromEntries(costs) }
}
