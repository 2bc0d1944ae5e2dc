import type { AIMessageChunk } from '@langchain/core/messages'
import type { LLMResult } from '@langchain/core/outputs'
import { isAmount, isRecord } from '../../base/check.js'

const COUNTS = ['promptTokens', 'completionTokens', 'totalTokens'] as const

/** What callbacks are told that an answer used, in the words of LangChain's own models. */
export function outputOf({ usage_metadata: usage }: AIMessageChunk): NonNullable<LLMResult['llmOutput']> {
  if (usage === undefined) return {}
  const { input_tokens: promptTokens, output_tokens: completionTokens, total_tokens: totalTokens } = usage
  return { tokenUsage: { promptTokens, completionTokens, totalTokens } }
}

/** The same of several answers. */
export function addedOutputs(outputs: readonly LLMResult['llmOutput'][]): LLMResult['llmOutput'] {
  const usages = outputs.map((output) => output?.tokenUsage).filter(isRecord)
  if (usages.length === 0) return {}
  const sum = (name: string) =>
    usages.reduce((all, { [name]: count }) => all + (isAmount(count) ? count : 0), 0)
  return { tokenUsage: Object.fromEntries(COUNTS.map((name) => [name, sum(name)])) }
}
