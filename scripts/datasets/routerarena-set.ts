import {
  costUsd,
  jsonLinesOf,
  Outcomes,
  type PricesByModel,
  type PublicSet,
  type ReadFile,
} from './public-set.js'

/** List prices when the answers were recorded. The dear one answers worse. */
export const ROUTERARENA_MODELS: PricesByModel = {
  'gemini-2.0-flash-001': [0.1, 0.4],
  'claude-3-haiku-20240307': [0.25, 1.25],
}

interface Answer {
  readonly global_index: string
  readonly question: string
  readonly token_usage: { readonly input_tokens: number; readonly output_tokens: number }
  readonly evaluation_result: { readonly score: number }
}

/**
 * Of a clone of RouteWorks/RouterArena: prompts of many topics and kinds, judged there, tokens as providers counted them. A score
 * below 0, as one of a text that is compared with another is, counts as 0.
 */
export function routerArenaSet(read: ReadFile): PublicSet {
  const outcomes = new Outcomes('routerarena', ROUTERARENA_MODELS)
  for (const [model, prices] of Object.entries(ROUTERARENA_MODELS)) {
    const path = `cached_results/${model}.jsonl`
    for (const [i, answer] of jsonLinesOf<Partial<Answer>>(read, path).entries()) {
      const { global_index: id, question, token_usage: tokens, evaluation_result: judged } = answer
      if (id === undefined || question === undefined || tokens === undefined || judged === undefined)
        throw new Error(`${path}: expected a judged answer with its tokens in record ${i + 1}`)
      outcomes.add(model, id, question, {
        reward: Math.min(1, Math.max(0, judged.score)),
        costUsd: costUsd(prices, tokens.input_tokens, tokens.output_tokens),
      })
    }
  }
  return outcomes.set()
}
