import { isRecord } from '../../../base/check.js'
import { type Json, listOf } from '../../../base/json.js'
import { type Mistake, pathText } from '../mistake.js'
import { upstream as upstreamShape } from '../upstream-shape.js'
import type { Findings } from './findings.js'
import { hasMember, toldName } from './old-names.js'
import { type Parameters, parametersOf } from './parameters.js'
import { type Provider, providerOf, reachOf } from './providers.js'
import { referenceIn, type SecretNames } from './secret-names.js'

/** Where a deployment is, as an entry of `upstreams` but for its id. */
export interface UpstreamTree {
  readonly protocol: 'openai' | 'ai-sdk'
  readonly baseUrl?: string
  readonly package?: string
  readonly apiKey?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly options?: Readonly<Record<string, string>>
}

/** An entry of `model_list` that can be called from here. */
export interface Deployment extends Parameters {
  /** Its `model_name`: what clients of LiteLLM call it, or it and others. */
  readonly name: string
  readonly provider: string
  readonly upstream: UpstreamTree
  readonly upstreamModel: string
  readonly kind: 'chat' | 'embeddings'
  /** What is known of it, as LiteLLM's price list has it: sizes, capabilities, prices. */
  readonly info: Json
  /** What LiteLLM's price list calls it. */
  readonly listName: string
  /** Where it stands in the old file. */
  readonly path: string
  readonly region: string | null
  /** Of keys that may use it. */
  readonly accessGroups: readonly string[]
}

export interface Reading {
  /** Where members of `litellm_params` stand that an entry has of a credential. */
  readonly places: ReadonlyMap<string, string>
  readonly secrets: SecretNames
  readonly findings: Findings
  readonly env: Readonly<Record<string, string | undefined>>
}

const URL_START = /^https?:\/\//
/** Nothing here serves them. */
const OTHER_MODES =
  /^(completion|image|audio|rerank|moderation|batch|realtime|video|search|ocr|vector|guardrail)/
const OTHER_NAMES = /(rerank|whisper|dall-e|gpt-image|tts|transcribe|moderation|realtime)/i

/** @param path `model_list[2]`. @returns a text: why it is left out */
export function readDeployment(entry: unknown, path: string, reading: Reading): Deployment | string {
  if (!isRecord(entry) || !isRecord(entry.litellm_params)) return 'it is no model with litellm_params'
  const { model_name: name, litellm_params: params } = entry
  if (typeof name !== 'string' || hasMember(name) || !isName(params.model))
    return 'it has no model_name, or no model'
  const reference = referenceIn(params.model)
  if (reference !== null)
    return `its model is in ${reference}, which is not set here: set it and convert again`
  // One model for any name is an alias; any model of a provider cannot be one.
  if ((name !== '*' && name.includes('*')) || params.model.includes('*'))
    return 'it stands for every model of its provider: name those that you use'
  const given = typeof params.custom_llm_provider === 'string' ? params.custom_llm_provider : null
  const found = providerOf(params.model, given)
  const provider = found === null ? null : reachOf(found)
  const said = isRecord(entry.model_info) ? entry.model_info : {}
  const info = { ...params, ...said, ...longestAnswerIn(said) }
  const kind = kindOf(info.mode, found?.model ?? params.model)
  if (kind === null) return 'it is no model for chats or embeddings'
  if (found === null || provider === null)
    return `its provider ${found === null ? 'cannot be told from its name' : `'${toldName(found.name)}' is not known here`}: add it by hand, as an upstream that speaks OpenAI's protocol or of a package of the AI SDK`
  if (kind === 'embeddings' && provider.protocol === 'ai-sdk')
    return `embeddings of ${found.name} are not reached from here`
  const upstream = upstreamOf(params, found.name, provider, path, reading)
  if (typeof upstream === 'string') return upstream
  const flaw = flawOf(upstream)
  if (flaw !== null) return flaw
  if (found.name === 'azure' && info.base_model === undefined && info.input_cost_per_token === undefined)
    reading.findings.toDo.push(
      `${path}: price lists do not know the name of a deployment: say under prices.models which model '${found.model}' is`,
    )
  if (
    params.litellm_credential_name !== undefined &&
    params.api_key === undefined &&
    reading.places.size === 0
  )
    reading.findings.toDo.push(
      `${path}: litellm_credential_name: no credential of the file has this name: write its apiKey`,
    )
  // Another provider may have a model of that name, at another price.
  const withProvider =
    given === null || params.model.includes('/') ? params.model : `${given}/${params.model}`
  const listName = isName(info.base_model) ? info.base_model : withProvider
  const region = typeof params.region_name === 'string' && REGION.test(params.region_name)
  if (params.region_name !== undefined && !region)
    reading.findings.changed.push(`${path}: region_name: not taken over, as it is no word`)
  const parameters = parametersOf(params, path, reading.findings)
  tellRest(entry, said, path, reading.findings)
  return {
    name,
    path,
    provider: found.name,
    upstream,
    upstreamModel: found.model,
    kind,
    ...parameters,
    info,
    listName,
    region: region ? String(params.region_name) : null,
    accessGroups: listOf(said.access_groups).filter((group) => isName(group)),
  }
}

