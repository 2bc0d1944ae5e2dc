// Ratios that must hold on any machine, from interleaved samples in one process. See scripts/bench-guard.mjs.
import { createRouter } from '../src/index.js'
import { Arena } from '../src/kernel/arena.js'
import type { Kernel } from '../src/kernel/kernel.js'
import { WasmKernel } from '../src/kernel/wasm-kernel.js'
import { findKernels } from './kernels.js'
import { armBlocks, coldKernel, startCold, taughtUntil, teach } from './taught-arms.js'
import { GAMMA, LAMBDA0, makeContexts, makeModels } from './workload.js'

/** Two pieces of work: the first must be at least `floor` times as fast as the second. */
export interface GuardedRatio {
  readonly what: string
  readonly floor: number
  readonly quick: () => number
  readonly slow: () => number
}

export interface GuardResult {
  readonly what: string
  readonly floor: number
  readonly ratio: number
}

const ROUNDS = 25
const WARM_UP = 5
const ALPHA = 0.1
const PENALTY_WEIGHT = 0.3
const MODELS = 1000

let sink = 0

/** Minima of interleaved samples: what else the machine does only ever adds. */
export function measureRatio({ what, floor, quick, slow }: GuardedRatio, rounds = ROUNDS): GuardResult {
  let quickMs = Number.POSITIVE_INFINITY
  let slowMs = Number.POSITIVE_INFINITY
  for (let round = -WARM_UP; round < rounds; round++) {
    const quickNow = timeOf(quick)
    const slowNow = timeOf(slow)
    if (round < 0) continue
    quickMs = Math.min(quickMs, quickNow)
    slowMs = Math.min(slowMs, slowNow)
  }
  if (!Number.isFinite(sink)) throw new Error('an operation gave a number that is not finite')
  return { what, floor, ratio: slowMs / quickMs }
}

function timeOf(work: () => number): number {
  const start = performance.now()
  sink += work()
  return performance.now() - start
}

/** Everything that is guarded, and a line for each kernel that is not because it cannot run here. */
export async function guardedRatios(): Promise<{ ratios: GuardedRatio[]; leftOut: readonly string[] }> {
  const { available, missing } = await findKernels()
  const wasm = await coldKernel('wasm', 26, MODELS)
  teach(wasm, MODELS)
  const js = withArmsOf(wasm, await coldKernel('js', 26, MODELS))
  const ratios: GuardedRatio[] = [
    {
      what: 'score: wasm against js, d = 26, 1,000 models',
      floor: 1.5,
      quick: fullScans(wasm, MODELS, 4),
      slow: fullScans(js, MODELS, 4),
    },
    {
      what: 'wasm: pruned against full scan, d = 26, 1,000 models, alpha 0.1',
      floor: 2,
      quick: prunedScans(wasm, MODELS, 4),
      slow: fullScans(wasm, MODELS, 4),
    },
    await simdRatio(),
    await routeManyRatio(),
  ]
  if (available.includes('native')) {
    const native = withArmsOf(wasm, await coldKernel('native', 26, MODELS))
    const what = 'score: native against wasm, d = 26, 1,000 models'
    ratios.push({
      what,
      floor: 1 / 1.2,
      quick: fullScans(native, MODELS, 4),
      slow: fullScans(wasm, MODELS, 4),
    })
  }
  return { ratios, leftOut: missing }
}

async function simdRatio(): Promise<GuardedRatio> {
  const dimension = 64
  const models = 100
  const kernels: Kernel[] = []
  for (const simd of [true, false]) {
    const kernel = await WasmKernel.create(new Arena({ dimension, gamma: GAMMA, lambda0: LAMBDA0 }), simd)
    startCold(kernel, models)
    teach(kernel, models)
    kernels.push(kernel)
  }
  const [simd, scalar] = kernels
  const what = 'score: SIMD against scalar, d = 64, 100 models'
  return { what, floor: 1.1, quick: fullScans(simd, models, 20), slow: fullScans(scalar, models, 20) }
}

async function routeManyRatio(): Promise<GuardedRatio> {
  const dimension = 26
  const router = await createRouter({
    policy: 'paper',
    dimension,
    models: makeModels(100),
    kernel: 'wasm',
  })
  const inputs = makeContexts(dimension, 1).slice(0, 64)
  const scores = (): number => router.routeMany(inputs).reduce((sum, { score }) => sum + score, 0)
  const oneByOne = (): number => inputs.reduce((sum, input) => sum + router.route(input).score, 0)
  const what = 'a decision of `routeMany` of 64 against one of `route`, d = 26, 100 models'
  return { what, floor: 0.85, quick: scores, slow: oneByOne }
}

function withArmsOf(taught: Kernel, kernel: Kernel): Kernel {
  armBlocks(kernel).set(armBlocks(taught))
  return kernel
}

function fullScans(kernel: Kernel, models: number, count: number): () => number {
  return scans(kernel, models, count, (now) => kernel.score(models, ALPHA, PENALTY_WEIGHT, now))
}

function prunedScans(kernel: Kernel, models: number, count: number): () => number {
  return scans(kernel, models, count, (now) => {
    kernel.project(1, models, 0)
    kernel.prune(0, models, ALPHA, PENALTY_WEIGHT, now)
  })
}

/** Places a context, scans, and takes the argmax, `count` times. */
function scans(kernel: Kernel, models: number, count: number, scan: (now: number) => void): () => number {
  const { f64, layout } = kernel
  const contexts = makeContexts(layout.dimension, 1)
  const now = taughtUntil(layout.dimension, models)
  let next = 0
  return () => {
    let sum = 0
    for (let i = 0; i < count; i++) {
      f64.set(contexts[next++ % contexts.length], layout.context)
      scan(now)
      sum += kernel.argmax(models, next)
    }
    return sum
  }
}
