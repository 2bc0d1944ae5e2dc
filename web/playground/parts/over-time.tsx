import { useMemo } from 'preact/hooks'
import { reward, usdPerThousand } from '../../../src/report/format.js'
import type { ChartSpec } from '../../shared/chart.js'
import type { TrackPoint } from '../play/track.js'
import { view } from '../state.js'
import { Figure, Key } from './figure.js'
import { More } from './more.js'
import { HEIGHT, Plot } from './plot.js'

const ROUTER = { name: 'router', color: 'var(--policy)', width: 2.4 }
const PAPER = { name: 'policy paper', color: 'var(--b3)', dash: [2, 4] }
const BUDGET = { name: 'budget', color: 'var(--warn)', dash: [7, 4] }
/** Spend is drawn up to as many times the budget: the first requests of a router that knows nothing are far above. */
const SPEND_TIMES_MAX = 3
/** Means of fewer requests than these say nothing: they are not drawn. */
const REQUESTS_MIN = 20

const SPEND: ChartSpec = {
  height: HEIGHT,
  series: [PAPER, ROUTER, BUDGET],
  yFormat: (value) => usdPerThousand(value / 1000),
  yRange: (_, high) => [0, (high || 1) * 1.1],
}

const QUALITY: ChartSpec = {
  height: HEIGHT,
  series: [PAPER, ROUTER],
  yFormat: (value) => value.toFixed(2),
  yRange(low, high) {
    // Of nothing yet there is neither.
    if (low === null || high === null) return [0, 1]
    const pad = 0.08 * (high - low) || 0.05
    return [Math.max(0, low - pad), Math.min(1, high + pad)]
  },
}

const SHADOW_PRICE: ChartSpec = {
  height: HEIGHT,
  series: [ROUTER],
  yFormat: (value) => String(Number(value.toPrecision(2))),
  yRange: (_, high) => [0, (high || 1) * 1.1],
}

/** Columns of the latest points, by what is read of each. */
function useColumns(...reads: readonly ((point: TrackPoint) => number)[]): number[][] {
  const points = view.value?.points
  return useMemo(() => {
    const shown = (points ?? []).filter(({ request }) => request >= REQUESTS_MIN)
    return [shown.map(({ request }) => request), ...reads.map((read) => shown.map(read))]
  }, [points])
}

function latest(): TrackPoint | undefined {
  return view.value?.points.at(-1)
}

function text(read: (point: TrackPoint) => number, format: (value: number) => string): string {
  const point = latest()
  return point === undefined ? '' : format(read(point))
}

/** Spend of both routers against the budget. */
export function Spend() {
  const cut = (read: (point: TrackPoint) => number) => (point: TrackPoint) =>
    Math.min(read(point), SPEND_TIMES_MAX * point.budgetUsd) * 1000
  const data = useColumns(
    cut((point) => point.paperCostUsd),
    cut((point) => point.costUsd),
    cut((point) => point.budgetUsd),
  )
  const router = text((point) => point.costUsd, usdPerThousand)
  const paper = text((point) => point.paperCostUsd, usdPerThousand)
  const budget = text((point) => point.budgetUsd, usdPerThousand)
  return (
    <Figure
      title="Spend, $ per 1,000 requests"
      note={`Means of the latest 400 requests, drawn up to ${SPEND_TIMES_MAX} times the budget. Prompts differ, so they swing around it: what is held is the mean of all requests.`}
    >
      <Plot
        spec={SPEND}
        data={data}
        label={`Spend per 1,000 requests: router ${router}, policy paper ${paper}, budget ${budget}`}
      />
      <Key
        lines={[
          { name: 'router', mark: 'line', value: router },
          { name: 'policy paper', mark: 'dots', value: paper },
          { name: 'budget', mark: 'dashes', value: budget },
        ]}
      />
    </Figure>
  )
}

/** Quality of the answers of both routers. */
export function Quality() {
  const data = useColumns(
    (point) => point.paperReward,
    (point) => point.reward,
  )
  const router = text((point) => point.reward, reward)
  const paper = text((point) => point.paperReward, reward)
  return (
    <Figure
      title="Quality of answers, 0 to 1"
      note={
        <>
          The reward of each answer, mean of the latest 400. Policy paper is the published method, on the same
          prompts with the same budget. <More about={['paper']} />
        </>
      }
    >
      <Plot
        spec={QUALITY}
        data={data}
        label={`Quality of answers: router ${router}, policy paper ${paper}`}
      />
      <Key
        lines={[
          { name: 'router', mark: 'line', value: router },
          { name: 'policy paper', mark: 'dots', value: paper },
        ]}
      />
    </Figure>
  )
}

/** What a budget's worth of dollars has to buy. */
export function ShadowPrice() {
  const data = useColumns((point) => point.shadowPrice)
  const now = (view.value?.stats.pacer.shadowPrice ?? 0).toFixed(4)
  return (
    <Figure
      title="Shadow price"
      note={
        <>
          The quality that a budget's worth of dollars has to buy before it is spent. 0 while the budget is no
          limit. <More about={['shadowPrice']} />
        </>
      }
    >
      <Plot spec={SHADOW_PRICE} data={data} label={`Shadow price ${now}`} />
      <Key lines={[{ name: 'router', mark: 'line', value: now, id: 'shadow-price' }]} />
    </Figure>
  )
}
