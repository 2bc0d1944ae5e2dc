import { ParetoBanditError, show } from '../base/errors.js'
import { nearest } from '../base/nearest.js'

/** A policy to evaluate: what was logged, chance among the eligible, always one model, or ridge regression at a price. */
export type TargetPolicy =
  | { readonly kind: 'logged'; readonly name: string }
  | { readonly kind: 'uniform'; readonly name: string }
  | { readonly kind: 'model'; readonly name: string; readonly model: number }
  | { readonly kind: 'ridge'; readonly name: string; readonly usdPerRequest: number }

const RIDGE = /^ridge@\+?((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)$/i

/**
 * Reads `logged`, `uniform`, `model:ID` or `ridge@USD`.
 * @param models ids of the log's models
 * @throws INVALID_ARGUMENT naming `field`; UNKNOWN_MODEL for a model that the log does not know
 */
export function parsePolicy(text: string, models: readonly string[], field = 'policy'): TargetPolicy {
  if (text === 'logged' || text === 'uniform') return { kind: text, name: text }
  if (text.startsWith('model:')) {
    const id = text.slice('model:'.length)
    const model = models.indexOf(id)
    if (model >= 0) return { kind: 'model', name: text, model }
    const near = nearest(id, models)
    const hint = near === undefined ? '' : `; did you mean '${near}'?`
    const message = `expected a model of the log (${models.join(', ')}), got ${show(id)}${hint}`
    throw new ParetoBanditError('UNKNOWN_MODEL', field, message)
  }
  const ridge = Number(RIDGE.exec(text)?.[1])
  if (ridge > 0 && Number.isFinite(ridge)) return { kind: 'ridge', name: text, usdPerRequest: ridge }
  const message = `expected logged, uniform, model:ID or ridge@USD with USD > 0, got ${show(text)}`
  throw new ParetoBanditError('INVALID_ARGUMENT', field, message)
}
