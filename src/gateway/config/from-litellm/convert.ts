import { isRecord } from '../../../base/check.js'
import { expected } from '../../../base/errors.js'
import type { Json } from '../../../base/json.js'
import type { PriceSource } from '../../../prices/index.js'
import { liteLlmAbilities, sizeOf } from './abilities.js'
import { type Deployment, readDeployment, type UpstreamTree, unnamedVariables } from './deployment.js'
import { Findings } from './findings.js'
import { freeId, groupOf, namedModels } from './names.js'
import { toldModel } from './old-names.js'
import { pricesOf } from './prices.js'
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
  const other = isRecord(file) && list === undefined ? otherGateway(file) : null
  if (other !== null)
    throw expected(
      'DATA_INVALID',
      'model_list',
      `a config of LiteLLM's proxy: this one is of ${other}, and docs/GATEWAY.md (Coming from another gateway) says what each part of it is called here`,
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
  const { models: named, aliases } = namedModels(deployments, file, findings)
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
    ...(Object.keys(aliases).length === 0 ? {} : { aliases }),
    ...(priced.list === null ? {} : { prices: priced.list }),
  }
  tellVariables(file, tree, findings)
  return { tree, findings, secrets: secrets.moved }
}

/** Whose config that is; null: nobody's that is known. */
function otherGateway(file: Json): string | null {
  if (Array.isArray(file.targets) || isRecord(file.strategy)) return 'Portkey'
  return isRecord(file.models) && Object.values(file.models).some(hasProviders) ? 'TensorZero' : null
}

const hasProviders = (model: unknown): boolean => isRecord(model) && isRecord(model.providers)

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

/** The upstreams of all models, each once. */
class Upstreams {
  readonly all: Json[] = []
  private readonly ids = new Map<string, string>()
  private readonly taken = new Set<string>()

  idOf(upstream: UpstreamTree, provider: string): string {
    const key = JSON.stringify(upstream)
    const known = this.ids.get(key)
    if (known !== undefined) return known
    const id = freeId(groupOf(provider).slice(0, 60), this.taken)
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
  { provider, upstream, upstreamModel, kind, parameters, defaultParameters, info, region }: Deployment,
  upstreams: Upstreams,
  priced: Awaited<ReturnType<typeof pricesOf>>,
): Json {
  // LiteLLM has the longest prompt, and for some models that and the answer together: nothing tells which.
  const input = sizeOf(info.max_input_tokens)
  const output = sizeOf(info.max_output_tokens)
  const capabilities = liteLlmAbilities(info)
  return {
    id,
    upstream: upstreams.idOf(upstream, provider),
    ...(upstreamModel === id ? {} : { upstreamModel }),
    ...(kind === 'chat' ? {} : { kind }),
    prices: priced.of.get(id) ?? null,
    ...(input === null ? {} : { maxInputTokens: input }),
    ...(output === null ? {} : { maxOutputTokens: output }),
    ...(kind === 'chat' && capabilities !== null ? { capabilities } : {}),
    ...(Object.keys(parameters).length === 0 ? {} : { parameters }),
    ...(Object.keys(defaultParameters).length === 0 ? {} : { defaultParameters }),
    ...(region === null ? {} : { region }),
    ...(groups.length === 0 ? {} : { groups }),
  }
}
