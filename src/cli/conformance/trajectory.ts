import {
  checkAmount,
  checkArray,
  checkFinite,
  checkInRange,
  checkInteger,
  checkOneOf,
  checkPositive,
  checkRecord,
  checkString,
  checkVector,
  copyContext,
  DIMENSION_MAX,
} from '../../base/check.js'
import { expected, ParetoBanditError } from '../../base/errors.js'
import { checkModelSpec, checkModelSpecs, type ModelPrice, type ModelSpec } from '../../models/model.js'
import { PACER_MODES, type PacerMode } from '../../policy/paper/settings.js'

/** A change of the models, applied before the request of step `at`. */
export type RecordedEvent = { readonly at: number; readonly id: string } & (
  | { readonly op: 'add' | 'reprice'; readonly price: ModelPrice }
  | { readonly op: 'remove' }
)

/** What came back for the request of an earlier step, or of this one. */
export interface RecordedFeedback {
  readonly step: number
  readonly reward: number
  readonly costUsd: number
}

export interface RecordedStep {
  readonly model: string
  /** Score of the chosen model. */
  readonly utility: number
  readonly feedback: readonly RecordedFeedback[]
  /** Shadow price and running mean cost after the feedback, or null without a budget. */
  readonly lambda: number | null
  readonly costEma: number | null
}

/** Statistics of an arm after the last step. */
export interface RecordedArm {
  readonly theta: readonly number[]
  readonly traceAinv: number
  readonly diagAinv: readonly number[]
  readonly lastUpdate: number
  readonly lastPlayed: number
  readonly regularization: number
}

/** Offline statistics of one model: the packed upper triangle of A_off by rows, and b_off. */
interface RecordedPrior {
  readonly precision: readonly number[]
  readonly response: readonly number[]
}

/** A run of the published implementation on synthetic contexts, step by step (test/golden/README.md). */
export interface Trajectory {
  readonly name: string
  readonly dimension: number
  readonly alpha: number
  readonly gamma: number
  readonly costPenalty: number
  readonly initLambda: number
  readonly budget: { readonly usdPerRequest: number; readonly mode: PacerMode } | null
  readonly models: readonly ModelSpec[]
  readonly prior: { readonly nEffective: number; readonly models: readonly RecordedPrior[] } | null
  readonly events: readonly RecordedEvent[]
  readonly contexts: readonly (readonly number[])[]
  readonly steps: readonly RecordedStep[]
  readonly final: ReadonlyMap<string, RecordedArm>
}

/**
 * Reads a recorded trajectory.
 * @param value what JSON.parse gave
 * @param file how errors call it
 * @throws INVALID_ARGUMENT, DIMENSION_MISMATCH, DUPLICATE_MODEL, UNKNOWN_OPTION naming file and field
 */
export function readTrajectory(value: unknown, file: string): Trajectory {
  const record = checkRecord(value, file)
  const at = (key: string): string => `${file}: ${key}`
  const dimension = checkInteger(record.dimension, 1, DIMENSION_MAX, at('dimension'))
  const models = checkModelSpecs(record.models, at('models'))
  const contexts = checkArray(record.contexts, at('contexts')).map((context, i) =>
    readContext(context, dimension, at(`contexts[${i}]`)),
  )
  const budget = readBudget(record, at)
  const steps = checkArray(record.steps, at('steps'))
  if (steps.length !== contexts.length) {
    throw expected('INVALID_ARGUMENT', at('steps'), `one step a context, ${contexts.length}`, steps)
  }
  return {
    name: checkString(record.name, at('name')),
    dimension,
    alpha: checkAmount(record.alpha, at('alpha')),
    gamma: checkInRange(record.gamma, 0, 1, at('gamma')),
    costPenalty: checkAmount(record.costPenalty, at('costPenalty')),
    initLambda: checkPositive(record.initLambda, at('initLambda')),
    budget,
    models,
    prior: readPrior(record.prior, dimension, models.length, at('prior')),
    events: checkArray(record.events ?? [], at('events')).map((event, i) =>
      readEvent(event, steps.length, at(`events[${i}]`)),
    ),
    contexts,
    steps: steps.map((step, i) => readStep(step, i, budget !== null, at(`steps[${i}]`))),
    final: new Map(
      Object.entries(checkRecord(record.final, at('final'))).map(([id, arm]) => [
        id,
        readArm(arm, dimension, at(`final[${JSON.stringify(id)}]`)),
      ]),
    ),
  }
}