const REGION = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
/** What says who an entry is, and what lists of prices have. */
const OF_INFO =
  /^(id|key|base_model|mode|access_groups|db_model|(created|updated)_(at|by)|litellm_provider|source|deprecation_date|metadata|max_(input|output|query)?_?tokens|tiered_pricing)$|cost|_per_|^support/

/** Of one number the length of an answer, where that of a prompt stands beside it; else nobody can tell. */
function longestAnswerIn({ max_tokens, max_input_tokens, max_output_tokens }: Json): Json {
  return max_output_tokens === undefined && max_input_tokens !== undefined && max_tokens !== undefined
    ? { max_output_tokens: max_tokens }
    : {}
}

/** Names what stands in an entry beside what it is called with. */
function tellRest(entry: Json, info: Json, path: string, findings: Findings): void {
  const isRead = (name: string) =>
    OF_INFO.test(name) && (name !== 'max_tokens' || info.max_input_tokens !== undefined)
  const ofInfo = Object.keys(info).filter((name) => !isRead(name))
  const beside = Object.keys(entry).filter((name) => !/^(model_name|litellm_params|model_info)$/.test(name))
  if (ofInfo.length > 0)
    findings.changed.push(`${path}.model_info: not taken over: ${ofInfo.map(toldName).join(', ')}`)
  if (beside.length > 0) findings.changed.push(`${path}: not taken over: ${beside.map(toldName).join(', ')}`)
}

/** Variables that are read for an entry though the file does not name them: where it has no key. */
export function unnamedVariables(entry: unknown): readonly string[] {
  const params = isRecord(entry) && isRecord(entry.litellm_params) ? entry.litellm_params : {}
  const { model, api_key: key, custom_llm_provider: given } = params
  if (!isName(model)) return []
  const found = providerOf(model, typeof given === 'string' ? given : null)
  if (found === null) return []
  const read = key === undefined || key === null ? [reachOf(found)?.keyName ?? []].flat() : []
  const ofPackage = Object.keys(OPTIONS[found.name] ?? {}).filter(
    (name) => isSecretOption(name) && typeof params[name] !== 'string',
  )
  return [...read, ...ofPackage.map((name) => name.toUpperCase())]
}

/** What the new file takes for the name of a model elsewhere. */
function isName(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    /^[^\p{Cc}\p{Zl}\p{Zp}]{1,200}$/u.test(value) &&
    value.trim() !== '' &&
    !hasMember(value)
  )
}

function kindOf(mode: unknown, model: string): Deployment['kind'] | null {
  if (mode === 'chat' || mode === 'responses') return 'chat'
  if (mode === 'embedding') return 'embeddings'
  if ((typeof mode === 'string' && OTHER_MODES.test(mode)) || OTHER_NAMES.test(model)) return null
  return /embed/i.test(model) ? 'embeddings' : 'chat'
}

/** What the shape of the new file has against it; null: nothing. */
function flawOf(upstream: UpstreamTree): string | null {
  const mistakes: Mistake[] = []
  upstreamShape.read({ id: 'upstream', ...upstream }, [], { env: null, mistakes })
  return mistakes.length === 0
    ? null
    : mistakes.map(({ path, message }) => `${pathText(path)}: ${message}`).join('; ')
}

function upstreamOf(
  params: Json,
  name: string,
  provider: Provider,
  path: string,
  reading: Reading,
): UpstreamTree | string {
  const { secrets, findings, env } = reading
  const given = params.api_base ?? params.base_url
  const reference = referenceIn(given)
  const address = reference === null ? given : env[reference]
  if (reference !== null && address === undefined)
    return `its address is in ${reference}, which is not set here: set it and convert again`
  const hasAddress = typeof address === 'string' && address !== ''
  if (!hasAddress && provider.baseUrl === null) return 'it has no api_base'
  if (hasAddress && !(URL_START.test(address) && URL.canParse(address) && !/\s/.test(address.trim())))
    return 'its api_base is no URL'
  const isOwn = hasAddress && ownUrl(address, name, provider) !== provider.baseUrl
  // A key of the provider's own is not sent to another server, unless the file says so.
  const wanted = isOwn && provider.baseUrl !== null ? null : provider.keyName
  const fallback = `${name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}_API_KEY`
  const apiKey = secrets.nameOf(params.api_key, placeOf('api_key', path, reading), wanted, fallback)
  if (isOwn && params.api_key === undefined && provider.keyName !== null && wanted === null)
    findings.changed.push(
      `${path}: no key is sent to ${new URL(address).host}: LiteLLM sent ${provider.keyName} where that was set`,
    )
  if (hasAddress) tellRestOf(address, path, findings)
  const options = optionsOf(params, name, path, reading)
  const headers = headersOf(params, path, reading)
  return {
    protocol: provider.protocol,
    ...(provider.package === null ? {} : { package: provider.package }),
    ...(isOwn
      ? { baseUrl: ownUrl(address, name, provider) }
      : provider.package === null
        ? { baseUrl: provider.baseUrl ?? '' }
        : {}),
    ...(apiKey === null ? {} : { apiKey }),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    ...(Object.keys(options).length === 0 ? {} : { options }),
  }
}

