import { LatestMap } from '../../base/latest-map.js'
import { MODELS_MAX } from './refusals.js'

/** Answers in a row by which a model answers as a rule. */
const ANSWERS_STEADY = 50
/** Answers to others between two failures of one client's requests, by which these are due to what it asks. */
const ANSWERS_TO_OTHERS = 5

/** Clients whose requests failed that are remembered of a model. */
const CLIENTS_MAX = 8

/** What a model did since it last failed. */
interface Row {
  answers: number
  /** Whose requests failed, the latest last. */
  failedFor: readonly string[]
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
      this.rows.set(model, { answers: 1, failedFor: [], answersToOthers: 0 })
      return
    }
    row.answers++
    if (!row.failedFor.includes(client)) row.answersToOthers++
  }

  /** @returns whether this failure says little of the model: the only one among many answers, or one more of clients whose requests fail */
  failed(model: string, client: string): boolean {
    const { answers, failedFor, answersToOthers } = this.rows.get(model) ?? NEW
    const isTheirs = failedFor.includes(client) && answersToOthers >= ANSWERS_TO_OTHERS
    const clients = [...failedFor.filter((each) => each !== client), client].slice(-CLIENTS_MAX)
    this.rows.set(model, { answers: isTheirs ? answers : 0, failedFor: clients, answersToOthers: 0 })
    return isTheirs || answers >= ANSWERS_STEADY
  }
}

const NEW: Row = { answers: 0, failedFor: [], answersToOthers: 0 }
