import type { Json } from '../../base/json.js'
import { priceSource } from '../../gateway/config/secret-shape.js'
import { WRONG } from '../../gateway/config/shape.js'
import { importList } from '../../prices/import-prices.js'
import { checkOptions } from '../../prices/options.js'
import { isAddress } from '../../prices/read-source.js'
import { badFlag } from '../flags.js'
import { refusal } from '../prices.js'
import type { FirstConfig, FirstModel } from './first-config.js'
import type { ListFlags, StartList } from './read-list.js'
import { listedAs, type WantedModel } from './wanted-model.js'

type Priced = FirstConfig['prices'] & {
  readonly models: readonly FirstModel[]
  readonly notes: readonly string[]
}

/** The models with their prices of the list. @throws PricesError with all that is wrong, and the flags that would help */
export function pricedModels(
  wanted: readonly WantedModel[],
  { source, list, format, entries, day }: StartList,
  { as = new Map(), unpriced, accept = [] }: ListFlags,
): Priced {
  const ids = wanted.map(({ id }) => id)
  for (const [flag, given] of [
    ['as', as.keys()],
    ['accept', accept],
  ] as const)
    for (const id of given)
      if (!ids.includes(id))
        throw badFlag(flag, `expected the id of a --model (${ids.join(', ')}), got '${id}'`)
  const found = wanted.map((model) => ({ ...model, ...listedAs(model, entries, format, as) }))
  const names = Object.fromEntries(found.map(({ id, name }) => [id, name]))
  const others = found.filter(({ entry }) => entry?.isChat === false).map(({ id }) => id)
  if (others.length > 0)
    throw badFlag(
      'model',
      `expected models for chats, as ${list.name} has others under ${others.join(', ')}: write an embeddings model into the config by hand (kind: embeddings)`,
    )
  const imported = importList(list, checkOptions({ models: names, accept, unpriced, partial: true }))
  if (imported.problems.length > 0) {
    const listed = new Set(found.filter(({ entry }) => entry !== undefined).map(({ id }) => id))
    throw refusal(imported, new Map(), ({ model }) => as.has(model) || listed.has(model))
  }
  const prices = new Map(imported.models.map((each) => [each.id, each]))
  const models = found.flatMap(({ id, provider, model, entry }) => {
    const price = prices.get(id)
    return price === undefined ? [] : [{ id, provider, model, entry, prices: price }]
  })
  const isPlain = isAddress(source) && canStandInConfig(source)
  const tree: Json | null = isPlain
    ? {
        source,
        format,
        refresh: '6h',
        ...(unpriced === undefined ? {} : { unpriced }),
        ...(accept.length === 0 ? {} : { accept: [...new Set(accept)] }),
        models: names,
      }
    : null
  return {
    models,
    notes: [
      ...imported.notes.map(({ model, message }) => `${model}: ${message}`),
      ...models
        .filter(({ entry }) => entry?.isForResponses === true)
        .map(({ id }) => `${id}: it answers /v1/responses alone: chats that go to it fail`),
      ...models
        .filter(({ entry }) => entry?.isGone === true)
        .map(
          ({ id }) => `${id}: the list has it as given up by its provider: requests that go to it may fail`,
        ),
    ],
    shown: list.name,
    day,
    tree,
    isSecret: isAddress(source) && !isPlain,
  }
}

/** Other addresses may hold a secret: a config has them from a variable. */
function canStandInConfig(address: string): boolean {
  return priceSource.read(address, [], { env: null, mistakes: [] }) !== WRONG
}
