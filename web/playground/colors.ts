import { modelColors } from '../../src/report/palette.js'
import type { Base } from './messages.js'
import type { ModelSetting } from './play/setting.js'

/** More than any price: models that are added take the colours after those of the data, whatever they cost. */
const AFTER_ALL_USD = 1e15

/** Colour of each model by its id. A new price changes no colour. */
export function colorsOf(bases: readonly Base[], models: readonly ModelSetting[]): (id: string) => string {
  const added = models
    .filter(({ id, base }) => id !== base)
    .map(({ id }, i) => ({ id, inputUsdPerMTok: AFTER_ALL_USD * (i + 1), outputUsdPerMTok: 0 }))
  return modelColors([...bases, ...added])
}
