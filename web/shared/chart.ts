import uPlot from 'uplot'
import { stepsTold, valueTexts, yAxisPx } from './value-axis.js'

export interface ChartSeries {
  readonly name: string
  /** A colour or a variable of the page: `var(--ink)`. */
  readonly color: string
  /** Length of dashes and gaps, px: lines differ by more than their colour. */
  readonly dash?: readonly number[]
  readonly width?: number
  /** Filled down to zero: for stacked shares, the highest sum first. */
  readonly isArea?: boolean
}

export interface ChartSpec {
  readonly series: readonly ChartSeries[]
  readonly yFormat: (value: number) => string
  /** Given the lowest and highest value that is shown, where the axis begins and ends. */
  readonly yRange: (low: number, high: number) => readonly [low: number, high: number]
  /** Whether values are whole numbers: then no tick stands between two of them. */
  readonly isCount?: boolean
  readonly height: number
  /** What x counts: requests, or seconds since 1970 UTC. Default: requests. */
  readonly x?: 'requests' | 'time'
  /** Where lines are broken, and which values have points. Default: nowhere in time, and one that is alone. */
  readonly broken?: Pick<uPlot.Series, 'points' | 'gaps'>
  /** Told which place of the data the pointer is at; null: it is not over the chart. Without it the chart follows no pointer. */
  readonly onPointer?: (index: number | null) => void
}

/** Numbers by column: x first, then one column a series. */
export type ChartData = readonly (readonly (number | null)[])[]

export interface Chart {
  /** @param marks places on the x axis at which something happened: a thin line each */
  draw(data: ChartData, marks?: readonly number[]): void
  destroy(): void
}

const DARK = '(prefers-color-scheme: dark)'
/** Whole pixels: uPlot scales no others to the screen. */
const FONT = '12px system-ui, sans-serif'
const AXIS_LABEL_PX = 10
const Y_AXIS_PX = 52
/** Dollars with their digits, and times of day. */
const WIDE_Y_AXIS_PX = 62
const CLOCK_TICK_PX = 78
const DAY_AND_A_HALF_S = 36 * 3600
const WHOLE_STEPS = Array.from({ length: 12 }, (_, power) =>
  [1, 2, 5].map((digit) => digit * 10 ** power),
).flat()

/** Lines over requests, or over time, on a canvas that is as wide as its host. Follows the page's colours when they change. */
export function createChart(host: HTMLElement, spec: ChartSpec): Chart {
  let latest: ChartData = [[], ...spec.series.map(() => [])]
  let marked: readonly number[] = []
  let plot = make()
  const scheme = matchMedia(DARK)
  const repaint = (): void => {
    plot.destroy()
    plot = make()
  }
  const resize = new ResizeObserver(() => {
    if (host.clientWidth > 0) plot.setSize({ width: host.clientWidth, height: spec.height })
  })
  scheme.addEventListener('change', repaint)
  resize.observe(host)

  function make(): uPlot {
    const width = Math.max(1, host.clientWidth)
    const ink = resolved(host, 'var(--quiet)')
    const hooks: uPlot.Hooks.Arrays = {
      draw: [(drawn) => drawMarks(drawn, marked, ink)],
      setCursor: [(drawn) => spec.onPointer?.(drawn.cursor.idx ?? null)],
    }
    return new uPlot({ ...optionsOf(host, spec), hooks, width, height: spec.height }, dataOf(latest), host)
  }
  return {
    draw(data, marks = []) {
      latest = data
      marked = marks
      plot.setData(dataOf(data))
    },
    destroy() {
      scheme.removeEventListener('change', repaint)
      resize.disconnect()
      plot.destroy()
    },
  }
}

/** Over the lines, since areas would hide them. */
function drawMarks({ ctx, bbox, scales, valToPos }: uPlot, marks: readonly number[], ink: string): void {
  const { min = 0, max = 0 } = scales.x
  ctx.save()
  ctx.strokeStyle = ink
  ctx.setLineDash([])
  ctx.lineWidth = devicePixelRatio
  ctx.beginPath()
  for (const mark of marks) {
    if (mark < min || mark > max) continue
    const x = Math.round(valToPos(mark, 'x', true))
    ctx.moveTo(x, bbox.top)
    ctx.lineTo(x, bbox.top + bbox.height)
  }
  ctx.stroke()
  ctx.restore()
}

function dataOf(data: ChartData): uPlot.AlignedData {
  return data.map((column) => [...column]) as uPlot.AlignedData
}

