import { gaussian, mulberry32, type Random } from '../../base/random.js'
import type { Encoder } from '../../features/encoder.js'
import { listCostUsd, type ModelSpec } from '../../models/model.js'
import type { Outcome, OutcomeRow } from '../dataset.js'
import { SIMULATED_MODELS, type SimulatedModel } from './models.js'
import { TOPICS, type Topic } from './topics.js'
import { WORDS } from './words.js'

/** Prompts of the workload that is played when no data is given. */
export const SIMULATED_ROWS = 1500

export interface SimulatedWorkload {
  /** Prices; the last model is the newcomer of the onboarding scenario. */
  readonly models: readonly ModelSpec[]
  readonly rows: readonly OutcomeRow[]
}

/** Chance that an answer goes badly wrong, on the easiest prompt, and what each point of difficulty adds. */
const BLUNDER_BASE = 0.01
const BLUNDER_PER_DIFFICULTY = 0.05
const REWARD_NOISE = 0.05
const TOKEN_NOISE = 0.35
const CHARACTERS_PER_TOKEN = 4

/**
 * A seeded workload: prompts of ten topics from templates, and of every model the reward and the cost on each. Quality
 * depends on topic, difficulty (told by the text) and chance; cost on list price and token counts, which depend on topic,
 * difficulty and the model's verbosity. The same seed gives the same workload on every machine.
 * @param encoder makes the stored features
 * @param seed any integer
 */
export function simulateWorkload(encoder: Encoder, seed = 1, size = SIMULATED_ROWS): SimulatedWorkload {
  const random = mulberry32(seed)
  const rows = Array.from({ length: size }, (_, i): OutcomeRow => {
    const topic = pick(TOPICS, random)
    const difficulty = random()
    const prompt = writePrompt(topic, difficulty, random)
    const features = new Float64Array(encoder.dimension)
    encoder.encodeInto(prompt, features, 0)
    return {
      id: `sim-${String(i).padStart(4, '0')}`,
      source: topic.name,
      prompt,
      features: Array.from(features),
      outcomes: Object.fromEntries(
        SIMULATED_MODELS.map((model) => [model.spec.id, answer(model, topic, prompt, difficulty, random)]),
      ),
    }
  })
  return { models: SIMULATED_MODELS.map((model) => model.spec), rows }
}

/** No twist below a difficulty of 0.4, one up to 0.75, two above. */
function writePrompt(topic: Topic, difficulty: number, random: Random): string {
  const parts = [pick(topic.templates, random)]
  const twist = Math.floor(random() * topic.twists.length)
  if (difficulty >= 0.4) parts.push(topic.twists[twist])
  if (difficulty >= 0.75) parts.push(topic.twists[(twist + 1) % topic.twists.length])
  const chosen = new Map<string, string>()
  return parts.join(' ').replace(/\{([a-z]+)(\d?)\}/g, (_, list: string, digit: string) => {
    if (list === 'n') return String(2 + Math.floor(random() * 18))
    if (list === 'big') return String(20 + Math.floor(random() * 961))
    const name = list + digit
    const word = chosen.get(name) ?? distinctWord(list, chosen, random)
    chosen.set(name, word)
    return word
  })
}

/** A word of a list that no other place in the prompt has taken. */
function distinctWord(list: string, taken: ReadonlyMap<string, string>, random: Random): string {
  const words = WORDS[list]
  if (words === undefined) throw new Error(`no word list '${list}'`)
  const used = new Set(taken.values())
  return pick(
    words.filter((word) => !used.has(word)),
    random,
  )
}

function answer(
  { spec, quality, frailty, verbosity }: SimulatedModel,
  topic: Topic,
  prompt: string,
  difficulty: number,
  random: Random,
): Outcome {
  const expected = quality[topic.name] - frailty * (difficulty - 0.5)
  const blundered =
    random() < (BLUNDER_BASE + BLUNDER_PER_DIFFICULTY * difficulty) * 2 * (1 - quality[topic.name] + 0.1)
  const raw = expected + REWARD_NOISE * gaussian(random) - (blundered ? 0.3 + 0.3 * random() : 0)
  const reward = Math.round(Math.min(1, Math.max(0, raw)) * 100) / 100
  const usual = topic.answerTokens * verbosity * (0.6 + 0.8 * difficulty)
  const outputTokens = Math.max(1, Math.round(usual * Math.exp(TOKEN_NOISE * gaussian(random))))
  const inputTokens = Math.ceil(prompt.length / CHARACTERS_PER_TOKEN)
  return { reward, costUsd: listCostUsd(spec, inputTokens, outputTokens) }
}

function pick<T>(items: readonly T[], random: Random): T {
  return items[Math.floor(random() * items.length)]
}
