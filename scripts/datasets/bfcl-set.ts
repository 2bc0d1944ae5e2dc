import {
  costUsd,
  jsonLinesOf,
  Outcomes,
  type PricesByModel,
  type PublicSet,
  type ReadFile,
} from './public-set.js'

/** List prices when the answers were recorded. `-FC`: the model was called with the provider's tools, not by prompt. */
export const BFCL_MODELS: PricesByModel = {
  'gpt-4o-mini-2024-07-18': [0.15, 0.6],
  'open-mistral-nemo-2407': [0.3, 0.3],
  'gemini-1.5-flash-preview-0514': [0.35, 1.05],
  'gpt-3.5-turbo-0125': [0.5, 1.5],
  'claude-3-haiku-20240307': [0.25, 1.25],
  'open-mixtral-8x7b': [0.7, 0.7],
  'claude-instant-1.2': [0.8, 2.4],
  'mistral-small-2402': [1, 3],
  'open-mixtral-8x22b': [2, 6],
  'gpt-4o-2024-08-06-FC': [2.5, 10],
  'gemini-1.5-pro-preview-0514': [3.5, 10.5],
  'mistral-large-2407-FC-Any': [3, 9],
  'command-r-plus': [3, 15],
  'claude-3-5-sonnet-20240620': [3, 15],
  'gpt-4-turbo-2024-04-09': [10, 30],
  'claude-3-opus-20240229': [15, 75],
}

/** Kinds of tests. Those of relevance are left out: their questions are not in what was published. */
const CATEGORIES = [
  'simple',
  'multiple_function',
  'parallel_function',
  'parallel_multiple_function',
  'java',
  'javascript',
  'rest',
  'executable_simple',
  'executable_multiple_function',
  'executable_parallel_function',
  'executable_parallel_multiple_function',
]

/** Of a clone of HuanzhiMao/BFCL-Result: one of its runs. */
const RUN = '2024-08-11'

interface Answer {
  readonly id: string
  readonly input_token_count: number
  readonly output_token_count: number
}

/** Files of scores list the wrong answers alone, with the question. */
interface WrongAnswer {
  readonly prompt: { readonly id: string; readonly question: string }
}

/**
 * Of a clone of HuanzhiMao/BFCL-Result: calls of tools, judged there, tokens as providers counted them. Questions that every
 * model answered right are left out: files of scores list those of wrong answers alone.
 */
export function bfclSet(read: ReadFile): PublicSet {
  const questions = new Map<string, string>()
  const wrong = new Map<string, ReadonlySet<string>>()
  const models = Object.entries(BFCL_MODELS)
  for (const [model] of models) {
    const answers = CATEGORIES.flatMap((category) =>
      jsonLinesOf<WrongAnswer>(read, `${RUN}/score/${model}/${category}_score.json`).slice(1),
    )
    for (const { prompt } of answers) questions.set(prompt.id, prompt.question)
    wrong.set(model, new Set(answers.map(({ prompt }) => prompt.id)))
  }
  const outcomes = new Outcomes('bfcl', BFCL_MODELS)
  for (const [model, prices] of models)
    for (const category of CATEGORIES) {
      const path = `${RUN}/result/${model}/gorilla_openfunctions_v1_test_${category}_result.json`
      const answers = jsonLinesOf<Answer>(read, path)
      for (const { id, input_token_count: input, output_token_count: output } of answers) {
        const question = questions.get(id)
        if (question === undefined) continue
        const reward = wrong.get(model)?.has(id) === true ? 0 : 1
        outcomes.add(model, id, question, { reward, costUsd: costUsd(prices, input, output) })
      }
    }
  return outcomes.set()
}
