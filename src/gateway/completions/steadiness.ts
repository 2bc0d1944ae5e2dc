import { LatestMap } from '../../base/latest-map.js'
import { MODELS_MAX } from './refusals.js'

/** Answers in a row by which a model answers as a rule. */
const ANSWERS_STEADY = 50

/**
 * Which models answer as a rule, of this process. All providers fail now and then: under load a model that fails one call in 200 would be
 * paused for half of the time.
 */
export class Steadiness {
  private readonly answers = new LatestMap<string, number>(MODELS_MAX)

  answered(model: string): void {
    const count = this.answers.get(model) ?? 0
    if (count < ANSWERS_STEADY) this.answers.set(model, count + 1)
  }

  /** @returns whether this failure is the only one among many answers */
  failed(model: string): boolean {
    const count = this.answers.get(model) ?? 0
    this.answers.delete(model)
    return count >= ANSWERS_STEADY
  }
}
