import type { ModelSpec } from '../../models/model.js'
import type { TopicName } from './topics.js'

/** How a simulated model behaves. Invented, with the spread that real offers have: 500x in cost, 0.2 in quality. */
export interface SimulatedModel {
  readonly spec: ModelSpec
  /** Mean reward on prompts of a topic whose difficulty is 0.5. */
  readonly quality: Readonly<Record<TopicName, number>>
  /** What the mean reward loses from the easiest prompt (difficulty 0) to the hardest (1). */
  readonly frailty: number
  /** Completion tokens over the topic's usual length; reasoning included. */
  readonly verbosity: number
}

/** Cheapest first; the last one is the newcomer of the onboarding scenario. */
export const SIMULATED_MODELS: readonly SimulatedModel[] = [
  {
    spec: { id: 'wren-8b', inputUsdPerMTok: 0.07, outputUsdPerMTok: 0.1 },
    quality: {
      arithmetic: 0.88,
      code: 0.55,
      commonsense: 0.83,
      science: 0.84,
      logic: 0.6,
      translation: 0.72,
      summary: 0.86,
      writing: 0.79,
      database: 0.64,
      law: 0.62,
    },
    frailty: 0.24,
    verbosity: 0.9,
  },
  {
    spec: { id: 'heron-large', inputUsdPerMTok: 0.5, outputUsdPerMTok: 1.5 },
    quality: {
      arithmetic: 0.95,
      code: 0.82,
      commonsense: 0.92,
      science: 0.93,
      logic: 0.84,
      translation: 0.95,
      summary: 0.93,
      writing: 0.92,
      database: 0.9,
      law: 0.83,
    },
    frailty: 0.12,
    verbosity: 1.1,
  },
  {
    spec: { id: 'condor-pro', inputUsdPerMTok: 1.25, outputUsdPerMTok: 10 },
    quality: {
      arithmetic: 0.98,
      code: 0.96,
      commonsense: 0.93,
      science: 0.96,
      logic: 0.97,
      translation: 0.94,
      summary: 0.91,
      writing: 0.9,
      database: 0.96,
      law: 0.95,
    },
    frailty: 0.04,
    verbosity: 4.6,
  },
  {
    spec: { id: 'swift-flash', inputUsdPerMTok: 0.3, outputUsdPerMTok: 2.5 },
    quality: {
      arithmetic: 0.97,
      code: 0.92,
      commonsense: 0.92,
      science: 0.94,
      logic: 0.93,
      translation: 0.9,
      summary: 0.92,
      writing: 0.88,
      database: 0.94,
      law: 0.87,
    },
    frailty: 0.07,
    verbosity: 1.2,
  },
]
