// Size in a browser: what `import { createRouter } from 'paretobandit'` loads to route vectors with the WebAssembly kernel
// in it, minified (the core), and with it the one policy that a router is made with. What else is loaded on demand (the
// default encoder and its artifact, the kernels for places without SIMD or WebAssembly) is in files of its own and
// counted apart. node scripts/size.mjs; exits 1 when the core or a default router is over its limit. The target of the
// core was 25 KB, with policy paper in it and no other to carry events and snapshots for.
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const CORE_GZIP_BYTES_MAX = 34 * 1024
const DEFAULT_ROUTER_GZIP_BYTES_MAX = 54 * 1024
const POLICIES = [
  ['router, policy dollar (default)', 'src/policy/dollar/index.ts'],
  ['router, policy paper', 'src/policy/paper/index.ts'],
]
const HEAVIEST = 12
const ON_DEMAND = [
  ['default encoder', 'src/features/default-encoder.ts'],
  ['JavaScript kernel', 'src/kernel/js-kernel.ts'],
  ['scalar WASM', 'src/kernel/wasm-scalar.generated.ts'],
]

const { outputFiles, metafile } = await build({
  absWorkingDir: root,
  stdin: {
    contents: "export { createRouter } from './src/index.ts'",
    resolveDir: root,
    sourcefile: 'core.js',
  },
  outdir: 'build/size',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  minify: true,
  metafile: true,
  write: false,
  logLevel: 'warning',
})

const core = staticClosure(Object.keys(metafile.outputs).find((name) => name.endsWith('/stdin.js')))
const coreGzipBytes = report('core', core)
const [defaultRouterGzipBytes] = POLICIES.map(([title, file]) => report(title, [...core, ...neededFor(file)]))
for (const [title, file] of ON_DEMAND) report(title, neededFor(file))
console.log(`\nheaviest in the core, bytes minified:`)
for (const [file, bytes] of inputsOf(core).slice(0, HEAVIEST))
  console.log(`${String(bytes).padStart(8)}  ${file}`)
checkLimit('the core', coreGzipBytes, CORE_GZIP_BYTES_MAX)
checkLimit('a default router', defaultRouterGzipBytes, DEFAULT_ROUTER_GZIP_BYTES_MAX)

function checkLimit(what, bytes, limit) {
  if (bytes <= limit) return
  console.error(`\n${what} is ${bytes - limit} bytes over ${limit} gzipped`)
  process.exitCode = 1
}

/** A chunk and what it imports without being asked. */
function staticClosure(name, seen = []) {
  if (seen.includes(name)) return seen
  seen.push(name)
  for (const { path, kind, external } of metafile.outputs[name].imports) {
    if (kind === 'import-statement' && !external) staticClosure(path, seen)
  }
  return seen
}

/** The chunks that a file makes necessary beyond the core. */
function neededFor(file) {
  const chunk = Object.keys(metafile.outputs).find((name) => file in metafile.outputs[name].inputs)
  return staticClosure(chunk).filter((name) => !core.includes(name))
}

/** Each file is compressed by itself, as a server sends it. */
function report(title, names) {
  let bytes = 0
  let gzipBytes = 0
  for (const name of names) {
    const { contents } = outputFiles.find(({ path }) => path.endsWith(name))
    bytes += contents.length
    gzipBytes += gzipSync(contents, { level: 9 }).length
  }
  const kilobytes = (count) => `${(count / 1024).toFixed(1)} KB`.padStart(9)
  console.log(
    `${title.padEnd(33)}${kilobytes(bytes)} minified ${kilobytes(gzipBytes)} gzipped (${gzipBytes} bytes)`,
  )
  return gzipBytes
}

function inputsOf(names) {
  const sizes = new Map()
  for (const name of names) {
    for (const [file, { bytesInOutput }] of Object.entries(metafile.outputs[name].inputs)) {
      sizes.set(file, (sizes.get(file) ?? 0) + bytesInOutput)
    }
  }
  return [...sizes].sort((a, b) => b[1] - a[1])
}
