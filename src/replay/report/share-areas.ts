import { scaleLinear } from 'd3-scale'
import { area } from 'd3-shape'
import { percent, shortName } from '../../report/format.js'
import { rolling, type Samples } from '../../report/series.js'
import { hint, label, round, type Size, tag } from '../../report/svg.js'
import type { Trace } from '../tally.js'

/** Requests that a share looks back on, over all seeds: the first after an event shows within a dozen pixels. */
const WINDOW = 20
const MARGIN = { top: 20, right: 4, bottom: 20, left: 46 }

/** Who gets the requests over time, stacked to one, in the order of the models; events as vertical lines. */
export function shareAreas(
  trace: Trace,
  modelIds: readonly string[],
  colorOf: (modelId: string) => string,
  events: readonly string[],
  size: Size,
): string {
  const { bounds } = trace
  const requests = bounds[bounds.length - 1]
  const bottom = size.height - MARGIN.bottom
  const x = scaleLinear()
    .domain([0, requests])
    .range([MARGIN.left, size.width - MARGIN.right])
  const y = scaleLinear().domain([0, 1]).range([bottom, MARGIN.top])
  const layers = stacked(trace.shares.map((shares) => rolling(shares, WINDOW, 1)))
  return [
    ...[0, 0.5, 1].map((share) =>
      label(percent(share), MARGIN.left - 5, y(share) + 4, { class: 'tick', 'text-anchor': 'end' }),
    ),
    ...layers.map((layer, m) => {
      const d = area<Layer[number]>()
        .x(([request]) => Math.round(x(request) * 10) / 10)
        .y0(([, low]) => Math.round(y(low) * 10) / 10)
        .y1(([, , high]) => Math.round(y(high) * 10) / 10)([...layer])
      return tag('path', { d: d ?? '', fill: colorOf(modelIds[m]) }, hint(shortName(modelIds[m])))
    }),
    ...bounds.slice(1, -1).map((at) => `<path class="event" d="M${round(x(at))},${MARGIN.top}V${bottom}"/>`),
    ...events.map((text, p) =>
      label(text, (x(bounds[p]) + x(bounds[p + 1])) / 2, MARGIN.top - 6, {
        class: 'phase',
        'text-anchor': 'middle',
      }),
    ),
    ...x
      .ticks(4)
      .map((value) =>
        label(String(value), x(value), bottom + 15, { class: 'tick', 'text-anchor': 'middle' }),
      ),
  ].join('')
}

type Layer = readonly (readonly [request: number, low: number, high: number])[]

/** Lower and upper edge of every model, the first at the bottom. */
function stacked(shares: readonly Samples[]): Layer[] {
  const floor = shares[0].map(() => 0)
  return shares.map((samples) =>
    samples.map(([request, share], i) => {
      const low = floor[i]
      floor[i] += share
      return [request, low, floor[i]] as const
    }),
  )
}