function placeOf(name: string, path: string, { places }: Reading): string {
  return places.get(name) ?? `${path}.litellm_params.${name}`
}

/** What stands at the end of addresses and is written otherwise here: paths of Azure's deployments, and Ollama's own. */
const AS_CALLED: Readonly<Record<string, RegExp>> = {
  azure: /\/openai(\/deployments\/.*)?$/,
  ollama: /\/api(\/(chat|generate|embed|embeddings))?$/,
  ollama_chat: /\/api(\/(chat|generate|embed|embeddings))?$/,
}

/** Without what the gateway adds, a query or a slash at its end. */
function ownUrl(address: string, name: string, { path }: Provider): string {
  const { origin, pathname } = new URL(address)
  const base = `${origin}${pathname}`
    .replace(/\/+$/, '')
    .replace(/\/(chat\/completions|completions|responses|embeddings|messages)$/, '')
    .replace(AS_CALLED[name] ?? /$^/, '')
    .replace(/\/+$/, '')
  return path === '' || base.endsWith('/v1') ? base : `${base}${path}`
}

/** What of an address is in no new file: it may be a secret. */
function tellRestOf(address: string, path: string, findings: Findings): void {
  const { username, password, searchParams } = new URL(address)
  const names = [...new Set(searchParams.keys())].filter((name) => name !== 'api-version').map(toldName)
  const parts = [
    ...(username === '' && password === '' ? [] : ['the user and password']),
    ...(names.length === 0 ? [] : [`the query (${names.join(', ')})`]),
  ]
  if (parts.length > 0) findings.changed.push(`${path}: of its api_base not taken over: ${parts.join(', ')}`)
}

/** What a package of the AI SDK is told, by LiteLLM's words for it. */
const AWS = {
  aws_region_name: 'region',
  aws_access_key_id: 'accessKeyId',
  aws_secret_access_key: 'secretAccessKey',
  aws_session_token: 'sessionToken',
}
const OPTIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  vertex_ai: { vertex_project: 'project', vertex_location: 'location' },
  bedrock: AWS,
  bedrock_converse: AWS,
}

/** The package reads the variable of its name where it is not told. */
function isSecretOption(name: string): boolean {
  return /key|token/.test(name)
}

function optionsOf(params: Json, name: string, path: string, reading: Reading): Record<string, string> {
  const words = OPTIONS[name] ?? {}
  const options: Record<string, string> = {}
  for (const [theirs, ours] of Object.entries(words)) {
    const value = params[theirs]
    if (typeof value !== 'string' || value === '') continue
    const isSecret = isSecretOption(theirs) || hasMember(value)
    const named = isSecret || referenceIn(value) !== null
    options[ours] = named
      ? (reading.secrets.nameOf(value, placeOf(theirs, path, reading), null, theirs.toUpperCase()) ?? '')
      : value
  }
  return options
}

/** Not those of the connection, which the gateway writes itself. */
const HEADER_NAME =
  /^(?!(host|connection|keep-alive|transfer-encoding|te|trailer|upgrade|expect|content-.*|accept-encoding|proxy-.*)$)[a-z][a-z0-9-]{0,99}$/i

/** Headers by name in small letters. A value that stands in the file is taken for a secret. */
function headersOf(params: Json, path: string, { secrets, findings }: Reading): Record<string, string> {
  const headers: Record<string, string> = {}
  const given = {
    ...(isRecord(params.headers) ? params.headers : {}),
    ...(isRecord(params.extra_headers) ? params.extra_headers : {}),
  }
  if (params.organization !== undefined) given['openai-organization'] = params.organization
  for (const [name, value] of Object.entries(given)) {
    if (!HEADER_NAME.test(name)) {
      findings.changed.push(`${path}: header ${toldName(name)}: not taken over`)
      continue
    }
    const fallback = `HEADER_${name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`
    const reference = secrets.nameOf(value, `${path}.litellm_params: header ${name}`, null, fallback)
    if (reference !== null) headers[name.toLowerCase()] = reference
  }
  return headers
}
