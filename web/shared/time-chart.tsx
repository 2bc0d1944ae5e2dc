import { useEffect, useRef, useState } from 'preact/hooks'
import 'uplot/dist/uPlot.min.css'
import { brokenLines } from './breaks.js'
import { type Chart, type ChartData, type ChartSeries, createChart } from './chart.js'
import { count, time } from './format.js'
import { LineMark } from './line-mark.js'
import { Table } from './table.js'
import { valueRange } from './value-axis.js'
import { lastWhole, type Stretch, stretchText, wholeCounts } from './whole.js'

export interface TimeSeries extends ChartSeries {
  /** One a time; null: nothing is known. */
  readonly values: readonly (number | null)[]
}

export interface TimeChartProps {
  /** What it shows, in words, for those who do not see it. */
  readonly label: string
  /** Where each stretch of time begins, milliseconds since 1970 UTC, ascending. */
  readonly times: readonly number[]
  /** Of counts and means of stretches of time: the legend has those of the last whole one. Default: figures are those of a moment. */
  readonly stretch?: Stretch
  readonly series: readonly TimeSeries[]
  readonly format: (value: number | null) => string
  /** Whether the axis begins at 0. Default true. */
  readonly fromZero?: boolean
  /** At most this; default: as the values have it. */
  readonly max?: number
}

const HEIGHT = 190
const TABLE_ROWS = 12

/** Lines over time with a legend that tells the values under the pointer, and the latest figures as a table. */
export function TimeChart(props: TimeChartProps) {
  const { label, times, stretch, series, format, fromZero = true, max } = props
  const place = useRef<HTMLDivElement>(null)
  const chart = useRef<Chart | null>(null)
  const [index, setIndex] = useState<number | null>(null)
  const stretchS = stretch === undefined || format === count ? undefined : stretch.widthMs / 1000
  const lines = series.map(({ name, color, dash }) => [name, color, dash])
  const shape = JSON.stringify([lines, fromZero, max, stretchS])

  const whole = lastWhole(times, stretch)
  const drawn = () =>
    dataOf(
      times,
      series.map(({ values }) => (format === count ? wholeCounts(values, whole) : values)),
    )

  // Made again where its lines are others; fed where only their values are.
  useEffect(() => {
    if (place.current === null) return
    const made = createChart(place.current, {
      x: 'time',
      series,
      height: HEIGHT,
      yFormat: format,
      isCount: format === count,
      ...(stretchS === undefined ? {} : { broken: brokenLines(stretchS) }),
      yRange: (low, high) => valueRange(low, high, fromZero, max),
      onPointer: setIndex,
    })
    made.draw(drawn())
    chart.current = made
    return () => {
      chart.current = null
      made.destroy()
    }
  }, [shape])
  useEffect(() => {
    chart.current?.draw(drawn())
  }, [times, series])

  const shown = index !== null && index < times.length ? index : whole
  return (
    <div class="chart">
      <div class="legend" aria-hidden="true">
        {series.map(({ name, color, dash, values }, i) => (
          <span key={i} title={name}>
            <LineMark color={color} dash={dash ?? []} />
            <span class="name">{name}</span> <b>{format(values[shown] ?? null)}</b>
          </span>
        ))}
        {shown >= 0 && (index !== null || stretch !== undefined) && (
          <small>{stretchText(times[shown], times[times.length - 1], stretch)}</small>
        )}
      </div>
      <div role="img" aria-label={label} ref={place} style={{ height: `${HEIGHT}px` }} />
      <details>
        <summary>Figures</summary>
        <Figures {...props} whole={whole} />
      </details>
    </div>
  )
}

function Figures({
  times,
  stretch,
  series,
  format,
  label,
  whole,
}: TimeChartProps & { readonly whole: number }) {
  const from = Math.max(0, times.length - TABLE_ROWS)
  const rows = times.slice(from).map((at, i) => ({ at, index: from + i }))
  return (
    <Table
      label={`figures: ${label}`}
      rows={rows}
      keyOf={({ at }) => String(at)}
      columns={[
        {
          name: 'from',
          cell: ({ at, index }) => (
            <>
              {time(at, stretch?.now ?? times[times.length - 1])}
              {index > whole && <small> so far</small>}
            </>
          ),
        },
        ...series.map(({ name, values }) => ({
          name,
          isNumber: true,
          cell: ({ index }: { readonly index: number }) => format(values[index] ?? null),
        })),
      ]}
    />
  )
}

function dataOf(times: readonly number[], columns: readonly TimeSeries['values'][]): ChartData {
  return [times.map((at) => at / 1000), ...columns]
}
