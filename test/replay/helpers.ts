import { gaussian, mulberry32 } from '../../src/base/random.js'
import type { Outcome, OutcomeRow } from '../../src/replay/dataset.js'
import { buildTable, type OutcomeTable } from '../../src/replay/table.js'

export const MODELS = [
  { id: 'cheap', inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.1 },
  { id: 'middle', inputUsdPerMTok: 0.5, outputUsdPerMTok: 1.5 },
  { id: 'dear', inputUsdPerMTok: 1.25, outputUsdPerMTok: 10 },
] as const

const COSTS_USD: Readonly<Record<string, number>> = { cheap: 3e-5, middle: 5e-4, dear: 1.5e-2 }

/** Rows whose quality depends on two features: each model is good at something. */
export function makeRows(size: number, seed = 7, models: readonly { id: string }[] = MODELS): OutcomeRow[] {
  const random = mulberry32(seed)
  return Array.from({ length: size }, (_, i) => {
    const features = [gaussian(random), gaussian(random), 1]
    const outcomes: Record<string, Outcome> = {}
    models.forEach(({ id }, m) => {
      const skill = 0.6 + 0.12 * m + 0.1 * features[m % 2] * (m === 1 ? -1 : 1)
      const reward = Math.min(1, Math.max(0, skill + 0.05 * gaussian(random)))
      outcomes[id] = { reward, costUsd: (COSTS_USD[id] ?? 1e-3) * (0.5 + random()) }
    })
    return { id: `row-${i}`, source: 'test', prompt: `prompt ${i}`, features, outcomes }
  })
}

export function makeTable(size: number, seed = 7): OutcomeTable {
  return buildTable(makeRows(size, seed), MODELS, null, 'test rows')
}

/** Rows as the text of a JSONL file. */
export function toJsonl(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('')
}
