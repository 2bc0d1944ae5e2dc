import { checkString } from '../base/check.js'
import { ParetoBanditError, show } from '../base/errors.js'
import { nearest } from '../base/nearest.js'
import type { Model } from '../models/registry.js'
import type { RegistryView } from './policy-state.js'

/** @throws INVALID_ARGUMENT for what is no id; UNKNOWN_MODEL with the nearest id that is registered */
export function findModel(state: { readonly registry: RegistryView }, id: unknown, field: string): Model {
  const text = checkString(id, field)
  const model = state.registry.get(text)
  if (model !== undefined) return model
  const near = nearest(
    text,
    [...state.registry.models].map((known) => known.id),
  )
  const hint = near === undefined ? '' : `; did you mean '${near}'?`
  throw new ParetoBanditError('UNKNOWN_MODEL', field, `no model ${show(text)} is registered${hint}`)
}
