import { mulberry32 } from '../src/base/random.js'
import type { Kernel, KernelName } from '../src/kernel/kernel.js'
import { cellOffset, sectionOffset } from '../src/kernel/layout.js'
import { loadKernel } from '../src/kernel/load.js'
import { GAMMA, LAMBDA0, makeContexts, makeNoise, trueMeans } from './workload.js'

/** How many updates of its own each arm has had: drawn evenly between the two for each. */
export interface OwnUpdates {
  readonly low: number
  readonly high: number
}

/** What the workload asks for. */
export const OWN_UPDATES: OwnUpdates = { low: 200, high: 2000 }
/** Multiplications, 3 d^2 an update: WebAssembly does this many in about ten seconds. */
const TEACHING_MAX = 5e10
/** Arms with less than this share of the updates asked for would be another workload: then each gets one. */
const SHARE_MIN = 0.2

/** The updates of each arm: as the workload asks, or fewer where teaching would take too long. */
export function ownUpdates(dimension: number, models: number): OwnUpdates {
  const { low, high } = OWN_UPDATES
  const share = TEACHING_MAX / (3 * dimension ** 2 * models * ((low + high) / 2))
  if (share >= 1) return OWN_UPDATES
  if (share < SHARE_MIN) return { low: 1, high: 1 }
  return { low: Math.round(low * share), high: Math.round(high * share) }
}

/** A kernel without a router around it, with room for the arms and all of them candidates, but nothing learned. */
export async function coldKernel(name: KernelName, dimension: number, models: number): Promise<Kernel> {
  const kernel = await loadKernel(name, { dimension, gamma: GAMMA, lambda0: LAMBDA0 })
  startCold(kernel, models)
  return kernel
}

/** All arms cold, all of them candidates, all of one price. */
export function startCold(kernel: Kernel, models: number): void {
  kernel.reserve(models)
  for (let slot = 0; slot < models; slot++) startArm(kernel, slot)
}

/**
 * Teaches every arm: its own number of updates, the last of them at the same request count, so that no arm is staler
 * than another; contexts in turn, rewards of its true mean with noise.
 * @returns that request count
 */
export function teach(kernel: Kernel, models: number): number {
  const { f64, layout } = kernel
  const { low, high } = ownUpdates(layout.dimension, models)
  const contexts = makeContexts(layout.dimension, 1)
  const means = trueMeans(models)
  const noise = makeNoise()
  const random = mulberry32(41)
  for (let slot = 0; slot < models; slot++) {
    const count = low + Math.floor(random() * (high - low + 1))
    const offset = Math.floor(random() * contexts.length)
    for (let i = 0; i < count; i++) {
      const k = (offset + i) % contexts.length
      f64.set(contexts[k], layout.context)
      kernel.update(slot, means[slot] + noise[(k + slot) % noise.length], high - count + 1 + i)
    }
  }
  return high
}

/** Request count after `teach`. */
export function taughtUntil(dimension: number, models: number): number {
  return ownUpdates(dimension, models).high
}

/** The blocks of an arena, without the scratch in front of them that each kernel uses as it likes. */
export function armBlocks({ f64, layout }: Kernel): Float64Array {
  return f64.subarray(layout.blocks)
}

/** A = lambda0 I and its inverse, written down: inverting it would take most of the set-up at large d. */
function startArm({ f64, layout }: Kernel, slot: number): void {
  const { dimension, paddedTriangle } = layout
  f64[cellOffset(layout, layout.candidate, slot)] = slot
  f64[cellOffset(layout, layout.ridge, slot)] = LAMBDA0
  f64[cellOffset(layout, layout.price, slot)] = 0.5
  f64[cellOffset(layout, layout.penalty, slot)] = 0.5
  let precision = sectionOffset(layout, layout.precision, paddedTriangle, slot)
  let inverse = sectionOffset(layout, layout.inverse, paddedTriangle, slot)
  for (let i = 0; i < dimension; i++) {
    f64[precision] = LAMBDA0
    f64[inverse] = 1 / LAMBDA0
    precision += dimension - i
    inverse += dimension - i
  }
}
