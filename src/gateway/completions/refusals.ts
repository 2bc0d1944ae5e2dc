import { LatestMap } from '../../base/latest-map.js'

/** Refusals in a row that may be due to what clients asked; further ones are failures of the model. */
const EXCUSED = 3
/** Models whose refusals are counted: a config has fewer, but models come and go. */
const MODELS_MAX = 10_000

/** How often in a row the provider of a model refused the key, the account or the name of the model. */
export class Refusals {
  private readonly inRow = new LatestMap<string, number>(MODELS_MAX)

  /** @returns whether it counts as a failure of the model */
  add(model: string): boolean {
    const count = (this.inRow.get(model) ?? 0) + 1
    this.inRow.set(model, count)
    return count > EXCUSED
  }

  /** The model has answered. */
  end(model: string): void {
    this.inRow.delete(model)
  }
}
