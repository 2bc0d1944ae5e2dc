import type { ModelConfig } from './config.js'

/** Tokens that a model reads at most, its answer aside; null: not known. */
export function longestPromptOf({
  contextTokens,
  maxInputTokens,
}: Pick<ModelConfig, 'contextTokens' | 'maxInputTokens'>): number | null {
  if (contextTokens === null || maxInputTokens === null) return maxInputTokens ?? contextTokens
  return Math.min(contextTokens, maxInputTokens)
}
