import { useEffect, useRef, useState } from 'preact/hooks'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'

export interface TimeSeries {
  readonly label: string
  /** A CSS colour, or a variable of the page: `--ink`. */
  readonly color: string
  readonly dash?: readonly number[]
  /** One a time; null: nothing is known. */
  readonly values: readonly (number | null)[]
  readonly isThin?: boolean
}

export interface TimeChartProps {
  /** What it shows, in words, for those who do not see it. */
  readonly label: string
  /** Milliseconds since 1970 UTC, ascending. */
  readonly times: readonly number[]
  readonly series: readonly TimeSeries[]
  readonly format: (value: number | null) => string
  readonly height?: number
  /** Whether the axis begins at 0. Default true. */
  readonly fromZero?: boolean
  /** At most this; default: as the values have it. */
  readonly max?: number
}

const HEIGHT = 190
const TABLE_ROWS = 12
const DARK = '(prefers-color-scheme: dark)'

/** Lines over time with a legend that tells the values under the pointer, and the latest figures as a table. */
export function TimeChart(props: TimeChartProps) {
  const { label, times, series, format, height = HEIGHT, fromZero = true, max } = props
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const [index, setIndex] = useState<number | null>(null)
  const isDark = useMedia(DARK)
  const shape = JSON.stringify([series.map((each) => [each.label, each.color, each.dash]), isDark, height])

  // Made anew where its lines are others; fed where only their values are.
  useEffect(() => {
    const parent = place.current
    if (parent === null) return
    const options = optionsOf(parent, props, height, fromZero, max, (at) => setIndex(at))
    const made = new uPlot(options, dataOf(times, series), parent)
    plot.current = made
    const observer = new ResizeObserver(() => {
      if (parent.clientWidth > 0) made.setSize({ width: parent.clientWidth, height })
    })
    observer.observe(parent)
    return () => {
      observer.disconnect()
      made.destroy()
      plot.current = null
    }
  }, [shape])
  useEffect(() => {
    plot.current?.setData(dataOf(times, series))
  }, [times, series])

  const shown = index !== null && index < times.length ? index : times.length - 1
  return (
    <div class="chart">
      <div class="legend" aria-hidden="true">
        {series.map((each) => (
          <span key={each.label} title={each.label}>
            <i style={{ background: colorOf(each.color) }} />
            <span class="name">{each.label}</span> <b>{format(each.values[shown] ?? null)}</b>
          </span>
        ))}
      </div>
      <div role="img" aria-label={label} ref={place} style={{ height: `${height}px` }} />
      <details>
        <summary>Figures</summary>
        <Figures times={times} series={series} format={format} label={label} />
      </details>
    </div>
  )
}

function Figures({
  times,
  series,
  format,
  label,
}: Pick<TimeChartProps, 'times' | 'series' | 'format' | 'label'>) {
  const from = Math.max(0, times.length - TABLE_ROWS)
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <section class="scroll" tabIndex={0} aria-label={`figures: ${label}`}>
      <table>
        <thead>
          <tr>
            <th scope="col">time</th>
            {series.map((each) => (
              <th scope="col" key={each.label}>
                <span class="name">{each.label}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {times.slice(from).map((at, i) => (
            <tr key={at}>
              <td>{new Date(at).toLocaleTimeString('en-GB')}</td>
              {series.map((each) => (
                <td key={each.label}>{format(each.values[from + i] ?? null)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

export function colorOf(color: string): string {
  return color.startsWith('--') ? `var(${color})` : color
}

/** A canvas knows no variables. */
function canvasColor(color: string): string {
  if (!color.startsWith('--')) return color
  return getComputedStyle(document.documentElement).getPropertyValue(color).trim()
}

function dataOf(times: readonly number[], series: readonly TimeSeries[]): uPlot.AlignedData {
  return [times.map((at) => at / 1000), ...series.map(({ values }) => [...values])]
}

function optionsOf(
  parent: HTMLElement,
  { series, format }: TimeChartProps,
  height: number,
  fromZero: boolean,
  max: number | undefined,
  onCursor: (index: number | null) => void,
): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: canvasColor('--quiet'),
    grid: { stroke: canvasColor('--rule'), width: 1 },
    ticks: { stroke: canvasColor('--rule'), width: 1 },
    font: '11.5px system-ui, sans-serif',
  }
  return {
    width: Math.max(100, parent.clientWidth),
    height,
    legend: { show: false },
    cursor: { y: false, drag: { setScale: false, x: false, y: false }, points: { size: 6 } },
    scales: {
      y: {
        range: (_plot, low, high) => {
          const least = fromZero ? Math.min(0, low ?? 0) : (low ?? 0)
          const most = Math.max(max ?? high ?? 1, high ?? 0)
          const pad = (most - least) * 0.06 || 1
          return [least, max !== undefined && most <= max ? max : most + pad]
        },
      },
    },
    axes: [
      { ...axis, space: 78, size: 30, values: clockTicks },
      { ...axis, size: 62, values: (_plot, ticks) => ticks.map((tick) => format(tick)) },
    ],
    series: [
      {},
      ...series.map(
        ({ label, color, dash, isThin }): uPlot.Series => ({
          label,
          stroke: canvasColor(color),
          width: isThin === true ? 1.2 : 2,
          ...(dash === undefined ? {} : { dash: [...dash] }),
          spanGaps: true,
          points: { show: false },
        }),
      ),
    ],
    hooks: { setCursor: [(plot) => onCursor(plot.cursor.idx ?? null)] },
  }
}

function clockTicks(_plot: uPlot, ticks: number[]): string[] {
  const isLong = ticks.length > 1 && ticks[ticks.length - 1] - ticks[0] > 36 * 3600
  const isShort = ticks.length > 1 && ticks[1] - ticks[0] < 60
  return ticks.map((tick) => {
    const date = new Date(tick * 1000)
    if (isLong) return `${date.getMonth() + 1}/${date.getDate()} ${date.getHours()}h`
    return date.toLocaleTimeString('en-GB', {
      hour: '2-digit',
      minute: '2-digit',
      ...(isShort ? { second: '2-digit' } : {}),
    })
  })
}

function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => matchMedia(query).matches)
  useEffect(() => {
    const list = matchMedia(query)
    const tell = () => setMatches(list.matches)
    list.addEventListener('change', tell)
    return () => list.removeEventListener('change', tell)
  }, [query])
  return matches
}
