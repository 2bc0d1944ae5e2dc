import { LatestMap } from '../../base/latest-map.js'
import { MODELS_MAX } from './refusals.js'

/** Prompts in a row that may have been blocked for what stood in them. */
const BLOCKED_EXCUSED = 10

/** How often in a row a model has read a prompt, for its price, and given no answer. */
export class Unanswered {
  private readonly rows = new LatestMap<string, number>(MODELS_MAX)

  /** @returns whether it counts as a failure of the model, whatever is asked of it */
  add(model: string): boolean {
    const count = (this.rows.get(model) ?? 0) + 1
    this.rows.set(model, count)
    return count > BLOCKED_EXCUSED
  }

  /** The model has answered. */
  end(model: string): void {
    this.rows.delete(model)
  }
}