function readBudget(record: Record<string, unknown>, at: (key: string) => string): Trajectory['budget'] {
  const { budgetUsdPerRequest, mode } = record
  if (budgetUsdPerRequest === null || budgetUsdPerRequest === undefined) return null
  return {
    usdPerRequest: checkPositive(budgetUsdPerRequest, at('budgetUsdPerRequest')),
    mode: checkOneOf(mode, PACER_MODES, at('mode')),
  }
}

function readContext(value: unknown, dimension: number, field: string): number[] {
  const copy = new Float64Array(dimension)
  copyContext(checkVector(value, field), dimension, copy, 0, field)
  return Array.from(copy)
}

/** Row-major symmetric matrices, one a model, in the order of the models. */
function readPrior(value: unknown, dimension: number, count: number, field: string): Trajectory['prior'] {
  if (value === null || value === undefined) return null
  const record = checkRecord(value, field)
  const models = checkArray(record.models, `${field}.models`)
  if (models.length !== count) {
    throw expected('INVALID_ARGUMENT', `${field}.models`, `one entry a model, ${count}`, models)
  }
  return {
    nEffective: checkPositive(record.nEffective, `${field}.nEffective`),
    models: models.map((entry, m) => {
      const at = `${field}.models[${m}]`
      const { A, b } = checkRecord(entry, at)
      const matrix = readNumbers(A, dimension * dimension, `${at}.A`)
      const precision: number[] = []
      for (let i = 0; i < dimension; i++)
        precision.push(...matrix.slice(i * dimension + i, (i + 1) * dimension))
      return { precision, response: readNumbers(b, dimension, `${at}.b`) }
    }),
  }
}

function readEvent(value: unknown, steps: number, field: string): RecordedEvent {
  const record = checkRecord(value, field)
  const at = checkInteger(record.at, 0, steps - 1, `${field}.at`)
  const op = checkOneOf(record.op, ['add', 'remove', 'reprice'] as const, `${field}.op`)
  const id = checkString(record.id, `${field}.id`)
  if (op === 'remove') return { at, op, id }
  const [inputUsdPerMTok, outputUsdPerMTok] = readNumbers(record.price, 2, `${field}.price`)
  const spec = checkModelSpec({ id, inputUsdPerMTok, outputUsdPerMTok }, `${field}.price`)
  return {
    at,
    op,
    id,
    price: { inputUsdPerMTok: spec.inputUsdPerMTok, outputUsdPerMTok: spec.outputUsdPerMTok },
  }
}

function readStep(value: unknown, index: number, paced: boolean, field: string): RecordedStep {
  const record = checkRecord(value, field)
  return {
    model: checkString(record.model, `${field}.model`),
    utility: checkFinite(record.utility, `${field}.utility`),
    feedback: checkArray(record.feedback, `${field}.feedback`).map((entry, i) =>
      readFeedback(entry, index, `${field}.feedback[${i}]`),
    ),
    lambda: paced ? checkFinite(record.lambda_, `${field}.lambda_`) : null,
    costEma: paced ? checkFinite(record.costEma, `${field}.costEma`) : null,
  }
}

function readFeedback(value: unknown, index: number, field: string): RecordedFeedback {
  const [step, reward, costUsd] = readNumbers(value, 3, field)
  return {
    step: checkInteger(step, 0, index, `${field}[0]`),
    reward,
    costUsd: checkAmount(costUsd, `${field}[2]`),
  }
}

function readArm(value: unknown, dimension: number, field: string): RecordedArm {
  const record = checkRecord(value, field)
  return {
    theta: readNumbers(record.theta, dimension, `${field}.theta`),
    traceAinv: checkFinite(record.traceAinv, `${field}.traceAinv`),
    diagAinv: readNumbers(record.diagAinv, dimension, `${field}.diagAinv`),
    lastUpdate: checkFinite(record.lastUpdate, `${field}.lastUpdate`),
    lastPlayed: checkFinite(record.lastPlayed, `${field}.lastPlayed`),
    regularization: checkFinite(record.regularization, `${field}.regularization`),
  }
}

function readNumbers(value: unknown, length: number, field: string): number[] {
  const list = checkArray(value, field)
  if (list.length !== length) {
    throw new ParetoBanditError('INVALID_ARGUMENT', field, `expected ${length} numbers, got ${list.length}`)
  }
  return list.map((entry, i) => checkFinite(entry, `${field}[${i}]`))
}
