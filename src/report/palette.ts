import { blendedUsdPerKTok, type ModelSpec } from '../models/model.js'

/** Okabe and Ito's colours, which stay apart for colour-blind readers, in an order that also varies in lightness. */
const MODEL_COLORS = ['#56b4e9', '#009e73', '#e69f00', '#cc79a7', '#d55e00', '#0072b2', '#b8a800', '#8c8c8c']
/** Colours of budgets, tight to loose: page variables, since light and dark pages need different ramps. */
const BUDGET_STEPS = 7

/** Colour of a model by its id: the cheapest by list price takes the first. */
export function modelColors(models: readonly ModelSpec[]): (modelId: string) => string {
  const byPrice = models.slice().sort((a, b) => blendedUsdPerKTok(a) - blendedUsdPerKTok(b))
  const colors = new Map(byPrice.map((model, i) => [model.id, MODEL_COLORS[i % MODEL_COLORS.length]]))
  return (id) => colors.get(id) ?? '#8c8c8c'
}

/** Colour of the i-th of `count` budgets, as a CSS variable. */
export function budgetColor(i: number, count: number): string {
  const step = count <= 1 ? 3 : Math.round((i * (BUDGET_STEPS - 1)) / (count - 1))
  return `var(--b${Math.min(BUDGET_STEPS - 1, step)})`
}
