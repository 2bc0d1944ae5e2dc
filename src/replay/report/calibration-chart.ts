import { scaleLog } from 'd3-scale'
import { line } from 'd3-shape'
import { shortName, usdPerThousand } from '../../report/format.js'
import { hint, label, type Size, tag } from '../../report/svg.js'
import { usdTicks, usdTickText } from '../../report/usd-ticks.js'
import type { Calibration, CalibrationPoint } from '../calibration.js'

const MARGIN = { top: 24, right: 16, bottom: 34, left: 48 }
const RATIO_TICKS = [0.1, 0.2, 0.5, 0.8, 1, 1.25, 2, 5, 10]

/** Realised over predicted dollars against what was predicted, both logarithmic: a line a model, a point a tenth. */
export function calibrationChart(
  calibration: readonly Calibration[],
  colorOf: (modelId: string) => string,
  size: Size,
): string {
  const curves = calibration.flatMap(({ model, deciles }) =>
    model === null ? [] : [{ model, points: deciles.filter(positive) }],
  )
  const all = curves.flatMap(({ points }) => points)
  if (all.length === 0) return label('nothing was predicted', MARGIN.left, MARGIN.top, { class: 'tick' })
  const costs = all.map(({ predictedUsd }) => predictedUsd)
  const ratios = all.map(({ ratio }) => ratio)
  const [left, right] = [MARGIN.left, size.width - MARGIN.right]
  const [top, bottom] = [MARGIN.top, size.height - MARGIN.bottom]
  const x = scaleLog()
    .domain([Math.min(...costs) / 1.3, Math.max(...costs) * 1.3])
    .range([left, right])
  const y = scaleLog()
    .domain([Math.min(0.72, ...ratios) / 1.05, Math.max(1.38, ...ratios) * 1.05])
    .range([bottom, top])
  const at = ({ predictedUsd, ratio }: Positive): [number, number] => [x(predictedUsd), y(ratio)]
  const [lowest, highest] = y.domain()
  return [
    ...RATIO_TICKS.filter((ratio) => ratio >= lowest && ratio <= highest).flatMap((ratio) => [
      tag('line', { x1: left, x2: right, y1: y(ratio), y2: y(ratio), class: 'grid' }),
      label(String(ratio), left - 6, y(ratio) + 4, { class: 'tick', 'text-anchor': 'end' }),
    ]),
    tag('line', { x1: left, x2: right, y1: y(1), y2: y(1), class: 'level', stroke: 'var(--ink)' }),
    ...usdTicks(x.domain(), [1]).map((usd) =>
      label(usdTickText(usd), x(usd), bottom + 16, { class: 'tick', 'text-anchor': 'middle' }),
    ),
    label('realised over predicted', 0, 11, { class: 'axis' }),
    label('predicted, USD per 1,000 requests', right, size.height - 3, {
      class: 'axis',
      'text-anchor': 'end',
    }),
    ...curves.flatMap(({ model, points }) => [
      tag('path', { d: line()(points.map(at)) ?? '', class: 'line faint', stroke: colorOf(model) }),
      ...points.map((point) => {
        const [cx, cy] = at(point)
        const text = `${shortName(model)}: ${point.requests} requests predicted ${usdPerThousand(point.predictedUsd)}, realised ${usdPerThousand(point.realisedUsd)} (${point.ratio.toFixed(2)})`
        return tag('circle', { cx, cy, r: 3.5, fill: colorOf(model) }, hint(text))
      }),
    ]),
  ].join('')
}

type Positive = CalibrationPoint & { readonly ratio: number }

/** A logarithmic plot has no place for what cost or promised nothing. */
function positive(point: CalibrationPoint): point is Positive {
  return point.ratio !== null && point.ratio > 0
}
