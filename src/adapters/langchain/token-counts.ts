/** Usages of LangChain, as far as they are read. */
interface UsageMetadata {
  readonly input_tokens?: unknown
  readonly output_tokens?: unknown
  readonly input_token_details?: unknown
  readonly output_token_details?: unknown
}

type Counts = { readonly [name: string]: number | Counts }

/** The sum of two usages, of two pieces of a stream: each says what came with it. */
export function addedUsage(a: object | null, b: object): object {
  const sum: Record<string, unknown> = { ...a }
  for (const [name, value] of Object.entries(b)) {
    const before = sum[name]
    if (typeof value === 'number') sum[name] = value + (typeof before === 'number' ? before : 0)
    else if (typeof value === 'object' && value !== null)
      sum[name] = addedUsage(typeof before === 'object' ? before : null, value)
  }
  return sum
}

/** A usage in words that `settle` reads: its counts of input are of all kinds together, whoever the provider is. */
export function providerUsage(usage: UsageMetadata): object {
  const inputs = countsIn(usage.input_token_details)
  const outputs = countsIn(usage.output_token_details)
  return {
    inputTokens: {
      total: usage.input_tokens,
      cacheRead: inputs.cache_read,
      cacheWrite: inputs.cache_creation,
    },
    outputTokens: { total: usage.output_tokens, reasoning: outputs.reasoning },
  }
}

function countsIn(value: unknown): Counts {
  return typeof value === 'object' && value !== null ? (value as Counts) : {}
}
