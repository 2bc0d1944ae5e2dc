import type { ComponentChildren } from 'preact'
import { useMemo } from 'preact/hooks'
import { percent, reward, shortName, usdPerThousand } from '../../../src/report/format.js'
import type { ChartSpec } from '../../shared/chart.js'
import { colorsOf } from '../colors.js'
import type { Base } from '../messages.js'
import type { ModelSetting } from '../play/setting.js'
import type { TrackPoint } from '../play/track.js'
import { models, started, view } from '../state.js'
import { Frontier } from './frontier.js'
import { Plot } from './plot.js'

const HEIGHT = 220
const ROUTER = 'var(--policy)'
const PAPER = 'var(--b3)'
const LIMIT = 'var(--warn)'
const DOTS = [2, 4]
const DASHES = [7, 4]

/** A little air above and below what is shown; nothing at all is an axis of one. */
function airy(low: number, high: number): readonly [number, number] {
  const pad = 0.08 * (high - low) || Math.abs(high) * 0.1 || 1
  return [Math.max(0, low - pad), high + pad]
}

const SPEND: ChartSpec = {
  height: HEIGHT,
  series: [
    { name: 'policy paper', color: PAPER, dash: DOTS },
    { name: 'budget', color: LIMIT, dash: DASHES },
    { name: 'router', color: ROUTER, width: 2.4 },
  ],
  yFormat: (value) => usdPerThousand(value / 1000),
  yRange: (_, high) => [0, (high || 1) * 1.1],
}

const QUALITY: ChartSpec = {
  height: HEIGHT,
  series: [
    { name: 'policy paper', color: PAPER, dash: DOTS },
    { name: 'router', color: ROUTER, width: 2.4 },
  ],
  yFormat: (value) => value.toFixed(2),
  yRange: airy,
}

const PRICE: ChartSpec = {
  height: HEIGHT,
  series: [{ name: 'shadow price', color: ROUTER, width: 2.4 }],
  yFormat: (value) => String(Number(value.toPrecision(2))),
  yRange: (_, high) => [0, (high || 1) * 1.1],
}

/** Spend, quality, shares, shadow price, and all of it at once: the frontier. */
export function Charts() {
  const points = view.value?.points ?? []
  const latest = points[points.length - 1]
  const requests = points.map(({ request }) => request)
  const column = (read: (point: TrackPoint) => number): number[] => points.map(read)
  const spend = useMemo(
    () => [
      requests,
      column((p) => p.paperCostUsd * 1000),
      column((p) => p.budgetUsd * 1000),
      column((p) => p.costUsd * 1000),
    ],
    [points],
  )
  const quality = useMemo(() => [requests, column((p) => p.paperReward), column((p) => p.reward)], [points])
  const price = useMemo(() => [requests, column((p) => p.shadowPrice)], [points])
  const now = (value: number | undefined, format: (value: number) => string): string =>
    value === undefined ? '' : format(value)
  return (
    <section class="charts" aria-label="What the router does">
      <Figure
        title="Spend, $ per 1,000 requests"
        note="Means of the latest 400 requests. Prompts differ, so these swing around the budget; the mean over all requests is what is held."
      >
        <Plot
          spec={SPEND}
          data={spend}
          label={`Spend of the router ${now(latest?.costUsd, usdPerThousand)}, of policy paper ${now(latest?.paperCostUsd, usdPerThousand)}, budget ${now(latest?.budgetUsd, usdPerThousand)} per 1,000 requests`}
        />
        <Key
          lines={[
            ['router', 'line', now(latest?.costUsd, usdPerThousand)],
            ['policy paper', 'dots', now(latest?.paperCostUsd, usdPerThousand)],
            ['budget', 'dashes', now(latest?.budgetUsd, usdPerThousand)],
          ]}
        />
      </Figure>
      <Figure
        title="Quality of answers, 0 to 1"
        note="The reward of each answer, mean of the latest 400. Policy paper is the published method, on the same prompts with the same budget."
      >
        <Plot
          spec={QUALITY}
          data={quality}
          label={`Quality of the router's answers ${now(latest?.reward, reward)}, of policy paper's ${now(latest?.paperReward, reward)}`}
        />
        <Key
          lines={[
            ['router', 'line', now(latest?.reward, reward)],
            ['policy paper', 'dots', now(latest?.paperReward, reward)],
          ]}
        />
      </Figure>
      <Shares points={points} />
      <Figure
        title="Quality over cost"
        note="A diamond is one model for every prompt, the dotted line the best mix of two models. The dot is the router (policy dollar) since the last change, with its 95 % interval; the ring is policy paper."
      >
        <Frontier />
      </Figure>
      <Figure
        title="Shadow price"
        note="The quality that a budget's worth of dollars has to buy before it is spent. 0 while the budget is no limit."
        wide
      >
        <Plot spec={PRICE} data={price} label={`Shadow price ${now(latest?.shadowPrice, String)}`} />
        <p class="key">
          <span>
            now <b id="shadow-price">{(view.value?.stats.pacer.shadowPrice ?? 0).toFixed(4)}</b>
          </span>
        </p>
      </Figure>
    </section>
  )
}

