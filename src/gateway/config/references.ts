import { isRecord } from '../../base/check.js'
import { hintOf, type Mistake, type Path, pathText, show } from './mistake.js'
import { JUDGE_TENANT } from './router-options.js'

/**
 * What the parts of a config say of each other: ids that are there twice, or not at all. It looks at what was given, so that
 * it says all it can of a config whose parts have mistakes of their own.
 */
export function referenceMistakes(given: unknown): Mistake[] {
  if (!isRecord(given)) return []
  const [upstreams, models, tenants, keys] = ['upstreams', 'models', 'tenants', 'keys'].map((name) =>
    entriesOf(given, [name]),
  )
  const metrics = entriesOf(given, ['rewards', 'metrics'])
  const upstreamIds = idsOf(upstreams)
  const tenantIds = idsOf(tenants)
  const groups = new Set<unknown>(
    models.flatMap(({ entry }) => (Array.isArray(entry.groups) ? entry.groups : [])),
  )
  return [
    ...[upstreams, models, tenants].flatMap((list) => twice(list, 'id')),
    ...[keys, metrics].flatMap((list) => twice(list, 'name')),
    ...models.flatMap(({ entry, path }) => [
      ...unknown(entry.upstream, [...path, 'upstream'], upstreamIds, 'upstream'),
      ...modelMistakes(entry, path, upstreams),
    ]),
    ...keys.flatMap(({ entry, path }) => [
      ...unknown(entry.tenant, [...path, 'tenant'], tenantIds, 'tenant'),
      ...(Array.isArray(entry.groups) ? entry.groups : []).flatMap((group: unknown, i) =>
        unknown(group, [...path, 'groups', i], groups, 'group of a model'),
      ),
    ]),
    ...metrics
      .filter(({ entry: { worst, best } }) => typeof worst === 'number' && worst === best)
      .map(({ path }) => ({ path, message: 'worst and best are the same: no value would tell anything' })),
    ...aliasMistakes(given, models, groups),
    ...judgeMistakes(given, models),
    ...priceListMistakes(given, models),
    ...tenants
      .filter(({ entry }) => entry.id === JUDGE_TENANT)
      .map(({ path }) => ({ path: [...path, 'id'], message: 'this is the account of the judge' })),
    ...unpriced(given, models, tenants),
  ]
}

interface Entry {
  readonly entry: Readonly<Record<string, unknown>>
  readonly path: Path
}

function entriesOf(given: unknown, path: Path): Entry[] {
  const list = path.reduce<unknown>((at, key) => (isRecord(at) ? at[key] : undefined), given)
  if (!Array.isArray(list)) return []
  return list.flatMap((entry: unknown, i) => (isRecord(entry) ? [{ entry, path: [...path, i] }] : []))
}

function twice(list: readonly Entry[], field: string): Mistake[] {
  const seen = new Map<unknown, number>()
  return list.flatMap(({ entry, path }, i) => {
    const name = entry[field]
    const first = seen.get(name)
    if (first === undefined) seen.set(name, i)
    if (typeof name !== 'string' || first === undefined) return []
    return [{ path: [...path, field], message: `${show(name)} stands twice, first in entry ${first}` }]
  })
}

function idsOf(list: readonly Entry[]): ReadonlySet<unknown> {
  return new Set(list.map(({ entry }) => entry.id))
}

function unknown(name: unknown, path: Path, known: ReadonlySet<unknown>, what: string): Mistake[] {
  if (typeof name !== 'string' || known.has(name)) return []
  const names = [...known].filter((each) => typeof each === 'string')
  const there = names.length === 0 ? 'none is configured' : `known are ${names.slice(0, 10).join(', ')}`
  return [{ path, message: `no ${what} is called ${show(name)}${hintOf(name, names) || `; ${there}`}` }]
}

function modelMistakes(entry: Entry['entry'], path: Path, upstreams: readonly Entry[]): Mistake[] {
  const mistakes: Mistake[] = []
  const upstream = upstreams.find((each) => each.entry.id === entry.upstream)
  if (entry.kind === 'embeddings' && ['anthropic', 'ai-sdk'].includes(String(upstream?.entry.protocol))) {
    const message = `an upstream of protocol ${upstream?.entry.protocol} has no embeddings`
    mistakes.push({ path: [...path, 'kind'], message })
  }
  const { contextTokens } = entry
  for (const name of ['maxInputTokens', 'maxOutputTokens']) {
    const tokens = entry[name]
    if (typeof contextTokens !== 'number' || typeof tokens !== 'number' || tokens <= contextTokens) continue
    const message = `expected at most contextTokens, ${contextTokens}, got ${tokens}`
    mistakes.push({ path: [...path, name], message })
  }
  return mistakes
}

function aliasMistakes(
  { aliases }: Entry['entry'],
  models: readonly Entry[],
  groups: ReadonlySet<unknown>,
): Mistake[] {
  if (!isRecord(aliases)) return []
  const ids = idsOf(models)
  return Object.entries(aliases).flatMap(([name, means]) => {
    const path = ['aliases', name]
    if (ids.has(name)) return [{ path, message: 'a model is called so' }]
    if (means === 'auto' || typeof means !== 'string') return []
    if (!means.startsWith('auto:')) return unknown(means, path, ids, 'model')
    return unknown(means.slice('auto:'.length), path, groups, 'group of a model')
  })
}

function judgeMistakes(given: Entry['entry'], models: readonly Entry[]): Mistake[] {
  const judge = isRecord(given.rewards) ? given.rewards.judge : undefined
  if (!isRecord(judge)) return []
  const chat = models.filter(({ entry }) => entry.kind === undefined || entry.kind === 'chat')
  return unknown(judge.model, ['rewards', 'judge', 'model'], idsOf(chat), 'chat model')
}

function priceListMistakes({ prices }: Entry['entry'], models: readonly Entry[]): Mistake[] {
  if (!isRecord(prices)) return []
  const ids = idsOf(models)
  const named = isRecord(prices.models) ? Object.keys(prices.models) : []
  const accepted: readonly unknown[] = Array.isArray(prices.accept) ? prices.accept : []
  const lookedUp = isRecord(prices.models) ? new Set<unknown>(named) : ids
  return [
    ...named.flatMap((id) => unknown(id, ['prices', 'models', id], ids, 'model')),
    ...accepted.flatMap((id, i) => unknown(id, ['prices', 'accept', i], lookedUp, 'model that is looked up')),
  ]
}

/** What has no price would be free, and a budget would not hold it. */
function unpriced(given: Entry['entry'], models: readonly Entry[], tenants: readonly Entry[]): Mistake[] {
  const limit = [{ entry: given, path: [] }, ...tenants].flatMap(({ entry, path }: Entry) => [
    ...(isRecord(entry.budget) && entry.budget.usdPerRequest !== null ? [[...path, 'budget']] : []),
    ...(Array.isArray(entry.caps) && entry.caps.length > 0 ? [[...path, 'caps']] : []),
  ])[0]
  const judge =
    isRecord(given.rewards) && isRecord(given.rewards.judge) ? ['rewards', 'judge', 'capUsdPerDay'] : null
  return unpricedUnder(limit ?? judge, models)
}

function unpricedUnder(limit: Path | null, models: readonly Entry[]): Mistake[] {
  if (limit === null) return []
  return models
    .filter(({ entry }) => entry.prices === null && entry.enabled !== false)
    .map(({ path }) => ({
      path: [...path, 'prices'],
      message: `expected prices, got null: ${pathText(limit)} is in force, and what has no price is not held by it`,
    }))
}
