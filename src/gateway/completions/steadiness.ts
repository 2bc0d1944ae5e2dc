import { LatestMap } from '../../base/latest-map.js'
import { MODELS_MAX } from './refusals.js'

/** Answers in a row by which a model answers as a rule. */
const ANSWERS_STEADY = 50
/** Answers to others between two failures of one client's requests, by which these are due to what it asks. */
const ANSWERS_TO_OTHERS = 5

/** Clients whose requests failed that are remembered of a model, each until it got as many answers as a steady model gives. */
const CLIENTS_MAX = 8

interface Failing {
  readonly client: string
  answers: number
}

/** What a model did since it last failed. */
interface Row {
  answers: number
  /** Whose requests failed, the latest last. */
  failing: readonly Failing[]
  /** Answers to all but those. */
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
      this.rows.set(model, { answers: 1, failing: [], answersToOthers: 0 })
      return
    }
    row.answers++
    const theirs = row.failing.find((each) => each.client === client)
    if (theirs === undefined) row.answersToOthers++
    else if (++theirs.answers >= ANSWERS_STEADY) row.failing = row.failing.filter((each) => each !== theirs)
  }

  /** @returns whether this failure says little of the model: the only one among many answers, or one more of clients whose requests fail */
  failed(model: string, client: string): boolean {
    const { answers, failing, answersToOthers } = this.rows.get(model) ?? NEW
    const others = failing.filter((each) => each.client !== client)
    const isTheirs = others.length < failing.length && answersToOthers >= ANSWERS_TO_OTHERS
    this.rows.set(model, {
      answers: isTheirs ? answers : 0,
      failing: [...others, { client, answers: 0 }].slice(-CLIENTS_MAX),
      answersToOthers: 0,
    })
    return isTheirs || answers >= ANSWERS_STEADY
  }
}

const NEW: Row = { answers: 0, failing: [], answersToOthers: 0 }
