import { parse } from 'csv-parse/sync'
import { answerIn, isSameFormula, isSameNumber } from './graded-answers.js'

/** A set of recorded outcomes, as docs/DATASETS.md has its two files. */
export interface PublicSet {
  readonly name: string
  readonly models: readonly ListedModel[]
  readonly rows: readonly Row[]
}

interface ListedModel {
  readonly id: string
  readonly inputUsdPerMTok: number
  readonly outputUsdPerMTok: number
}

interface Row {
  readonly id: string
  readonly source: string
  readonly prompt: string
  readonly outcomes: Readonly<Record<string, { readonly reward: number; readonly costUsd: number }>>
}

/** Reads a file of a clone, by its path from the clone's root. */
export type ReadFile = (path: string) => string

/** USD per million tokens. */
type Prices = readonly [input: number, output: number]

/** Nobody has recorded tokens. */
const CHARACTERS_PER_TOKEN = 4
/** What a chat adds to a prompt. */
const CHAT_TOKENS = 20

/** List prices when the answers were recorded. */
export const ZEROEVAL_MODELS: Readonly<Record<string, Prices>> = {
  'Meta-Llama-3.1-8B-Instruct': [0.06, 0.06],
  'gemma-2-9b-it': [0.1, 0.1],
  'gemini-1.5-flash': [0.075, 0.3],
  'deepseek-v2.5-0908': [0.14, 0.28],
  'Meta-Llama-3.1-70B-Instruct': [0.4, 0.4],
  'gpt-4o-mini-2024-07-18': [0.15, 0.6],
  'gpt-3.5-turbo-0125': [0.5, 1.5],
  'claude-3-haiku-20240307': [0.25, 1.25],
  'gemini-1.5-pro': [1.25, 5],
  'claude-3-5-haiku-20241022': [0.8, 4],
  'Mistral-Large-2': [2, 6],
  'claude-3-5-sonnet-20241022': [3, 15],
  'gpt-4o-2024-08-06': [2.5, 10],
  'claude-3-opus-20240229': [15, 75],
}
export const ROUTELLM_MODELS: Readonly<Record<string, Prices>> = {
  'mistralai/Mixtral-8x7B-Instruct-v0.1': [0.6, 0.6],
  'gpt-4-1106-preview': [10, 30],
}

/** An answer as WildEval/ZeroEval keeps it. */
interface ZeroEvalAnswer {
  readonly id: string | number
  /** The prompt as it was sent. */
  readonly chat_history: readonly [string, ...string[]]
  readonly output: string | readonly [string, ...string[]]
  readonly answer: string
  /** Of grade-school mathematics, and of MATH. */
  readonly question?: string
  readonly problem?: string
}

/** Of a clone of WildEval/ZeroEval: grade-school mathematics and MATH level 5. Judged here, by the answers' last field. */
export function zeroEvalSets(read: ReadFile): PublicSet[] {
  return [
    zeroEvalSet(read, 'zeroeval-gsm', 'gsm', isSameNumber),
    zeroEvalSet(read, 'zeroeval-math', 'math-l5', isSameFormula),
  ]
}

function zeroEvalSet(
  read: ReadFile,
  name: string,
  folder: string,
  isRight: (said: string, right: string) => boolean,
): PublicSet {
  const prompts = new Map<string, string>()
  const outcomes = new Map<string, Record<string, { reward: number; costUsd: number }>>()
  for (const [model, prices] of Object.entries(ZEROEVAL_MODELS)) {
    const answers = JSON.parse(read(`result_dirs/${folder}/${model}.json`)) as ZeroEvalAnswer[]
    for (const { id, chat_history: chat, output, answer, question, problem } of answers) {
      const text = typeof output === 'string' ? output : output[0]
      const key = `${name}-${id}`
      prompts.set(key, question ?? problem ?? '')
      const ofPrompt = outcomes.get(key) ?? {}
      outcomes.set(key, ofPrompt)
      const reward = isRight(answerIn(text), answer) ? 1 : 0
      ofPrompt[model] = { reward, costUsd: costUsd(prices, chat[0], 0, text) }
    }
  }
  const models = listOf(ZEROEVAL_MODELS)
  const rows = [...outcomes].map(([id, each]) => ({
    id,
    source: name,
    prompt: prompts.get(id) ?? '',
    outcomes: each,
  }))
  // Prompts that every model has answered.
  return { name, models, rows: rows.filter((row) => Object.keys(row.outcomes).length === models.length) }
}

/** Of a clone of lm-sys/RouteLLM: grade-school mathematics, judged there. */
export function routeLlmSet(read: ReadFile): PublicSet {
  const name = 'routellm-gsm8k'
  const text = read('routellm/evals/gsm8k/gsm8k_responses.csv')
  const records = parse(text, { columns: true, bom: true }) as Record<string, string>[]
  const rows = records.map((record, i) => ({
    id: `${name}-${i}`,
    source: name,
    prompt: record.prompt,
    outcomes: Object.fromEntries(
      Object.entries(ROUTELLM_MODELS).map(([model, prices]) => {
        const reward = record[model] === 'True' ? 1 : 0
        const answer = record[`${model}_response`]
        return [model, { reward, costUsd: costUsd(prices, record.prompt, CHAT_TOKENS, answer) }]
      }),
    ),
  }))
  return { name, models: listOf(ROUTELLM_MODELS), rows }
}

function listOf(models: Readonly<Record<string, Prices>>): ListedModel[] {
  return Object.entries(models).map(([id, [inputUsdPerMTok, outputUsdPerMTok]]) => ({
    id,
    inputUsdPerMTok,
    outputUsdPerMTok,
  }))
}

function costUsd([input, output]: Prices, prompt: string, extraTokens: number, answer: string): number {
  const inputTokens = prompt.length / CHARACTERS_PER_TOKEN + extraTokens
  return (inputTokens * input + (answer.length / CHARACTERS_PER_TOKEN) * output) / 1e6
}
