import { useMemo } from 'preact/hooks'
import { percent, shortName } from '../../../src/report/format.js'
import type { ChartSpec } from '../../shared/chart.js'
import { visible } from '../../shared/name.js'
import { marksOf } from '../colors.js'
import type { Base } from '../messages.js'
import type { ModelSetting } from '../play/setting.js'
import type { TrackPoint } from '../play/track.js'
import { models, started, view } from '../state.js'
import { Figure, Swatch } from './figure.js'
import { HEIGHT, Plot } from './plot.js'

/** Shares of the models, stacked: the cheapest at the bottom. */
export function Shares() {
  const bases = started.value?.bases ?? []
  const settings = models.value
  const points = view.value?.points ?? []
  const markOf = marksOf(bases, settings)
  const order = orderOf(bases, settings)
  const ids = order.map((m) => settings[m].id)
  const key = JSON.stringify(ids)
  const spec = useMemo((): ChartSpec => {
    const series = ids.map((id) => ({ name: id, ...markOf(id), isArea: true, width: 0 }))
    return { height: HEIGHT, series: series.reverse(), yFormat: percent, yRange: () => [0, 1] }
  }, [key])
  const data = useMemo(() => [points.map(({ request }) => request), ...stacked(points, order)], [points, key])
  const shares = view.value?.models ?? []
  const texts = order.map((m) => `${visible(settings[m].id)} ${percent(shares[m]?.recentShare ?? 0)}`)
  return (
    <Figure
      title="Who gets the requests"
      note="Shares of the latest 400 requests, the cheapest model at the bottom."
    >
      <Plot spec={spec} data={data} label={`Shares of requests: ${texts.join(', ')}`} />
      <p class="key">
        {order.map((m) => (
          <span key={settings[m].id} title={visible(settings[m].id)}>
            <Swatch mark={markOf(settings[m].id)} />
            {shortName(visible(settings[m].id))} <b>{percent(shares[m]?.recentShare ?? 0)}</b>
          </span>
        ))}
      </p>
    </Figure>
  )
}

/** Places of the models: by list price, the cheapest first, then those that were added. A new price moves nobody. */
function orderOf(bases: readonly Base[], settings: readonly ModelSetting[]): number[] {
  const prices = new Map(bases.map(({ id, outputUsdPerMTok }) => [id, outputUsdPerMTok]))
  const priceOf = ({ id }: ModelSetting): number => prices.get(id) ?? Number.MAX_VALUE
  return settings.map((_, m) => m).sort((a, b) => priceOf(settings[a]) - priceOf(settings[b]) || a - b)
}

/** Running sums of the shares, the whole first: each area covers the lower part of the one before. */
function stacked(points: readonly TrackPoint[], order: readonly number[]): number[][] {
  return order.map((_, i) => {
    const below = order.slice(0, order.length - i)
    return points.map(({ shares }) => below.reduce((sum, m) => sum + (shares[m] ?? 0), 0))
  })
}
