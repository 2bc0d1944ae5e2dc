/** Tokens of one request by kind. `input` and `output` are all of their side; the other kinds are disjoint parts of one. */
export interface TokenUse {
  readonly input: number
  readonly cachedInput: number
  readonly cacheWrite5m: number
  readonly cacheWrite1h: number
  readonly audioInput: number
  readonly imageInput: number
  readonly output: number
  readonly reasoning: number
  readonly audioOutput: number
}

export type TokenKind = keyof TokenUse

export const NO_TOKENS: TokenUse = {
  input: 0,
  cachedInput: 0,
  cacheWrite5m: 0,
  cacheWrite1h: 0,
  audioInput: 0,
  imageInput: 0,
  output: 0,
  reasoning: 0,
  audioOutput: 0,
}

const INPUT_PARTS = ['cachedInput', 'cacheWrite5m', 'cacheWrite1h', 'audioInput', 'imageInput'] as const
const OUTPUT_PARTS = ['reasoning', 'audioOutput'] as const
const KINDS = ['input', ...INPUT_PARTS, 'output', ...OUTPUT_PARTS] as const

export function addTokens(a: TokenUse, b: Partial<TokenUse>): TokenUse {
  const sum: Record<TokenKind, number> = { ...a }
  for (const kind of KINDS) sum[kind] += b[kind] ?? 0
  return sum
}

/** Tokens of the prompt that are in no part. */
export function plainInput(use: TokenUse): number {
  return INPUT_PARTS.reduce((rest, kind) => rest - use[kind], use.input)
}

/** Tokens of the answer that are in no part. */
export function plainOutput(use: TokenUse): number {
  return OUTPUT_PARTS.reduce((rest, kind) => rest - use[kind], use.output)
}

/** @throws Error where the parts of a side are more than the side: a script that says so is wrong */
export function checkTokens(use: TokenUse): void {
  if (!(plainInput(use) >= 0 && plainOutput(use) >= 0))
    throw new Error(`expected parts within their side, got ${JSON.stringify(use)}`)
}
