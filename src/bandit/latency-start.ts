import { settledDesign } from '../kernel/design.js'
import type { Kernel } from '../kernel/kernel.js'
import { sectionOffset } from '../kernel/layout.js'

/**
 * The first latency of a model: its latency head predicts that for every prompt, theta = e y with e the bias and b = A
 * theta. Ridge pulls to 0 otherwise, which is 1 ms: after 20 answers of one second each it would still say 0.7. The arena
 * has heads.
 * @param logLatency y, ln(ms)
 */
export function startLatency({ layout, f64 }: Kernel, slot: number, logLatency: number): void {
  const { dimension, paddedDimension, paddedTriangle } = layout
  const design = settledDesign(layout)
  const heads = design.heads * paddedDimension
  const theta = sectionOffset(layout, design.theta, heads, slot) + paddedDimension
  const response = sectionOffset(layout, design.response, heads, slot) + paddedDimension
  const precision = sectionOffset(layout, design.precision, paddedTriangle, slot)
  for (let i = 0, row = precision; i < dimension; row += dimension - i, i++) {
    f64[theta + i] = i === dimension - 1 ? logLatency : 0
    f64[response + i] = f64[row + dimension - 1 - i] * logLatency
  }
}
