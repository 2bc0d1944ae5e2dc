// One palette for the report, the dashboard and the playground.
import { modelColors } from '../../src/report/palette.js'

export { modelColors }

/** A model's mark: its colour, and from the ninth model on a dash that tells it from the one of the same colour. */
export interface ModelMark {
  readonly color: string
  readonly dash: readonly number[]
}

const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 3], [8, 3, 2, 3]]

/** Marks of models by id, the cheapest first. */
export function modelMarks(models: Parameters<typeof modelColors>[0]): (id: string) => ModelMark {
  const colors = modelColors(models)
  const seen = new Map<string, number>()
  const marks = new Map<string, ModelMark>()
  for (const { id } of models) {
    const color = colors(id)
    const turn = seen.get(color) ?? 0
    seen.set(color, turn + 1)
    marks.set(id, { color, dash: DASHES[turn % DASHES.length] ?? [] })
  }
  return (id) => marks.get(id) ?? { color: colors(id), dash: [2, 3] }
}
