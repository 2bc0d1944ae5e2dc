import { Arms } from '../../src/bandit/arms.js'
import { Arena, type ArenaOptions } from '../../src/kernel/arena.js'
import type { Kernel } from '../../src/kernel/kernel.js'
import { cellOffset, sectionOffset } from '../../src/kernel/layout.js'
import { loadKernel } from '../../src/kernel/load.js'
import { loadAddon } from '../../src/kernel/native-addon.js'
import { NativeKernel } from '../../src/kernel/native-kernel.js'
import { WasmKernel } from '../../src/kernel/wasm-kernel.js'

/**
 * What is in the way of the native kernel, or null. Its tests are skipped then, with a line that says so;
 * PARETOBANDIT_REQUIRE_NATIVE=1 makes them fail instead.
 */
export const NATIVE_MISSING: string | null = whatIsInTheWay()

function whatIsInTheWay(): string | null {
  try {
    loadAddon()
    return null
  } catch (error) {
    const { message } = error as Error
    if (process.env.PARETOBANDIT_REQUIRE_NATIVE === '1') throw error
    console.warn(`native kernel not tested: ${message} (npm run build:native)`)
    return message
  }
}

const NATIVE_KERNELS = ['native', 'native-portable'] as const

/**
 * Every implementation, the scalar WebAssembly module and the native code without AVX2 as some of their own; the first
 * is the reference. State has the same bits on all, scores on all but those for which `scoresDiffer`.
 */
export const KERNELS = [
  'js',
  'wasm',
  'wasm-scalar',
  ...(NATIVE_MISSING === null ? NATIVE_KERNELS : []),
] as const
export type TestKernel = (typeof KERNELS)[number]

/** Fused multiplications round otherwise. */
export function scoresDiffer(name: TestKernel): boolean {
  return name === 'native'
}

/** A kernel of each kind with arms on it. */
export async function makeArms(name: TestKernel, options: Partial<ArenaOptions>): Promise<Arms> {
  const full = { dimension: 4, gamma: 0.997, lambda0: 1, ...options }
  return new Arms(await makeKernel(name, full), full.lambda0)
}

async function makeKernel(name: TestKernel, options: ArenaOptions): Promise<Kernel> {
  if (name === 'wasm-scalar') return WasmKernel.create(new Arena(options), false)
  if (name === 'native-portable') return new NativeKernel(new Arena(options), true)
  return loadKernel(name, options)
}

export function setContext(kernel: Kernel, context: ArrayLike<number>): void {
  kernel.f64.set(context, kernel.layout.context)
}

/** Scores of these slots for a context. */
export function scores(
  arms: Arms,
  slots: readonly number[],
  context: ArrayLike<number>,
  alpha: number,
  penaltyWeight: number,
  now: number,
): number[] {
  for (const [position, slot] of slots.entries()) arms.setCandidate(position, slot)
  setContext(arms.kernel, context)
  arms.kernel.score(slots.length, alpha, penaltyWeight, now)
  return slots.map((_, position) => arms.scoreAt(position))
}

export function observe(
  arms: Arms,
  slot: number,
  context: ArrayLike<number>,
  reward: number,
  now: number,
): void {
  setContext(arms.kernel, context)
  arms.kernel.update(slot, reward, now)
}

/** One settlement; logLatency NaN: not known. */
export function settle(
  arms: Arms,
  slot: number,
  context: ArrayLike<number>,
  logCost: number,
  logLatency: number,
  now: number,
): void {
  setContext(arms.kernel, context)
  arms.kernel.settle(slot, logCost, logLatency, now)
}

/** The first number where two arms differ in any bit, as text, or null. */
export function firstDifference(a: Arms, b: Arms, slot: number): string | null {
  const other = b.sections(slot)
  for (const [section, numbers] of a.sections(slot).entries()) {
    for (let i = 0; i < numbers.length; i++) {
      if (!Object.is(numbers[i], other[section][i])) {
        return `slot ${slot} section ${section}[${i}]: ${numbers[i]} and ${other[section][i]}`
      }
    }
  }
  return null
}

type Matrix = 'inverse' | 'precision' | 'settledInverse' | 'settledPrecision'

/** A packed triangle of an arm, unpacked to a full symmetric matrix. */
export function matrix(arms: Arms, slot: number, which: Matrix): number[][] {
  const { layout, f64 } = arms.kernel
  const d = layout.dimension
  let k = sectionOffset(layout, layout[which], layout.paddedTriangle, slot)
  const full = Array.from({ length: d }, () => new Array<number>(d).fill(0))
  for (let i = 0; i < d; i++) {
    for (let j = i; j < d; j++, k++) {
      full[i][j] = f64[k]
      full[j][i] = f64[k]
    }
  }
  return full
}

export function response(arms: Arms, slot: number): Float64Array {
  const { layout, f64 } = arms.kernel
  const offset = sectionOffset(layout, layout.response, layout.paddedDimension, slot)
  return f64.slice(offset, offset + layout.dimension)
}

export function ridge(arms: Arms, slot: number, which: 'ridge' | 'settledRidge' = 'ridge'): number {
  const { layout, f64 } = arms.kernel
  return f64[cellOffset(layout, layout[which], slot)]
}

/** max |A A^-1 - I| */
export function inverseError(arms: Arms, slot: number, settled = false): number {
  const a = matrix(arms, slot, settled ? 'settledPrecision' : 'precision')
  const inverse = matrix(arms, slot, settled ? 'settledInverse' : 'inverse')
  let worst = 0
  for (const [i, row] of a.entries()) {
    for (let j = 0; j < row.length; j++) {
      let sum = i === j ? -1 : 0
      for (let k = 0; k < row.length; k++) sum += row[k] * inverse[k][j]
      worst = Math.max(worst, Math.abs(sum))
    }
  }
  return worst
}

/** True while every pad number of an arm and of the scratch vectors is +0. */
export function paddingIsZero(arms: Arms, slot: number): boolean {
  const { layout, f64 } = arms.kernel
  const { dimension, paddedDimension, triangle, paddedTriangle } = layout
  const runs = [
    ...[layout.context, layout.image].map((at) => [at, dimension, paddedDimension]),
    ...(layout.productLength === 0 ? [] : [[layout.products, triangle, paddedTriangle]]),
    ...[layout.theta, layout.response].map((section) => [
      sectionOffset(layout, section, paddedDimension, slot),
      dimension,
      paddedDimension,
    ]),
    ...(layout.heads === 0 ? [] : [layout.headTheta, layout.headResponse]).flatMap((section) => {
      const cost = sectionOffset(layout, section, 2 * paddedDimension, slot)
      return [cost, cost + paddedDimension].map((at) => [at, dimension, paddedDimension])
    }),
    ...[
      layout.inverse,
      layout.precision,
      ...(layout.heads === 0 ? [] : [layout.settledInverse, layout.settledPrecision]),
    ].map((section) => [sectionOffset(layout, section, paddedTriangle, slot), triangle, paddedTriangle]),
  ]
  return runs.every(([at, used, length]) =>
    f64.subarray(at + used, at + length).every((n) => Object.is(n, 0)),
  )
}
