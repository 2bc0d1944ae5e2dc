import {
  costUsd,
  jsonOf,
  Outcomes,
  type PricesByModel,
  type PublicSet,
  type ReadFile,
  tokensOf,
} from './public-set.js'

/** List prices when the answers were recorded; of open weights, what hosts asked for models of that size. */
export const ALPACAEVAL_MODELS: PricesByModel = {
  'llama-2-7b-chat-hf': [0.2, 0.2],
  'zephyr-7b-beta': [0.2, 0.2],
  'llama-2-13b-chat-hf': [0.3, 0.3],
  'vicuna-13b': [0.3, 0.3],
  'Yi-34B-Chat': [0.8, 0.8],
  'llama-2-70b-chat-hf': [0.9, 0.9],
  'tulu-2-dpo-70b': [0.9, 0.9],
  'gpt-3.5-turbo-1106': [1, 2],
  gpt35_turbo_instruct: [1.5, 2],
  'mistral-medium': [2.7, 8.1],
  'claude-2': [8, 24],
  gpt4_1106_preview: [10, 30],
  gpt4: [30, 60],
}
export const ALPACAEVAL2_MODELS: PricesByModel = {
  'FuseChat-Llama-3.2-3B-Instruct': [0.06, 0.06],
  'gemma-2b-it': [0.1, 0.1],
  'vicuna-7b-v1.5': [0.2, 0.2],
  'gemma-7b-it': [0.2, 0.2],
  'OpenHermes-2.5-Mistral-7B': [0.2, 0.2],
  'FuseChat-Qwen-2.5-7B-Instruct': [0.3, 0.3],
  'Qwen-14B-Chat': [0.3, 0.3],
  'gpt-3.5-turbo-1106': [1, 2],
  'claude-instant-1.2': [0.8, 2.4],
  'claude-2.1': [8, 24],
  gpt4_0613_concise: [30, 60],
}

/** An answer beside a reference answer. */
interface Annotation {
  readonly instruction: string
  readonly output_2: string
  /** 1 to 2: the probability that the judge prefers this answer to the reference, more 1; 0 and null are failures. */
  readonly preference: number | null
}

/**
 * Of a clone of tatsu-lab/alpaca_eval: how likely a judge (GPT-4) prefers the answer of a chat to a reference answer. In the
 * first set the reference is easily beaten, nearly all judgements are 0 or 1; in the second it is GPT-4's, and they are graded.
 */
export function alpacaEvalSets(read: ReadFile): PublicSet[] {
  return [
    alpacaEvalSet(read, 'alpacaeval', 'alpaca_eval_gpt4', ALPACAEVAL_MODELS),
    alpacaEvalSet(read, 'alpacaeval-2', 'weighted_alpaca_eval_gpt4_turbo', ALPACAEVAL2_MODELS),
  ]
}

function alpacaEvalSet(read: ReadFile, name: string, judge: string, prices: PricesByModel): PublicSet {
  const outcomes = new Outcomes(name, prices)
  for (const [model, pricesOfModel] of Object.entries(prices)) {
    const annotations = jsonOf<Annotation[]>(read, `results/${model}/${judge}/annotations.json`)
    for (const { instruction, output_2: answer, preference } of annotations)
      if (preference !== null && preference >= 1)
        outcomes.add(model, instruction, instruction, {
          reward: preference - 1,
          costUsd: costUsd(pricesOfModel, tokensOf(instruction), tokensOf(answer)),
        })
  }
  const { models, rows } = outcomes.set()
  return { name, models, rows: rows.map((row, i) => ({ ...row, id: `${name}-${i}` })) }
}
