import type uPlot from 'uplot'

/** A line is broken where nothing came for at least this share of the time that a chart shows. */
const SHARE_MIN = 0.1

type Values = readonly (number | null | undefined)[]

/**
 * Places of the first times after long silences: what a line would say of them nobody has seen.
 * @param times where stretches of time begin, ascending
 * @param stretch length of one
 */
export function breaksOf(times: readonly number[], stretch: number): readonly number[] {
  const least = Math.max(2 * stretch, SHARE_MIN * ((times.at(-1) ?? 0) - (times[0] ?? 0)))
  return times.flatMap((at, i) => (i > 0 && at - times[i - 1] >= least ? [i] : []))
}

/** Between which two values of a line there is a break: places of the last one before and of the first one after. */
export function gapsOf(values: Values, breaks: readonly number[]): readonly (readonly [number, number])[] {
  const gaps = new Map<number, number>()
  for (const place of breaks) {
    const before = values.findLastIndex((value, i) => i < place && isThere(value))
    const after = values.findIndex((value, i) => i >= place && isThere(value))
    if (before >= 0 && after >= 0) gaps.set(before, after)
  }
  return [...gaps]
}

/** Places of values that no line reaches: each has a point. */
export function aloneOf(values: Values, breaks: readonly number[]): readonly number[] {
  const gaps = gapsOf(values, breaks)
  const [first, last] = [values.findIndex(isThere), values.findLastIndex(isThere)]
  const begins = new Set([first, ...gaps.map(([, after]) => after)])
  const ends = new Set([last, ...gaps.map(([before]) => before)])
  return [...begins].filter((place) => place >= 0 && ends.has(place))
}

function isThere(value: number | null | undefined): boolean {
  return value !== null && value !== undefined
}

/**
 * Of means of stretches of time: values beside each other are joined, whatever other lines have in between; across silences they are not.
 * @param stretch the length of one, s
 */
export function brokenLines(stretch: number): Pick<uPlot.Series, 'points' | 'gaps'> {
  const read = ({ data }: uPlot, place: number) => {
    const times = Array.from(data[0])
    return {
      times,
      values: Array.from<number | null | undefined>(data[place]),
      breaks: breaksOf(times, stretch),
    }
  }
  return {
    points: {
      show: false,
      filter: (plot, place) => {
        const { values, breaks } = read(plot, place)
        return [...aloneOf(values, breaks)]
      },
    },
    gaps: (plot, place) => {
      const { times, values, breaks } = read(plot, place)
      const x = (i: number) => plot.valToPos(times[i], 'x', true)
      return gapsOf(values, breaks).map(([before, after]) => [x(before), x(after)])
    },
  }
}
