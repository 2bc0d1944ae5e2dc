import { pricesOf, type UpstreamPrices } from '../simulated/prices.js'
import type { Random } from '../simulated/random.js'

/** What simulated people ask about. */
export const TOPICS = ['code', 'facts', 'letters', 'sums'] as const
export type Topic = (typeof TOPICS)[number]

/** How a simulated model answers. */
export interface DemoModel {
  readonly id: string
  readonly provider: 'alder' | 'birch' | 'cedar'
  readonly inputUsdPerMTok: number
  readonly outputUsdPerMTok: number
  /** Mean reward of an answer, in [0, 1]. */
  readonly quality: Readonly<Record<Topic, number>>
  /** Tokens of an answer: at least this number, up to twice as many. */
  readonly outputTokens: number
  readonly firstTokenMs: number
  readonly betweenTokensMs: number
  /** Share of calls that fail before the first token. */
  readonly failureShare: number
  /** More in a second get 429. */
  readonly callsPerSecondMax: number
}

/** Providers and what they speak. */
export const PROVIDERS = [
  { id: 'alder', protocol: 'openai' },
  { id: 'birch', protocol: 'openai' },
  { id: 'cedar', protocol: 'anthropic' },
] as const

export const DEMO_MODELS: readonly DemoModel[] = [
  {
    id: 'alder-mini',
    provider: 'alder',
    inputUsdPerMTok: 0.15,
    outputUsdPerMTok: 0.6,
    quality: { code: 0.45, facts: 0.72, letters: 0.82, sums: 0.4 },
    outputTokens: 150,
    firstTokenMs: 30,
    betweenTokensMs: 9,
    failureShare: 0.01,
    callsPerSecondMax: 200,
  },
  {
    id: 'alder-large',
    provider: 'alder',
    inputUsdPerMTok: 2.5,
    outputUsdPerMTok: 10,
    quality: { code: 0.93, facts: 0.9, letters: 0.9, sums: 0.88 },
    outputTokens: 200,
    firstTokenMs: 90,
    betweenTokensMs: 24,
    failureShare: 0.01,
    callsPerSecondMax: 60,
  },
  {
    id: 'birch-flash',
    provider: 'birch',
    inputUsdPerMTok: 0.3,
    outputUsdPerMTok: 2,
    quality: { code: 0.6, facts: 0.86, letters: 0.7, sums: 0.85 },
    outputTokens: 120,
    firstTokenMs: 20,
    betweenTokensMs: 6,
    failureShare: 0.03,
    callsPerSecondMax: 60,
  },
  {
    id: 'cedar-small',
    provider: 'cedar',
    inputUsdPerMTok: 0.8,
    outputUsdPerMTok: 4,
    quality: { code: 0.7, facts: 0.75, letters: 0.85, sums: 0.7 },
    outputTokens: 120,
    firstTokenMs: 40,
    betweenTokensMs: 12,
    failureShare: 0.01,
    callsPerSecondMax: 60,
  },
  {
    id: 'cedar-large',
    provider: 'cedar',
    inputUsdPerMTok: 3,
    outputUsdPerMTok: 15,
    quality: { code: 0.95, facts: 0.88, letters: 0.93, sums: 0.9 },
    outputTokens: 160,
    firstTokenMs: 80,
    betweenTokensMs: 18,
    failureShare: 0.01,
    callsPerSecondMax: 2,
  },
]

/** On average: below what the large models ask, above what the small ones do. */
export const BUDGET_USD_PER_REQUEST = 0.0009

/** The model that gets worse without a word, and what is left of its quality. */
const REGRESSED = { model: 'birch-flash', factor: 0.35 } as const
/** The model whose provider asks for another price, and how many times the old one. */
const REPRICED = { model: 'alder-large', factor: 0.3 } as const

export type Change = 'regression' | 'new-price' | 'recovery'

/** What happens, by the share of the time that has gone. */
export const SCHEDULE: readonly { readonly at: number; readonly change: Change }[] = [
  { at: 0.35, change: 'regression' },
  { at: 0.6, change: 'new-price' },
  { at: 0.8, change: 'recovery' },
]

export const CHANGE_TEXT: Readonly<Record<Change, string>> = {
  regression: `${REGRESSED.model} answers worse from here on, and nobody says so`,
  'new-price': `${REPRICED.model} costs ${100 * REPRICED.factor} % of what it did`,
  recovery: `${REGRESSED.model} is as good as it was`,
}

/** What is so at the moment: the providers and the people who judge their answers look at it. */
export class World {
  private readonly isPast = new Set<Change>()

  /** @returns the model whose price it changed; null: none */
  make(change: Change): DemoModel | null {
    if (change === 'recovery') this.isPast.delete('regression')
    else this.isPast.add(change)
    return change === 'new-price' ? (DEMO_MODELS.find(({ id }) => id === REPRICED.model) ?? null) : null
  }

  prices({ id, inputUsdPerMTok, outputUsdPerMTok }: DemoModel): UpstreamPrices {
    const factor = id === REPRICED.model && this.isPast.has('new-price') ? REPRICED.factor : 1
    return pricesOf(inputUsdPerMTok * factor, outputUsdPerMTok * factor)
  }

  /** What somebody thinks of an answer, in [0, 1]. */
  reward(model: string, topic: Topic, random: Random): number {
    const found = DEMO_MODELS.find(({ id }) => id === model)
    if (found === undefined) return 0
    const isWorse = model === REGRESSED.model && this.isPast.has('regression')
    const mean = found.quality[topic] * (isWorse ? REGRESSED.factor : 1)
    return Math.min(1, Math.max(0, mean + 0.3 * (random.next() - 0.5)))
  }
}