/** Shares of the models, stacked: the cheapest at the bottom. */
function Shares({ points }: { points: readonly TrackPoint[] }) {
  const bases = started.value?.bases ?? []
  const ids = models.value.map(({ id }) => id)
  const colorOf = colorsOf(bases, models.value)
  const key = JSON.stringify(ids)
  const order = orderOf(bases, models.value)
  const spec = useMemo((): ChartSpec => {
    const series = order.map((m) => ({ name: ids[m], color: colorOf(ids[m]), isArea: true, width: 0 }))
    return { height: HEIGHT, series: series.reverse(), yFormat: percent, yRange: () => [0, 1] }
  }, [key])
  const data = useMemo(() => [points.map(({ request }) => request), ...stacked(points, order)], [points, key])
  const shares = view.value?.models ?? []
  const text = shares.map((model) => `${model.setting.id} ${percent(model.recentShare)}`).join(', ')
  return (
    <Figure title="Who gets the requests" note="Shares of the latest 400 requests.">
      <Plot spec={spec} data={data} label={`Shares of requests: ${text}`} />
      <p class="key">
        {order.map((m) => (
          <span key={ids[m]} title={ids[m]}>
            <Swatch color={colorOf(ids[m])} />
            {shortName(ids[m])} <b>{percent(shares[m]?.recentShare ?? 0)}</b>
          </span>
        ))}
      </p>
    </Figure>
  )
}

/** Places of the models: by list price, the cheapest first, and those that were added after them. A new price moves nobody. */
function orderOf(bases: readonly Base[], settings: readonly ModelSetting[]): number[] {
  const prices = new Map(bases.map(({ id, outputUsdPerMTok }) => [id, outputUsdPerMTok]))
  const priceOf = ({ id }: ModelSetting): number => prices.get(id) ?? Number.POSITIVE_INFINITY
  return settings.map((_, m) => m).sort((a, b) => priceOf(settings[a]) - priceOf(settings[b]) || a - b)
}

/** Running sums of the shares, the whole first: each area covers the lower part of the one before. */
function stacked(points: readonly TrackPoint[], order: readonly number[]): number[][] {
  return order.map((_, i) => {
    const below = order.slice(0, order.length - i)
    return points.map(({ shares }) => below.reduce((sum, m) => sum + (shares[m] ?? 0), 0))
  })
}

/** A square of a model's colour: painted as a picture, since the page's rules allow no inline style in markup. */
export function Swatch({ color }: { color: string }) {
  return (
    <svg class="swatch" viewBox="0 0 10 10" width="11" height="11" aria-hidden="true">
      <rect width="10" height="10" rx="2" fill={color} />
    </svg>
  )
}

interface FigureProps {
  readonly title: string
  readonly note: string
  readonly wide?: boolean
  readonly children: ComponentChildren
}

function Figure({ title, note, wide = false, children }: FigureProps) {
  return (
    <figure class={wide ? 'wide' : ''}>
      <figcaption>
        <b>{title}</b>
        {note}
      </figcaption>
      {children}
    </figure>
  )
}

function Key({
  lines,
}: {
  lines: readonly (readonly [name: string, mark: 'line' | 'dots' | 'dashes', value: string])[]
}) {
  return (
    <p class="key">
      {lines.map(([name, mark, value]) => (
        <span key={name}>
          <svg class={`mark ${mark}`} viewBox="0 0 22 8" width="22" height="8" aria-hidden="true">
            <path d="M0 4H22" />
          </svg>
          {name} <b>{value}</b>
        </span>
      ))}
    </p>
  )
}
