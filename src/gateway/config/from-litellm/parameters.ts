import { isRecord } from '../../../base/check.js'
import { type Json, listOf } from '../../../base/json.js'
import { parameters as parameterShape } from '../json-shape.js'
import { WRONG } from '../shape.js'
import type { Findings } from './findings.js'
import { hasSecretMember, toldName } from './old-names.js'
import { referenceIn } from './secret-names.js'

/** Members of requests that a deployment sets for all of them. */
const OF_REQUESTS: ReadonlySet<string> = new Set([
  ...['temperature', 'top_p', 'top_k', 'max_tokens', 'max_completion_tokens', 'max_output_tokens', 'stop'],
  ...['frequency_penalty', 'presence_penalty', 'logit_bias', 'reasoning_effort', 'verbosity', 'thinking'],
  ...['response_format', 'tools', 'tool_choice', 'parallel_tool_calls', 'service_tier', 'dimensions'],
  ...['seed', 'user'],
])

/** What stands elsewhere in the new file, and what LiteLLM alone acts on. */
const READ: ReadonlySet<string> = new Set([
  ...['model', 'api_key', 'api_base', 'base_url', 'api_version', 'custom_llm_provider', 'organization'],
  ...['extra_headers', 'extra_body', 'additional_drop_params', 'base_model', 'mode', 'id'],
  ...['vertex_project', 'vertex_location', 'aws_region_name', 'aws_access_key_id', 'aws_secret_access_key'],
  ...['aws_session_token', 'stream', 'use_in_pass_through', 'region_name', 'headers'],
  ...['litellm_credential_name'],
])
/** Limits of one deployment: keys have them here, models do not. */
const LIMITS: ReadonlySet<string> = new Set([
  ...['rpm', 'tpm', 'timeout', 'stream_timeout', 'max_parallel_requests', 'max_budget', 'budget_duration'],
])
/** What is the same for all models here, and why. */
const OF_ALL: readonly (readonly [readonly string[], string])[] = [
  [['weight', 'order'], 'the router decides by rewards and costs'],
  [['max_retries', 'num_retries'], 'retries are the same for all models'],
  [['drop_params'], 'a model that does not take a member is passed over for those that do'],
]
/** How else one shows who one is. */
const LOGINS: readonly (readonly [RegExp, string])[] = [
  [
    /^vertex_(ai_)?credentials$/,
    'the package reads those of the environment: set GOOGLE_APPLICATION_CREDENTIALS to the path of a file',
  ],
  [
    /^aws_(role_name|session_name|profile_name|web_identity_token|sts_endpoint|external_id)$/,
    'the package reads AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN',
  ],
  [
    /^(azure_ad_token|azure_scope|tenant_id|client_id|client_secret|azure_)/,
    'Azure takes a key here: write its apiKey',
  ],
]
/** Prices, and what prices of a list say. */
const OF_LISTS = /cost|_per_|^supports_|^max_input_tokens$|^tiered_pricing$|^mock_/

/** As an entry of `models` has them. */
export interface Parameters {
  readonly parameters: Json
  /** In force where a client says nothing of the same. */
  readonly defaultParameters: Json
}

/** The parameters of a model; what is not known here is named. */
export function parametersOf(params: Json, path: string, findings: Findings): Parameters {
  const found = new Map<string, unknown>()
  const unsaid = new Map<string, unknown>()
  const unknown: string[] = []
  const limits: string[] = []
  const ofAll = OF_ALL.map(([names, why]) => [names.filter((name) => name in params), why] as const)
  const logins = LOGINS.map(
    ([pattern, what]) => [Object.keys(params).filter((name) => pattern.test(name)), what] as const,
  )
  const told = new Set([...ofAll, ...logins].flatMap(([names]) => names))
  for (const [name, value] of Object.entries(params)) {
    if (OF_REQUESTS.has(name)) unsaid.set(name, value)
    else if (LIMITS.has(name)) limits.push(name)
    else if (!READ.has(name) && !OF_LISTS.test(name) && !told.has(name)) unknown.push(name)
  }
  for (const [name, value] of Object.entries(isRecord(params.extra_body) ? params.extra_body : {}))
    found.set(name, value)
  for (const name of listOf(params.additional_drop_params))
    if (typeof name === 'string') found.set(name, null)
  for (const each of [unsaid, found])
    for (const [name, value] of each) {
      if (isTaken(name, value) && !holdsSecret(name, value) && !holdsReference(value)) continue
      each.delete(name)
      unknown.push(name)
    }
  if (limits.length > 0)
    findings.changed.push(
      `${path}: ${limits.join(', ')}: limits are set for keys (requestsPerMinute, tokensPerMinute), timeouts for all models`,
    )
  for (const [names, why] of ofAll)
    if (names.length > 0) findings.changed.push(`${path}: ${names.join(', ')}: ${why}`)
  for (const [names, what] of logins)
    if (names.length > 0) findings.toDo.push(`${path}: ${names.map(toldName).join(', ')}: ${what}`)
  if (unknown.length > 0)
    findings.changed.push(`${path}.litellm_params: not taken over: ${unknown.map(toldName).join(', ')}`)
  return { parameters: Object.fromEntries(found), defaultParameters: Object.fromEntries(unsaid) }
}

/** Names of what servers ask for in a body to know who calls. `max_tokens` is not one. */
const SECRET_NAME = /key$|token$|auth|secret|passw|credential|signature|cookie/i

/** A text under such a name, however deep: it is not copied. */
function holdsSecret(name: string, value: unknown): boolean {
  if (typeof value === 'string') return SECRET_NAME.test(name) || hasSecretMember(value)
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([inner, each]) => holdsSecret(Array.isArray(value) ? name : inner, each))
}

/** What LiteLLM reads of the environment would be a text here. */
function holdsReference(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('os.environ/') && referenceIn(value) !== null
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsReference)
}

/** The shape of the new file is asked itself. */
function isTaken(name: string, value: unknown): boolean {
  const parameter = Object.fromEntries([[name, value]])
  return parameterShape.read(parameter, [], { env: null, mistakes: [] }) !== WRONG
}
