import { isRecord } from '../../../base/check.js'
import { expected } from '../../../base/errors.js'
import type { Json } from '../../../base/json.js'
import type { PriceSource } from '../../../prices/index.js'
import { type Deployment, readDeployment, type UpstreamTree, unnamedVariables } from './deployment.js'
import { Findings } from './findings.js'
import { toldModel } from './old-names.js'
import { flagIn, numberIn } from './old-values.js'
import { type PricedId, pricesOf } from './prices.js'
import { isOwnServer } from './providers.js'
import { referencesIn, SecretNames } from './secret-names.js'
import { settingsOf } from './settings.js'
import { environmentOf, wholeEntry } from './shared-parts.js'

/** A config of LiteLLM's proxy as one of the gateway. */
export interface ConvertedConfig {
  /** As a file has it. */
  readonly tree: Json
  readonly findings: Findings
  /** Variables that the new file names and that stood as secrets in the old one. */
  readonly secrets: readonly { readonly path: string; readonly name: string }[]
}

export interface ConvertOptions {
  /** Where addresses are that the file names by a variable. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** A price list, as `importPrices` takes it; null: the new file names LiteLLM's, which the gateway reads when it starts. */
  readonly prices: PriceSource | null
}

/**
 * Turns a config of LiteLLM's proxy into one of the gateway. Secrets become names of environment variables. What cannot be
 * taken over is named, and nothing is guessed.
 * @param file the old file, read
 * @throws DATA_INVALID for what is no such config, or has no model that can be called from here; what `importPrices` throws
 */
export async function fromLiteLlm(file: unknown, { env, prices }: ConvertOptions): Promise<ConvertedConfig> {
  const list = isRecord(file) ? file.model_list : undefined
  if (isRecord(file) && list === undefined && Array.isArray(file.upstreams))
    throw expected(
      'DATA_INVALID',
      'model_list',
      'a config of LiteLLM: it is a config of the gateway already',
      list,
    )
  if (!isRecord(file) || !Array.isArray(list))
    throw expected('DATA_INVALID', 'model_list', "a list of models, as LiteLLM's proxy has it", list)
  const secrets = new SecretNames(file)
  const findings = new Findings()
  const set = environmentOf(file, env)
  const entries = list.map((entry: unknown) => wholeEntry(entry, file, set))
  for (const { entry } of entries) secrets.reserve(unnamedVariables(entry))
  const deployments = entries.flatMap(({ entry, places }, i) => {
    const path = `model_list[${i}]`
    const read = readDeployment(entry, path, { secrets, findings, env: set, places })
    if (typeof read !== 'string') return [read]
    const name =
      isRecord(entry) && typeof entry.model_name === 'string' ? ` (${toldModel(entry.model_name)})` : ''
    findings.leftOut.push(`${path}${name}: ${read}`)
    return []
  })
  if (deployments.length === 0) {
    const why = findings.leftOut.map((line) => `; ${line}`).join('')
    throw expected('DATA_INVALID', 'model_list', `a model that can be called from here${why}`, list)
  }
  const upstreams = new Upstreams()
  const named = namedModels(deployments, file, findings)
  const priced = await pricesOf(named, prices, findings)
  const models = named.map(({ id, groups, deployment }) =>
    modelTree(id, groups, deployment, upstreams, priced),
  )
  const settings = settingsOf(file, secrets, findings)
  const { caps, ...others } = settings
  const isPriced = models.every(({ prices: each }) => each !== null)
  if (caps !== undefined && !isPriced)
    findings.toDo.push(
      `litellm_settings.max_budget: a cap holds priced models alone: give --prices LIST, or write prices, and then caps: ${JSON.stringify(caps)}`,
    )
  for (const name of upstreams.packages) findings.toDo.push(`npm install ${name}`)
  const tree: Json = {
    ...others,
    ...(caps === undefined || !isPriced ? {} : { caps }),
    upstreams: upstreams.all,
    models,
    ...(priced.list === null ? {} : { prices: priced.list }),
  }
  tellVariables(file, tree, findings)
  return { tree, findings, secrets: secrets.moved }
}

/** What the old file put into the environment of its process, and the new one reads there. */
function tellVariables(file: Json, tree: Json, findings: Findings): void {
  const read = new Set(referencesIn(tree))
  const given = isRecord(file.environment_variables) ? Object.keys(file.environment_variables) : []
  const names = given.filter((name) => read.has(name))
  if (names.length > 0)
    findings.toDo.push(
      `environment_variables: the gateway sets none: put those into its environment that it reads: ${names.join(', ')}`,
    )
  if (names.length < given.length)
    findings.changed.push('environment_variables: those that nothing here reads are not taken over')
}

interface NamedModel extends PricedId {
  readonly id: string
  readonly groups: readonly string[]
  readonly deployment: Deployment
}

