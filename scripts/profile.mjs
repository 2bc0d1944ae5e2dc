// Where the time of a full cycle goes (route, settle, reward; 3 models, d = 26, WebAssembly; policy paper, or that of
// --policy): self time by function,
// from V8's sampling profiler, and what is left when a part is taken away.
// node scripts/profile.mjs [--policy dollar]
import { Session } from 'node:inspector/promises'
import { parseArgs } from 'node:util'
import { bundle } from './bundle-run.mjs'

const { policy } = parseArgs({ options: { policy: { type: 'string', default: 'paper' } } }).values
/** So that policy `dollar` looks for a price, and paper does not. */
const USD_PER_REQUEST = policy === 'dollar' ? 0.0003 : 0.02
const DIMENSION = 26
const CYCLES = 1_000_000
const BATCH = 64
const ROUNDS = 4_000
const SHOWN = 14

const folder = await bundle('profile', { index: 'src/index.ts', random: 'src/base/random.ts' })
const { createRouter } = await import(new URL('index.mjs', folder).href)
const { gaussian, mulberry32 } = await import(new URL('random.mjs', folder).href)

const random = mulberry32(1)
const contexts = Array.from({ length: 4096 }, () => {
  const context = Float64Array.from({ length: DIMENSION }, () => gaussian(random))
  context[DIMENSION - 1] = 1
  return context
})
const models = [0.1, 1, 10].map((outputUsdPerMTok, i) => ({
  id: `model-${i}`,
  inputUsdPerMTok: outputUsdPerMTok / 4,
  outputUsdPerMTok,
}))
const ids = []
let count = 0

const usual = await makeRouter({})
await printProfile(usual)
console.log('\nfastest batch of 64, ns each    route   settle   reward')
printParts('everything', usual)
printParts('a clock that reads nothing', await makeRouter({ clock: () => 0 }))
printParts('one model', await makeRouter({ models: models.slice(0, 1) }))
printParts('dimension 2', await makeRouter({ dimension: 2 }), 2)

function makeRouter(options) {
  return createRouter({
    kernel: 'wasm',
    dimension: DIMENSION,
    models,
    policy,
    budget: { usdPerRequest: USD_PER_REQUEST },
    ...options,
  })
}

function cycle(router) {
  const { id } = router.route(contexts[count++ & 4095])
  router.settle(id, { inputTokens: 100 + (count & 255), outputTokens: 400, latencyMs: 500 })
  router.reward(id, 0.5 + ((count & 255) - 128) / 512)
}

async function printProfile(router) {
  for (let i = 0; i < CYCLES / 10; i++) cycle(router)
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: 100 })
  await session.post('Profiler.start')
  const start = performance.now()
  for (let i = 0; i < CYCLES; i++) cycle(router)
  const ns = ((performance.now() - start) * 1e6) / CYCLES
  const { profile } = await session.post('Profiler.stop')
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]))
  const shares = new Map()
  for (const id of profile.samples) {
    const name = names.get(id)
    shares.set(name, (shares.get(name) ?? 0) + 1 / profile.samples.length)
  }
  console.log(
    `${CYCLES.toLocaleString('en')} cycles under the profiler, ${ns.toFixed(0)} ns each; self time\n`,
  )
  const sorted = [...shares].sort((a, b) => b[1] - a[1]).slice(0, SHOWN)
  for (const [name, share] of sorted) {
    console.log(
      `${(100 * share).toFixed(1).padStart(6)} %  ${(share * ns).toFixed(0).padStart(5)} ns  ${name}`,
    )
  }
}

function nameOf({ functionName, url }) {
  if (functionName.startsWith('wasm-') || url.startsWith('wasm:')) return 'the kernel (WebAssembly)'
  return functionName === '' ? '(no name)' : functionName
}

function printParts(title, router, dimension = DIMENSION) {
  const inputs = contexts.map((context) => context.subarray(DIMENSION - dimension))
  const best = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  const take = (part, start) => {
    const end = performance.now()
    best[part] = Math.min(best[part], end - start)
    return end
  }
  for (let round = 0; round < ROUNDS; round++) {
    let at = performance.now()
    for (let i = 0; i < BATCH; i++) ids[i] = router.route(inputs[count++ & 4095]).id
    at = take(0, at)
    for (let i = 0; i < BATCH; i++)
      router.settle(ids[i], { inputTokens: 100 + i, outputTokens: 400, latencyMs: 500 })
    at = take(1, at)
    for (let i = 0; i < BATCH; i++) router.reward(ids[i], i / BATCH)
    take(2, at)
  }
  const cells = best.map((ms) => ((ms * 1e6) / BATCH).toFixed(0).padStart(9))
  console.log(`${title.padEnd(28)}${cells.join('')}`)
}
