import { answerIn, isSameFormula, isSameNumber } from './graded-answers.js'
import {
  costUsd,
  jsonOf,
  Outcomes,
  type PricesByModel,
  type PublicSet,
  type ReadFile,
  tokensOf,
} from './public-set.js'

/** List prices when the answers were recorded. */
export const ZEROEVAL_MODELS: PricesByModel = {
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
  const outcomes = new Outcomes(name, ZEROEVAL_MODELS)
  for (const [model, prices] of Object.entries(ZEROEVAL_MODELS)) {
    const answers = jsonOf<ZeroEvalAnswer[]>(read, `result_dirs/${folder}/${model}.json`)
    for (const { id, chat_history: chat, output, answer, question, problem } of answers) {
      const text = typeof output === 'string' ? output : output[0]
      const reward = isRight(answerIn(text), answer) ? 1 : 0
      outcomes.add(model, String(id), question ?? problem ?? '', {
        reward,
        costUsd: costUsd(prices, tokensOf(chat[0]), tokensOf(text)),
      })
    }
  }
  return outcomes.set()
}
