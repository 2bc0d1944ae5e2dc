import { isRecord } from '../base/check.js'
import {
  CAPABILITIES,
  type Capability,
  LACKS,
  missingCapabilities,
  ParetoBanditError,
  type RunOptions,
} from '../index.js'
import { kindOf } from './given.js'

/** What models can do beyond text, by their ids in the router. Of those that are left out: everything. */
export type ModelCapabilities = Readonly<Record<string, readonly Capability[]>>

/**
 * Those of an option, checked.
 * @throws INVALID_ARGUMENT for what is no list of capabilities
 */
export function readCapabilities(given: ModelCapabilities | undefined): ModelCapabilities {
  if (given === undefined) return {}
  if (!isRecord(given))
    throw new ParetoBanditError(
      'INVALID_ARGUMENT',
      'capabilities',
      `expected an object of lists, got ${kindOf(given)}`,
    )
  for (const [id, list] of Object.entries(given)) {
    const isKnown = Array.isArray(list) && list.every((each) => CAPABILITIES.includes(each))
    if (!isKnown)
      throw new ParetoBanditError(
        'INVALID_ARGUMENT',
        `capabilities[${JSON.stringify(id)}]`,
        `expected a list of some of ${CAPABILITIES.join(', ')}, got ${JSON.stringify(list)?.slice(0, 100)}`,
      )
  }
  return given
}

/**
 * Options of a request without the models that cannot take it.
 * @param ids of all models that it could go to
 * @throws NO_ELIGIBLE_MODEL, `missing` says what each lacks, where none can
 */
export function onlyAble(
  run: RunOptions,
  ids: readonly string[],
  capabilities: ModelCapabilities,
  needs: ReadonlySet<Capability>,
): RunOptions {
  const { candidates, exclude = [] } = run
  const asked = ids.filter((id) => candidates?.includes(id) !== false && !exclude.includes(id))
  const lacking = asked.flatMap((id) => {
    const missing = missingOf(id, capabilities, needs)
    return missing.length === 0 ? [] : [[id, missing] as const]
  })
  if (lacking.length === 0) return run
  if (lacking.length < asked.length) return { ...run, exclude: [...exclude, ...lacking.map(([id]) => id)] }
  const reasons = lacking.map(([id, missing]) => `${id}: ${missing.map((each) => LACKS[each]).join(', ')}`)
  throw new ParetoBanditError(
    'NO_ELIGIBLE_MODEL',
    '',
    `no model can take this request. ${reasons.join('; ')}`,
    { missing: Object.fromEntries(lacking) },
  )
}

/** What a model lacks of what is needed. */
export function missingOf(
  id: string,
  capabilities: ModelCapabilities,
  needs: Iterable<Capability>,
): readonly Capability[] {
  return Object.hasOwn(capabilities, id) ? missingCapabilities(capabilities[id], needs) : []
}
