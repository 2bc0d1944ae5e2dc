/** Between a label and its axis. */
const LABEL_GAP_PX = 10
/** Of a chart's width at most: beyond that labels are cut off. */
const Y_AXIS_SHARE_MAX = 0.5
/** From what a token costs to what nobody spends. */
const STEPS = Array.from({ length: 31 }, (_, i) =>
  [1, 2, 5].map((digit) => Number(`${digit}e${i - 15}`)),
).flat()
/** No axis has more ticks. */
const TICKS_MAX = 40

/** Ticks of an axis of values: each by its value alone. */
export function valueTexts(ticks: readonly number[], format: (value: number) => string): string[] {
  return ticks.map((tick) => format(tick))
}

/**
 * Where an axis of values begins and ends: values that are all the same stand in the middle, whatever their size.
 * @param low null, as `high`: nothing is shown
 * @param max the end of the axis, unless a value is higher
 */
export function valueRange(
  low: number | null,
  high: number | null,
  fromZero: boolean,
  max?: number,
): [low: number, high: number] {
  if (low === null || high === null) return [0, max ?? 1]
  const least = fromZero ? Math.min(0, low) : low
  const most = Math.max(max ?? high, high)
  if (max !== undefined && most <= max) return [least, max]
  const pad = (most - least) * 0.06
  if (pad > 0) return [least, most + pad]
  const around = Math.abs(most) / 2
  return around > 0 ? [least - around, most + around] : [least, least + 1]
}

/** Steps of an axis whose ticks are told apart by what is written of them. */
export function stepsTold(low: number, high: number, format: (value: number) => string): number[] {
  return STEPS.filter((step) => {
    const first = Math.ceil(low / step)
    const ticks = Math.floor(high / step) - first + 1
    if (ticks > TICKS_MAX) return false
    const texts = Array.from({ length: Math.max(0, ticks) }, (_, i) => format((first + i) * step))
    return new Set(texts).size === texts.length
  })
}

/**
 * Dollars of any size can be read whole: the axis is as wide as its longest label, and as `least` where that is more.
 * @param width of the chart, px
 * @param measure width of a text, px
 */
export function yAxisPx(
  texts: readonly string[],
  width: number,
  least: number,
  measure: (text: string) => number,
): number {
  const widest = Math.max(0, ...texts.map(measure))
  return Math.max(least, Math.min(Math.ceil(widest) + LABEL_GAP_PX, Y_AXIS_SHARE_MAX * width))
}
