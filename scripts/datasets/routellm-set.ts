import { parse } from 'csv-parse/sync'
import {
  costUsd,
  Outcomes,
  type PricesByModel,
  type PublicSet,
  type ReadFile,
  tokensOf,
} from './public-set.js'

/** List prices when the answers were recorded. */
export const ROUTELLM_MODELS: PricesByModel = {
  'mistralai/Mixtral-8x7B-Instruct-v0.1': [0.6, 0.6],
  'gpt-4-1106-preview': [10, 30],
}

const PATH = 'routellm/evals/gsm8k/gsm8k_responses.csv'
/** What a chat adds to a prompt. */
const CHAT_TOKENS = 20

/** Of a clone of lm-sys/RouteLLM: grade-school mathematics, judged there. */
export function routeLlmSet(read: ReadFile): PublicSet {
  const outcomes = new Outcomes('routellm-gsm8k', ROUTELLM_MODELS)
  const records = parse(read(PATH), { columns: true, bom: true }) as Record<string, string>[]
  for (const [i, record] of records.entries())
    for (const [model, prices] of Object.entries(ROUTELLM_MODELS)) {
      const judged = record[model]
      if (judged !== 'True' && judged !== 'False')
        throw new Error(`${PATH}: expected True or False of ${model} in record ${i + 1}`)
      outcomes.add(model, String(i), record.prompt, {
        reward: judged === 'True' ? 1 : 0,
        costUsd: costUsd(
          prices,
          tokensOf(record.prompt) + CHAT_TOKENS,
          tokensOf(record[`${model}_response`]),
        ),
      })
    }
  return outcomes.set()
}
