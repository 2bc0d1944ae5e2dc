import { formatNs, times, whole } from '../format.js'
import type { BenchRow } from '../row.js'

/** What was to be reached (a row's figure against a bound), and what the published Python router takes. */
interface Target {
  readonly what: string
  readonly row: Pick<BenchRow, 'name' | 'kernel' | 'dimension' | 'models' | 'alpha'>
  readonly figure: 'p50Ns' | 'perMs' | 'cyclesPerSecond' | 'paperRatio'
  readonly bound: number
  readonly published?: string
}

const OF_THREE = { dimension: 26, models: 3 }
const OF_THOUSAND = { dimension: 26, models: 1000 }

const TARGETS: readonly Target[] = [
  {
    what: '`route`, 3 models, d = 26, wasm',
    row: { name: 'route', kernel: 'wasm', ...OF_THREE },
    figure: 'p50Ns',
    bound: 1000,
    published: '22.5 to 57 us',
  },
  {
    what: '`route` of policy `dollar` against policy `paper`, 3 models, d = 26, wasm',
    row: { name: 'route-dollar', kernel: 'wasm', ...OF_THREE },
    figure: 'paperRatio',
    bound: 1.5,
  },
  {
    what: '`route` of policy `dollar`, 1,000 models, d = 26, wasm',
    row: { name: 'route-dollar', kernel: 'wasm', ...OF_THOUSAND },
    figure: 'perMs',
    bound: 2000,
  },
  {
    what: '`settle` and `reward`, 3 models, d = 26, wasm',
    row: { name: 'feedback', kernel: 'wasm', ...OF_THREE },
    figure: 'p50Ns',
    bound: 1200,
    published: '20 to 52 us',
  },
  {
    what: 'full cycles a second, 3 models, d = 26, wasm',
    row: { name: 'cycle', kernel: 'wasm', ...OF_THREE },
    figure: 'cyclesPerSecond',
    bound: 400_000,
    published: '7,700 to 22,000',
  },
  {
    what: '`score`, 1,000 models, d = 26, wasm',
    row: { name: 'score', kernel: 'wasm', ...OF_THOUSAND },
    figure: 'perMs',
    bound: 12_000,
    published: '113/ms',
  },
  {
    what: '`score`, 1,000 models, d = 26, native',
    row: { name: 'score', kernel: 'native', ...OF_THOUSAND },
    figure: 'perMs',
    bound: 20_000,
    published: '113/ms',
  },
  ...[1000, 10_000].flatMap((models) =>
    [0.01, 0.1].map(
      (alpha): Target => ({
        what: `\`score-pruned\`, ${whole(models)} models, d = 26, alpha ${alpha}, wasm`,
        row: { name: 'score-pruned', kernel: 'wasm', dimension: 26, models, alpha },
        figure: 'perMs',
        bound: 60_000,
      }),
    ),
  ),
  {
    what: '`route`, 3 models, d = 385, wasm',
    row: { name: 'route', kernel: 'wasm', dimension: 385, models: 3 },
    figure: 'p50Ns',
    bound: 60_000,
    published: '163 to 293 us',
  },
  {
    what: '`encode`, a text of 1,024 characters',
    row: { name: 'encode', kernel: 'js', dimension: 26, models: 0 },
    figure: 'p50Ns',
    bound: 20_000,
  },
]

export const TARGET_HEAD = ['what', 'target', 'measured', '', 'vs limit', 'published Python'] as const

/** A line for each target: what it is, the bound, what was measured, and whether that meets it. */
export function targetRows(rows: readonly BenchRow[]): string[][] {
  return TARGETS.map((target) => targetRow(target, rows))
}

function targetRow(target: Target, rows: readonly BenchRow[]): string[] {
  const { what, figure, bound, published = '' } = target
  const row = rows.find((each) => isOf(each, target.row))
  const value = row?.[figure] ?? null
  const limit = row?.limitRatio === undefined ? '' : times(row.limitRatio)
  const isUpper = figure === 'p50Ns' || figure === 'paperRatio'
  const sign = isUpper ? '<=' : '>='
  const measured = value === null ? 'not measured' : show(value, figure)
  const excess = value === null ? null : isUpper ? value / bound : bound / value
  return [what, `${sign} ${show(bound, figure)}`, measured, verdict(excess), limit, published]
}

/** @param excess over the bound: 1 is just met */
function verdict(excess: number | null): string {
  if (excess === null) return ''
  return excess <= 1 ? 'met' : `**missed, ${excess.toFixed(2)} times**`
}

function show(value: number, figure: Target['figure']): string {
  if (figure === 'p50Ns') return formatNs(value)
  if (figure === 'paperRatio') return `${value.toFixed(2)}x`
  return figure === 'perMs' ? `${whole(value)}/ms` : whole(value)
}

function isOf(row: BenchRow, wanted: Target['row']): boolean {
  const { name, kernel, dimension, models, alpha } = wanted
  return (
    row.name === name &&
    row.kernel === kernel &&
    row.dimension === dimension &&
    row.models === models &&
    (alpha === undefined || row.alpha === alpha)
  )
}
