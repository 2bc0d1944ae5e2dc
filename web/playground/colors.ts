import { type ModelMark, modelMarks } from '../shared/palette.js'
import type { Base } from './messages.js'
import type { ModelSetting } from './play/setting.js'

/** More than any price: models that are added take the colours after those of the data, whatever they cost. */
const AFTER_ALL_USD = 1e15

/** Mark of each model by its id. A new price changes none. */
export function marksOf(bases: readonly Base[], models: readonly ModelSetting[]): (id: string) => ModelMark {
  const added = models
    .filter(({ id, base }) => id !== base)
    .map(({ id }, i) => ({ id, inputUsdPerMTok: AFTER_ALL_USD * (i + 1), outputUsdPerMTok: 0 }))
  return modelMarks([...bases, ...added])
}
