import type { Encoder } from '../../features/encoder.js'
import type { PromptOutcome } from './outcome-sets.js'

/** A row for `fitPriors` and `replay`, as recorded outcomes are: a prompt and what models did with it. */
export interface ImportedOutcomes {
  /** Of the first call of the prompt, as the log has it. */
  readonly id: string
  /** Empty where contexts alone are written. */
  readonly prompt: string
  /** The encoded prompt, and what encoded it; not where `fitPriors` encodes it. */
  readonly features?: readonly number[]
  /** Name of the encoder of `features`. */
  readonly encoder?: string
  /** By model: the reward as a part of its range, and the cost in USD. */
  readonly outcomes: Readonly<Record<string, { readonly reward: number; readonly costUsd: number }>>
}

/** A row for `evaluate`: a decision and what became of it. Without a propensity it says nothing of another policy. */
export interface ImportedDecision {
  /** Of the call, as the log has it. */
  readonly id: string
  /** When, in milliseconds since 1970 UTC. */
  readonly at?: number
  /** Left out where contexts alone are written. */
  readonly prompt?: string
  /** The encoded prompt; where contexts alone are written. */
  readonly context?: readonly number[]
  /** Id of the model that answered, as in the given models. */
  readonly model: string
  /** With what probability it was chosen, in (0, 1]; where the log says so. */
  readonly propensity?: number
  /** As a part of its range, in [0, 1]. */
  readonly reward?: number
  /** What the call cost, USD. */
  readonly costUsd?: number
}

export type ImportedRow = ImportedOutcomes | ImportedDecision

interface RowSettings {
  readonly use: string
  readonly contextsOnly: boolean
  readonly encoder: Encoder
}

/** @param set of one prompt, a model each */
export function outcomeRow(set: readonly PromptOutcome[], settings: RowSettings): ImportedOutcomes {
  const [{ id, prompt }] = set
  const { use, contextsOnly, encoder } = settings
  const outcomes = Object.fromEntries(set.map(({ model, reward, costUsd }) => [model, { reward, costUsd }]))
  const text = { id, prompt: contextsOnly ? '' : prompt }
  if (use === 'priors' && !contextsOnly) return { ...text, outcomes }
  return { ...text, encoder: encoder.name, features: encoded(prompt, encoder), outcomes }
}

export function decisionRow(
  call: {
    readonly id: string
    readonly at: number | null
    readonly prompt: string
    readonly model: string
    readonly propensity: number | null
    readonly reward: number | null
    readonly costUsd: number | null
  },
  { contextsOnly, encoder }: RowSettings,
): ImportedDecision {
  const { id, at, prompt, model, propensity, reward, costUsd } = call
  return {
    id,
    ...(at === null ? {} : { at }),
    ...(contextsOnly ? { context: encoded(prompt, encoder) } : { prompt }),
    model,
    ...(propensity === null ? {} : { propensity }),
    ...(reward === null ? {} : { reward }),
    ...(costUsd === null ? {} : { costUsd }),
  }
}

function encoded(prompt: string, encoder: Encoder): number[] {
  const context = new Float64Array(encoder.dimension)
  encoder.encodeInto(prompt, context, 0)
  return [...context]
}