/** Ids that clients know already; where several models have one name, `auto:NAME` is any of them. */
function namedModels(deployments: readonly Deployment[], file: Json, findings: Findings): NamedModel[] {
  const counts = new Map<string, number>()
  for (const { name } of deployments) counts.set(name, (counts.get(name) ?? 0) + 1)
  const aliases = aliasesIn(file)
  const taken = new Set<string>()
  const ids = uniqueNames([...counts.keys()], idOf, taken)
  const several = [...counts].flatMap(([name, count]) => (count > 1 ? [name] : []))
  const accessGroups = deployments.flatMap(({ accessGroups: each }) => each)
  const groupNames = uniqueNames([...several, ...[...aliases.values()].flat(), ...accessGroups], groupOf)
  const seen = new Set<string>()
  const named = deployments.map((deployment) => {
    const { name } = deployment
    const first = textAt(ids, name)
    const id = seen.has(name) ? uniqueId(first, taken) : first
    seen.add(name)
    const calls = [
      ...(counts.get(name) === 1 ? [] : [name]),
      ...(aliases.get(name) ?? []),
      ...deployment.accessGroups,
    ]
    const groups = calls.map((each) => textAt(groupNames, each))
    return {
      id,
      groups: [...new Set(groups)],
      deployment,
      path: deployment.path,
      listName: deployment.listName,
      info: deployment.info,
      isOwnServer: isOwnServer(deployment),
    }
  })
  for (const [name, count] of counts) {
    const id = textAt(ids, name)
    if (count > 1)
      findings.changed.push(
        `model_name ${name}: ${count} models: clients call 'auto:${textAt(groupNames, name)}' for any of them, '${id}' is the first`,
      )
    else if (id !== name) findings.changed.push(`model_name ${name}: clients call '${id}'`)
  }
  for (const [name, others] of aliases)
    for (const alias of others)
      findings.changed.push(
        counts.has(name)
          ? `router_settings.model_group_alias: clients call 'auto:${textAt(groupNames, alias)}' in place of '${toldModel(alias)}'`
          : `router_settings.model_group_alias: ${toldModel(alias)}: its model is not in the new file`,
      )
  const renamed = [...new Set(accessGroups)].filter((group) => textAt(groupNames, group) !== group)
  for (const group of renamed)
    findings.changed.push(
      `model_info.access_groups: '${textAt(groupNames, group)}' in place of '${toldModel(group)}'`,
    )
  return named
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
    found.set(name, uniqueId(plainOf(name), taken))
  return found
}

function aliasesIn(file: Json): ReadonlyMap<string, readonly string[]> {
  const router = isRecord(file.router_settings) ? file.router_settings : {}
  const given = isRecord(router.model_group_alias) ? router.model_group_alias : {}
  const byName = new Map<string, string[]>()
  for (const [alias, to] of Object.entries(given)) {
    const name = isRecord(to) ? to.model : to
    if (typeof name === 'string') byName.set(name, [...(byName.get(name) ?? []), alias])
  }
  return byName
}

/** Visible ASCII, and not `auto`. */
function idOf(name: string): string {
  const plain = name.replace(/[^!-~]/g, '-').slice(0, 190)
  return plain === '' || /^auto(:|$)/.test(plain) ? `model-${plain.replace(/:/g, '-')}` : plain
}

function uniqueId(base: string, taken: Set<string>): string {
  let id = base
  for (let i = 2; taken.has(id); i++) id = `${base}-${i}`
  taken.add(id)
  return id
}

function groupOf(name: string): string {
  const plain = name
    .replace(/[^A-Za-z0-9._-]/g, '-')
    .replace(/^[._-]+/, '')
    .slice(0, 58)
  return plain === '' ? 'group' : plain
}

/** The upstreams of all models, each once. */
class Upstreams {
  readonly all: Json[] = []
  private readonly ids = new Map<string, string>()
  private readonly taken = new Set<string>()

  idOf(upstream: UpstreamTree, provider: string): string {
    const key = JSON.stringify(upstream)
    const known = this.ids.get(key)
    if (known !== undefined) return known
    const id = uniqueId(groupOf(provider).slice(0, 60), this.taken)
    this.ids.set(key, id)
    this.all.push({ id, ...upstream })
    return id
  }

  get packages(): ReadonlySet<string> {
    return new Set(
      this.all.flatMap(({ package: name }) => (typeof name === 'string' ? [installed(name)] : [])),
    )
  }
}

/** The package of a part: `@ai-sdk/google-vertex` of `@ai-sdk/google-vertex/anthropic`. */
function installed(name: string): string {
  return name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/')
}

function modelTree(
  id: string,
  groups: readonly string[],
  { provider, upstream, upstreamModel, kind, parameters, info, region }: Deployment,
  upstreams: Upstreams,
  priced: Awaited<ReturnType<typeof pricesOf>>,
): Json {
  const context = sizeOf(info.max_input_tokens)
  const output = sizeOf(info.max_output_tokens)
  const capabilities = capabilitiesOf(info)
  return {
    id,
    upstream: upstreams.idOf(upstream, provider),
    ...(upstreamModel === id ? {} : { upstreamModel }),
    ...(kind === 'chat' ? {} : { kind }),
    prices: priced.of.get(id) ?? null,
    ...(context === null ? {} : { contextTokens: context }),
    ...(output === null ? {} : { maxOutputTokens: Math.min(output, context ?? output) }),
    ...(kind === 'chat' && capabilities !== null ? { capabilities } : {}),
    ...(Object.keys(parameters).length === 0 ? {} : { parameters }),
    ...(region === null ? {} : { region }),
    ...(groups.length === 0 ? {} : { groups }),
  }
}

function sizeOf(value: unknown): number | null {
  const number = numberIn(value)
  return number !== null && Number.isInteger(number) && number >= 1 && number <= 5e8 ? number : null
}

/** What an entry says that it takes; null: it says nothing. */
function capabilitiesOf(info: Json): readonly string[] | null {
  const words: readonly (readonly [string, string])[] = [
    ['supports_function_calling', 'tools'],
    ['supports_response_schema', 'jsonSchema'],
    ['supports_vision', 'images'],
    ['supports_audio_input', 'audio'],
    ['supports_pdf_input', 'files'],
    ['supports_reasoning', 'reasoning'],
  ]
  const said = words.filter(([word]) => flagIn(info[word]) !== null)
  if (said.length === 0) return null
  const isNew = (word: string) => !said.some(([name]) => name === word)
  // What is not said of the first two is as it is by default.
  const usual = words.slice(0, 2).filter(([word]) => isNew(word))
  return [...usual, ...said.filter(([word]) => flagIn(info[word]))].map(([, ours]) => ours)
}
