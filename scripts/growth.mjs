// How long adding a model holds routing up, at 10,000 models of dimension 26, and what an arm takes in memory.
// node scripts/growth.mjs
import { bundle } from './bundle-run.mjs'

const MODELS = 10_000
const LATE = 1_000
const DIMENSION = 26

const folder = await bundle('growth', { index: 'src/index.ts', layout: 'src/kernel/layout.ts' })
const { createRouter } = await import(new URL('index.mjs', folder).href)
const { arenaLayout, armBytes } = await import(new URL('layout.mjs', folder).href)

console.log('memory of an arm, d: bytes')
for (const dimension of [DIMENSION, 64, 385, 1024]) {
  console.log(`${String(dimension).padStart(6)}: ${armBytes(arenaLayout(dimension)).toLocaleString('en')}`)
}

const price = { inputUsdPerMTok: 1, outputUsdPerMTok: 1 }
const models = Array.from({ length: MODELS }, (_, i) => ({ id: `m${i}`, ...price }))
const context = new Float64Array(DIMENSION).fill(0.1)
console.log(
  `\naddModel and the next route, beyond ${MODELS.toLocaleString('en')} models of d = ${DIMENSION}, ms`,
)
for (const kernel of ['wasm', 'js']) {
  const router = await createRouter({
    policy: 'paper',
    dimension: DIMENSION,
    models,
    kernel,
    forcedExploration: 0,
  })
  router.route(context)
  const adds = []
  const routes = []
  for (let i = 0; i < LATE; i++) {
    const start = performance.now()
    router.addModel({ id: `late-${i}`, ...price })
    const added = performance.now()
    router.route(context)
    routes.push(performance.now() - added)
    adds.push(added - start)
  }
  console.log(`${kernel.padStart(6)}: addModel ${spread(adds)}; route ${spread(routes)}`)
}

function spread(values) {
  values.sort((a, b) => a - b)
  const at = (share) => values[Math.min(values.length - 1, Math.floor(share * values.length))].toFixed(3)
  return `median ${at(0.5)}, p99 ${at(0.99)}, largest ${at(1)}`
}
