import { priceOf, type ResolvedModelSpec } from '../models/model.js'
import { priceListOf } from '../models/price-list.js'
import { dollarsText, type OptionItem, type SaidOptions } from '../policy/option-item.js'
import type { ResolvedOptions, RouterOptions } from '../policy/options.js'
import type { Policy } from '../policy/policy.js'
import type { RouterParts } from '../router/parts.js'
import type { RoutingState } from '../state/routing-state.js'

/** As a policy's, but for how it is made so. */
export interface LogItem extends Omit<OptionItem, 'command'> {
  /** Null for what options do not change, whatever they say: a command alone does, in words. */
  readonly make: (() => void) | null
  readonly hint?: string
  /** What becomes of a model by it. */
  readonly model?: { readonly id: string; readonly isEnabled: boolean }
}

interface Given {
  readonly parts: RouterParts
  readonly policy: Policy
  readonly given: RouterOptions
  readonly options: ResolvedOptions
}

/**
 * What options say, beside what a log has.
 * @param state the log's
 * @param ttlMs how long feedback was waited for as of the log's last start
 */
export async function optionItems(
  { parts, policy, given, options }: Given,
  state: RoutingState,
  said: SaidOptions,
  ttlMs: number,
): Promise<LogItem[]> {
  const { admin, committer } = parts
  const items: LogItem[] = []
  if (given.budget !== undefined) {
    const { budgetUsdPerRequest: usd } = options
    const found = dollarsText(state.cost.usdPerRequest)
    const make = () => admin.setBudget(usd === null ? null : { usdPerRequest: usd }, undefined)
    items.push({ option: 'budget', field: 'budget.usdPerRequest', given: dollarsText(usd), found, make })
  }
  if (given.models !== undefined)
    for (const each of modelItems(parts, options.models, state)) items.push(each)
  const { pendingTtlMs } = options
  if (given.pendingTtlMs !== undefined) {
    const make = () => {
      committer.pendingTtlMs = pendingTtlMs
    }
    const [now, before] = [String(pendingTtlMs), String(ttlMs)]
    items.push({ option: 'pendingTtlMs', field: 'pendingTtlMs', given: now, found: before, make })
  }
  const policyItems = (await policy.optionItems?.())?.(state, given, said) ?? []
  for (const { command, ...item } of policyItems) items.push({ ...item, make: () => admin.carryOut(command) })
  return items
}

/**
 * A model that is gone is disabled: what was learned of it is there when it comes back, but one
 * that an operator took out comes back by a command alone.
 */
function* modelItems(
  { admin }: RouterParts,
  models: readonly ResolvedModelSpec[],
  { registry }: RoutingState,
): Generator<LogItem> {
  for (const spec of models) {
    const { id } = spec
    const model = registry.get(id)
    const item = { option: 'models', field: fieldOf(id), given: priceListOf(priceOf(spec)).text } as const
    const make = () => (model === undefined ? admin.addModel(spec, {}) : admin.reprice(id, priceOf(spec)))
    const added = model === undefined ? { model: { id, isEnabled: true } } : {}
    yield { ...item, found: model?.prices.text ?? null, make, ...added }
    if (model?.disabledBy.includes('options') === true)
      yield {
        ...item,
        found: 'left out by earlier options',
        make: () => admin.enable(id, { by: 'options' }),
        model: { id, isEnabled: model.disabledBy.length === 1 },
      }
    if (model?.disabledBy.includes('operator') === true) {
      const found = registry.draining.has(model) ? 'being removed by an operator' : 'disabled by an operator'
      yield { ...item, found, make: null, hint: `only enable(${JSON.stringify(id)}) puts it back` }
    }
  }
  const ids = new Set(models.map(({ id }) => id))
  for (const { id, enabled, prices } of registry.models) {
    if (ids.has(id) || !enabled) continue
    const make = () => admin.disable(id, { by: 'options' })
    const model = { id, isEnabled: false }
    yield { option: 'models', field: fieldOf(id), given: null, found: prices.text, make, model }
  }
}

function fieldOf(id: string): string {
  return `models[${JSON.stringify(id)}]`
}