function optionsOf(
  host: HTMLElement,
  { series, yFormat, yRange, isCount = false, broken, onPointer, x = 'requests' }: ChartSpec,
): Omit<uPlot.Options, 'width' | 'height'> {
  const isTime = x === 'time'
  const color = (name: string): string => resolved(host, name)
  const axis = {
    stroke: color('var(--quiet)'),
    font: FONT,
    grid: { stroke: color('var(--rule)'), width: 1 },
    ticks: { show: false },
  }
  return {
    legend: { show: false },
    cursor:
      onPointer === undefined
        ? { show: false }
        : { y: false, drag: { setScale: false, x: false, y: false }, points: { size: 6 } },
    // Without data uPlot draws no x axis, whose height the lowest label needs.
    padding: [8, isTime ? CLOCK_TICK_PX / 2 - 8 : 8, lowestLabelPx, 0],
    scales: {
      x: isTime
        ? { time: true, range: ({ data }, low) => timeRange(low, data[0].at(-1) ?? null) }
        : { time: false },
      y: { range: (_, low, high) => [...yRange(low, high)] as [number, number] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 26,
        ...(isTime ? { space: CLOCK_TICK_PX } : {}),
        values: (_, ticks) => (isTime ? clockTexts(ticks) : ticks.map(requestsText)),
      },
      {
        ...axis,
        size: (plot, texts) =>
          yAxisPx(texts ?? [], plot.width, isTime ? WIDE_Y_AXIS_PX : Y_AXIS_PX, textPx(plot)),
        incrs: isCount ? WHOLE_STEPS : (_, __, low, high) => stepsTold(low, high, yFormat),
        values: (_, ticks) => valueTexts(ticks, yFormat),
      },
    ],
    series: [
      {},
      ...series.map(({ color: name, dash, width = 2, isArea = false }) => ({
        stroke: color(name),
        width,
        ...(broken ?? {
          points: { show: ({ data }: uPlot) => isTime && data[0].length === 1 },
          spanGaps: isTime,
        }),
        ...(dash === undefined ? {} : { dash: [...dash] }),
        ...(isArea ? { fill: areaFill(color(name), dash, color('var(--paper)')) } : {}),
      })),
    ],
  }
}

function lowestLabelPx({ data }: Partial<Pick<uPlot, 'data'>>): number {
  return data === undefined || data[0].length === 0 ? AXIS_LABEL_PX : 0
}

/** Areas of models that share a colour differ by stripes as long as the dashes of their lines. */
function areaFill(color: string, dash: readonly number[] = [], between: string): string | CanvasPattern {
  const context = document.createElement('canvas').getContext('2d')
  if (dash.length === 0 || context === null) return color
  const length = dash.reduce((sum, each) => sum + each, 0)
  const { canvas } = context
  canvas.width = length
  canvas.height = 1
  let x = 0
  for (const [i, each] of dash.entries()) {
    context.fillStyle = i % 2 === 0 ? color : between
    context.fillRect(x, 0, each, 1)
    x += each
  }
  return context.createPattern(canvas, 'repeat') ?? color
}

/** `1.2k`, `3M`: short enough to stand side by side at 400 px. */
export function requestsText(count: number): string {
  if (count < 1000) return String(count)
  const [scale, letter] = count < 1e6 ? [1e3, 'k'] : [1e6, 'M']
  return `${Number((count / scale).toFixed(1))}${letter}`
}

function textPx({ ctx }: uPlot): (text: string) => number {
  return (text) => {
    ctx.save()
    ctx.font = FONT
    const { width } = ctx.measureText(text)
    ctx.restore()
    return width
  }
}

/** Where an axis of time begins and ends, s: a moment alone has a minute on either side. */
export function timeRange(low: number | null, high: number | null): uPlot.Range.MinMax {
  return low !== null && low === high ? [low - 60, low + 60] : [low, high]
}

/** Ticks of an axis of time: seconds where they are less than a minute apart, days where it is longer than one. */
function clockTexts(ticks: readonly number[]): string[] {
  const span = ticks.length > 1 ? ticks[ticks.length - 1] - ticks[0] : 0
  const hasSeconds = ticks.length > 1 && ticks[1] - ticks[0] < 60
  return ticks.map((tick) => {
    const date = new Date(tick * 1000)
    if (span > DAY_AND_A_HALF_S) return `${date.getMonth() + 1}/${date.getDate()} ${date.getHours()}h`
    return date.toLocaleTimeString('en-GB', {
      hour: '2-digit',
      minute: '2-digit',
      ...(hasSeconds ? { second: '2-digit' } : {}),
    })
  })
}

/** A canvas takes no variables. */
function resolved(host: HTMLElement, color: string): string {
  const name = /^var\((--[\w-]+)\)$/.exec(color)?.[1]
  return name === undefined ? color : getComputedStyle(host).getPropertyValue(name).trim()
}
