// Numerical health after ten million updates with forgetting: max |A A^-1 - I| over the arms, on every kernel.
// node scripts/ten-million.mjs [--updates N]; exits 1 when a deviation reaches 1e-8, 2 for a bad flag.
//
// Every request updates one of three arms at d = 26: `busy` most of them, `seldom` each 100th, `rare` each 5,000th
// (its statistics decay by the cap of 1,000 requests in one step, which restores the regularization every time).
import { parseArgs } from 'node:util'
import { bundle } from './bundle-run.mjs'

const DIMENSION = 26
const LAMBDA0 = 1
const DEVIATION_MAX = 1e-8
const CHECKS = 20
const ARMS = ['busy', 'seldom', 'rare']
const STREAMS = [
  { gamma: 0.997, contexts: 'whitened' },
  { gamma: 0.9997, contexts: 'whitened' },
  // Nine in ten requests are one and the same prompt: forgetting wears out every direction but one.
  { gamma: 0.997, contexts: 'repeated' },
]

const updates = readUpdates()
const folder = await bundle('ten-million', { kernel: 'src/kernel/load.ts', random: 'src/base/random.ts' })
const { loadKernel } = await import(new URL('kernel.mjs', folder).href)
const { gaussian, mulberry32 } = await import(new URL('random.mjs', folder).href)

console.log(
  `${updates.toLocaleString('en')} updates, d = ${DIMENSION}; max |A A^-1 - I| at the worst of ${CHECKS} checks\n`,
)
console.log(`kernel  gamma   contexts  ${ARMS.map((arm) => arm.padStart(10)).join('')}   seconds`)
let worst = 0
for (const name of await runnable(['js', 'wasm', 'native'])) {
  for (const stream of STREAMS) {
    const started = performance.now()
    const deviations = await run(name, stream)
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    worst = Math.max(worst, ...deviations)
    const cells = deviations.map((value) => value.toExponential(1).padStart(10)).join('')
    say(
      `${name.padEnd(8)}${String(stream.gamma).padEnd(8)}${stream.contexts.padEnd(10)}${cells}${seconds.padStart(10)}\n`,
    )
  }
}
const good = worst < DEVIATION_MAX
console.log(`\nlargest deviation ${worst.toExponential(1)}, ${good ? 'under' : 'NOT under'} ${DEVIATION_MAX}`)
process.exitCode = good ? 0 : 1

/** The kernels that run here; the others are named. */
async function runnable(names) {
  const found = []
  for (const name of names) {
    try {
      await loadKernel(name, { dimension: 1, gamma: 1, lambda0: 1 })
      found.push(name)
    } catch (error) {
      if (error.code !== 'KERNEL_UNAVAILABLE') throw error
      console.log(`skipped: ${error.message}`)
    }
  }
  return found
}

/** @returns for each arm the largest deviation seen */
async function run(name, { gamma, contexts }) {
  const kernel = await loadKernel(name, { dimension: DIMENSION, gamma, lambda0: LAMBDA0 })
  const { layout } = kernel
  kernel.reserve(ARMS.length)
  for (let slot = 0; slot < ARMS.length; slot++) startCold(kernel, slot)
  const pool = makeContexts(contexts)
  const random = mulberry32(7)
  const deviations = new Float64Array(ARMS.length)
  const interval = Math.max(1, Math.floor(updates / CHECKS))
  for (let now = 1; now <= updates; now++) {
    const context = pool[Math.floor(random() * pool.length)]
    kernel.f64.set(context, layout.context)
    kernel.update(now % 5000 === 0 ? 2 : now % 100 === 0 ? 1 : 0, 0.5 + 0.1 * context[0], now)
    if (now % interval !== 0 && now !== updates) continue
    for (let slot = 0; slot < ARMS.length; slot++) {
      deviations[slot] = worse(deviations[slot], inverseDeviation(kernel, slot))
    }
    say(`${name} gamma ${gamma} ${contexts}: ${Math.round((100 * now) / updates)} %`, true)
  }
  return [...deviations]
}

/** A deviation that is no number is the worst there is. */
function worse(a, b) {
  return Number.isNaN(b) ? Number.POSITIVE_INFINITY : Math.max(a, b)
}

function startCold(kernel, slot) {
  const { layout, f64 } = kernel
  const precision = triangleAt(layout, layout.precision, slot)
  for (let i = 0; i < DIMENSION; i++) f64[precision + rowStart(i) + i] = LAMBDA0
  f64[cellAt(layout, layout.ridge, slot)] = LAMBDA0
  kernel.rebuild(slot)
}

/** max |A A^-1 - I|, from the arm's packed triangles. */
function inverseDeviation({ layout, f64 }, slot) {
  const precision = triangleAt(layout, layout.precision, slot)
  const inverse = triangleAt(layout, layout.inverse, slot)
  const entry = (triangle, i, j) => f64[triangle + (i <= j ? rowStart(i) + j : rowStart(j) + i)]
  let largest = 0
  for (let i = 0; i < DIMENSION; i++) {
    for (let j = 0; j < DIMENSION; j++) {
      let sum = i === j ? -1 : 0
      for (let k = 0; k < DIMENSION; k++) sum += entry(precision, i, k) * entry(inverse, k, j)
      largest = worse(largest, Math.abs(sum))
    }
  }
  return largest
}

/** Where row i of a packed upper triangle would start if it had its entries left of the diagonal. */
function rowStart(i) {
  return i * DIMENSION - (i * (i + 1)) / 2
}

/** The three arms are in block 0. */
function triangleAt(layout, section, slot) {
  return layout.blocks + section + slot * layout.paddedTriangle
}

function cellAt(layout, section, slot) {
  return layout.blocks + section + slot
}

/** 4,096 contexts, drawn from at random: standard normal entries and a bias of 1. */
function makeContexts(kind) {
  const random = mulberry32(11)
  const pool = Array.from({ length: 4096 }, () => {
    const context = Float64Array.from({ length: DIMENSION }, () => gaussian(random))
    context[DIMENSION - 1] = 1
    return context
  })
  return kind === 'repeated' ? pool.map((context, i) => (i % 10 === 0 ? context : pool[0])) : pool
}

/** Progress overwrites itself on a terminal and is left out elsewhere. */
function say(text, progress = false) {
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${text}`)
  else if (!progress) process.stdout.write(text)
}

function readUpdates() {
  try {
    const { values } = parseArgs({ options: { updates: { type: 'string', default: '10000000' } } })
    const count = Number(values.updates)
    if (Number.isSafeInteger(count) && count > 0) return count
    console.error(`--updates: expected a whole number > 0, got ${JSON.stringify(values.updates)}`)
  } catch (error) {
    console.error(error.message.split('. ')[0])
  }
  process.exit(2)
}
