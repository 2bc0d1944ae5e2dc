import { isRecord } from '../../../base/check.js'
import { type Json, objectsOf } from '../../../base/json.js'
import { referenceIn } from './secret-names.js'

type Environment = Readonly<Record<string, string | undefined>>

/** An entry of `model_list` with what it takes from elsewhere in the file. */
export interface WholeEntry {
  readonly entry: unknown
  /** Where members of its `litellm_params` stand that are not its own. */
  readonly places: ReadonlyMap<string, string>
}

/** An entry that is called by the name in a variable, if that is set. */
function withModel(entry: unknown, env: Environment): unknown {
  const params = isRecord(entry) && isRecord(entry.litellm_params) ? entry.litellm_params : {}
  const reference = referenceIn(params.model)
  const model = reference === null ? undefined : env[reference]
  if (model === undefined) return entry
  return { ...objectsOf([entry])[0], litellm_params: { ...params, model } }
}

/** What it has not itself an entry has of the credential that it names. */
export function wholeEntry(given: unknown, file: Json, env: Environment): WholeEntry {
  const entry = withModel(given, env)
  const own = isRecord(entry) && isRecord(entry.litellm_params) ? entry.litellm_params : null
  const wanted = own?.litellm_credential_name
  const credentials = Array.isArray(file.credential_list) ? file.credential_list : []
  const i = credentials.findIndex((each) => isRecord(each) && each.credential_name === wanted)
  const found: unknown = credentials[i]
  if (own === null || wanted === undefined || !isRecord(found) || !isRecord(found.credential_values))
    return { entry, places: new Map() }
  const values = found.credential_values
  const names = Object.keys(values).filter((name) => own[name] === undefined || own[name] === null)
  const taken = Object.fromEntries(names.map((name) => [name, values[name]]))
  return {
    entry: { ...objectsOf([entry])[0], litellm_params: { ...own, ...taken } },
    places: new Map(names.map((name) => [name, `credential_list[${i}].credential_values.${name}`])),
  }
}

/** The environment as the old file made it. */
export function environmentOf(file: Json, env: Environment): Environment {
  const given = isRecord(file.environment_variables) ? file.environment_variables : {}
  const set = Object.entries(given).flatMap(([name, value]) => {
    const reference = referenceIn(value)
    if (reference !== null) return [[name, env[reference]] as const]
    return typeof value === 'string' ? [[name, value] as const] : []
  })
  return { ...env, ...Object.fromEntries(set) }
}

/** Files that a file names under `include`. */
export function includesOf(file: unknown): readonly string[] {
  const given = isRecord(file) ? file.include : undefined
  return (Array.isArray(given) ? given : []).filter((name): name is string => typeof name === 'string')
}

/** A file with those that it includes: lists grow by theirs, of all else the last one counts, as LiteLLM has it. */
export function withIncluded(file: unknown, included: readonly unknown[]): unknown {
  if (!isRecord(file) || included.length === 0) return file
  const whole: Record<string, unknown> = { ...file }
  delete whole.include
  for (const each of included)
    for (const [name, value] of Object.entries(isRecord(each) ? each : {})) {
      const before = whole[name]
      whole[name] = Array.isArray(before) && Array.isArray(value) ? [...before, ...value] : value
    }
  return whole
}
