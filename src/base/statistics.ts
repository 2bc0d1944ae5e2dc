/** 97.5 % quantile of Student's t for 1 to 30 degrees of freedom. */
const T_975 = [
  12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306, 2.2622, 2.2281, 2.201, 2.1788, 2.1604,
  2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.093, 2.086, 2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555,
  2.0518, 2.0484, 2.0452, 2.0423,
]
/** 97.5 % quantile of the normal distribution. */
export const NORMAL_975 = 1.959964

export function mean(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]
  return sum / values.length
}

/** Middle value; the mean of the middle two when there is an even number of them. */
export function median(values: Float64Array): number {
  const sorted = values.slice().sort()
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}

/**
 * 95 % confidence interval of a mean over seeds by Student's t: mean +- t(0.975, n - 1) s / sqrt(n).
 * One value has no spread to speak of: both ends are the value itself.
 */
export function confidence95(values: readonly number[]): readonly [low: number, high: number] {
  const centre = mean(values)
  if (values.length < 2) return [centre, centre]
  const variance = values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1)
  const half = tQuantile975(values.length - 1) * Math.sqrt(variance / values.length)
  return [centre - half, centre + half]
}

/** Beyond 30 degrees of freedom: z + (z^3 + z)/(4 df), the first Cornish-Fisher term, right to 1e-3. */
export function tQuantile975(degrees: number): number {
  const z = NORMAL_975
  return T_975[degrees - 1] ?? z + (z ** 3 + z) / (4 * degrees)
}
