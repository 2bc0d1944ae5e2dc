/** One line of a plot: requests since evaluation started, and a value. */
export type Samples = readonly (readonly [request: number, value: number])[]

const SAMPLES = 110

/**
 * Mean of the `window` values up to each request, sampled evenly; shorter windows at the start.
 * @param first the first request that is shown: early windows are short and noisy
 */
export function rolling(values: Float64Array, window: number, first = window / 2): Samples {
  const sums = prefixSums(values)
  return sampled(values.length, Math.min(first, values.length), (end) => {
    const start = Math.max(0, end - window)
    return (sums[end] - sums[start]) / (end - start)
  })
}

/** Mean of all values up to each request, sampled evenly. */
export function cumulative(values: Float64Array): Samples {
  const sums = prefixSums(values)
  return sampled(values.length, Math.min(20, values.length), (end) => sums[end] / end)
}

function sampled(size: number, first: number, valueAt: (end: number) => number): Samples {
  const start = Math.max(1, Math.round(first))
  const count = Math.min(SAMPLES, size - start + 1)
  return Array.from({ length: count }, (_, i) => {
    const end = count === 1 ? size : Math.round(start + ((size - start) * i) / (count - 1))
    return [end, valueAt(end)] as const
  })
}

function prefixSums(values: Float64Array): Float64Array {
  const sums = new Float64Array(values.length + 1)
  for (let i = 0; i < values.length; i++) sums[i + 1] = sums[i] + values[i]
  return sums
}
