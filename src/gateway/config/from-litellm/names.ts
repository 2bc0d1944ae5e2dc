import { isRecord } from '../../../base/check.js'
import type { Json } from '../../../base/json.js'
import { canBeAlias } from '../alias-shape.js'
import type { Deployment } from './deployment.js'
import type { Findings } from './findings.js'
import { toldModel } from './old-names.js'
import type { PricedId } from './prices.js'
import { isOwnServer } from './providers.js'

export interface NamedModel extends PricedId {
  readonly id: string
  readonly groups: readonly string[]
  readonly deployment: Deployment
}

export interface Named {
  readonly models: readonly NamedModel[]
  /** What clients call them besides, and what that means. */
  readonly aliases: Readonly<Record<string, string>>
}

/**
 * What models and groups are called here. Clients go on with the names that they know: of one model that is its id, of several an alias of
 * their group.
 */
export function namedModels(deployments: readonly Deployment[], file: Json, findings: Findings): Named {
  const counts = new Map<string, number>()
  for (const { name } of deployments) counts.set(name, (counts.get(name) ?? 0) + 1)
  const isSeveral = (name: string) => (counts.get(name) ?? 0) > 1
  const several = [...counts.keys()].filter(isSeveral)
  // What is to be an alias, no model may be called.
  const taken = new Set(several.filter(canBeAlias))
  const ids = uniqueNames(
    [...counts.keys()].filter((name) => !isSeveral(name)),
    idOf,
    taken,
  )
  const accessGroups = deployments.flatMap(({ accessGroups: each }) => each)
  // A group of keys may be called as models are that are not in it: it keeps its name, as keys have it.
  const groupsTaken = new Set<string>()
  const accessNames = uniqueNames(accessGroups, groupOf, groupsTaken)
  const groupNames = uniqueNames(several, groupOf, groupsTaken)
  const models = deployments.map((deployment) => {
    const { name } = deployment
    const groups = [
      ...(isSeveral(name) ? [textAt(groupNames, name)] : []),
      ...deployment.accessGroups.map((each) => textAt(accessNames, each)),
    ]
    return {
      id: isSeveral(name) ? numberedId(idOf(name), taken) : textAt(ids, name),
      groups: [...new Set(groups)],
      deployment,
      path: deployment.path,
      listName: deployment.listName,
      info: deployment.info,
      isOwnServer: isOwnServer(deployment),
    }
  })
  const aliases = new Map<string, string>()
  const meansOf = (name: string) => (isSeveral(name) ? `auto:${textAt(groupNames, name)}` : textAt(ids, name))
  for (const [name, count] of counts) {
    const means = meansOf(name)
    if (means === name) continue
    if (!canBeAlias(name)) findings.changed.push(`model_name ${name}: clients call '${means}'`)
    else {
      aliases.set(name, means)
      if (count > 1)
        findings.changed.push(
          `model_name ${name}: ${count} models: clients go on calling '${name}' for any of them, and one alone by its id`,
        )
    }
  }
  const known = new Set(models.map(({ id }) => id))
  for (const [alias, name] of aliasesIn(file)) {
    const place = `router_settings.model_group_alias: ${toldModel(alias)}`
    const means = meansOf(name)
    if (!counts.has(name)) findings.changed.push(`${place}: its model is not in the new file`)
    else if (!canBeAlias(alias)) findings.changed.push(`${place}: clients call '${means}'`)
    else if (known.has(alias) || aliases.has(alias))
      findings.changed.push(`${place}: a model is called so, which stays what it is`)
    else aliases.set(alias, means)
  }
  const renamed = [...new Set(accessGroups)].filter((group) => textAt(accessNames, group) !== group)
  for (const group of renamed)
    findings.changed.push(
      `model_info.access_groups: '${textAt(accessNames, group)}' in place of '${toldModel(group)}'`,
    )
  return { models, aliases: Object.fromEntries(aliases) }
}

function textAt(names: ReadonlyMap<string, string>, name: string): string {
  return names.get(name) ?? name
}

/** What each name is here, no two the same: those that stay as they are come first. */
function uniqueNames(
  names: readonly string[],
  plainOf: (name: string) => string,
  taken = new Set<string>(),
): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  const isSame = (name: string) => plainOf(name) === name
  for (const name of new Set([...names.filter(isSame), ...names]))
    found.set(name, freeId(plainOf(name), taken))
  return found
}

/** Each alias, and the name that it stands for. */
function aliasesIn(file: Json): readonly (readonly [alias: string, name: string])[] {
  const router = isRecord(file.router_settings) ? file.router_settings : {}
  const given = isRecord(router.model_group_alias) ? router.model_group_alias : {}
  return Object.entries(given).flatMap(([alias, to]) => {
    const name = isRecord(to) ? to.model : to
    return typeof name === 'string' ? [[alias, name] as const] : []
  })
}

/** Visible ASCII, and not `auto`. */
function idOf(name: string): string {
  // As an alias it is any other name.
  if (name === '*') return 'any'
  const plain = name.replace(/[^!-~]/g, '-').slice(0, 190)
  return plain === '' || /^auto(:|$)/.test(plain) ? `model-${plain.replace(/:/g, '-')}` : plain
}

/** `base-1`, or the next number that nothing has. */
function numberedId(base: string, taken: Set<string>): string {
  let number = 1
  while (taken.has(`${base}-${number}`)) number++
  taken.add(`${base}-${number}`)
  return `${base}-${number}`
}

export function freeId(base: string, taken: Set<string>): string {
  let id = base
  for (let i = 2; taken.has(id); i++) id = `${base}-${i}`
  taken.add(id)
  return id
}

export function groupOf(name: string): string {
  const plain = name
    .replace(/[^A-Za-z0-9._-]/g, '-')
    .replace(/^[._-]+/, '')
    .slice(0, 58)
  return plain === '' ? 'group' : plain
}
