import { LatestMap } from '../../base/latest-map.js'
import { MODELS_MAX } from './refusals.js'

/** Answers in a row by which a model answers as a rule. */
const ANSWERS_STEADY = 50
/** Answers to others between two failures of one client's requests, by which these are due to what it asks. */
const ANSWERS_TO_OTHERS = 5

/** What a model did since it last failed. */
interface Row {
  answers: number
  /** Whose request failed. */
  failedFor: string | null
  answersToOthers: number
}

/**
 * Which models answer as a rule, of this process. All providers fail now and then: under load a model that fails one call in 200 would be
 * paused for half of the time. And a client whose prompts make a provider fail is no reason to pause the model for all others, whom it answers.
 */
export class Steadiness {
  private readonly rows = new LatestMap<string, Row>(MODELS_MAX)

  /** @param client whose request it was: a tenant, or a key of none */
  answered(model: string, client: string): void {
    const row = this.rows.get(model)
    if (row === undefined) {
      this.rows.set(model, { answers: 1, failedFor: null, answersToOthers: 0 })
      return
    }
    row.answers++
    if (row.failedFor !== client) row.answersToOthers++
  }

  /** @returns whether this failure says little of the model: the only one among many answers, or of one client's requests alone */
  failed(model: string, client: string): boolean {
    const row = this.rows.get(model)
    const isOnlyTheirs = row?.failedFor === client && row.answersToOthers >= ANSWERS_TO_OTHERS
    const answers = row?.answers ?? 0
    this.rows.set(model, { answers: isOnlyTheirs ? answers : 0, failedFor: client, answersToOthers: 0 })
    return isOnlyTheirs || answers >= ANSWERS_STEADY
  }
}
