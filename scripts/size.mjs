// Size of the core as a browser gets it: what `import { createRouter } from 'paretobandit'` needs to route vectors, with
// the WebAssembly kernel in it, minified. What is loaded on demand (the default encoder and its artifact, the kernels
// for places without SIMD or WebAssembly) is in files of its own and counted apart.
// A router loads one policy; that of dollar pacing
// is in a file of its own. node scripts/size.mjs; exits 1 when the core is over 29 KB gzipped. The target is 25 KB: the
// second design matrix and what events, snapshots and checks carry for dollar pacing have taken it past that.
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const CORE_GZIP_BYTES_MAX = 29 * 1024
const HEAVIEST = 12
const ON_DEMAND = [
  ['default encoder', 'src/features/default-encoder.ts'],
  ['JavaScript kernel', 'src/kernel/js-kernel.ts'],
  ['policy dollar', 'src/dollar/index.ts'],
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
for (const [title, file] of ON_DEMAND) report(title, neededFor(file))
console.log(`\nheaviest in the core, bytes minified:`)
for (const [file, bytes] of inputsOf(core).slice(0, HEAVIEST))
  console.log(`${String(bytes).padStart(8)}  ${file}`)
if (coreGzipBytes > CORE_GZIP_BYTES_MAX) {
  console.error(
    `\nthe core is ${coreGzipBytes - CORE_GZIP_BYTES_MAX} bytes over ${CORE_GZIP_BYTES_MAX} gzipped`,
  )
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
    `${title.padEnd(18)}${kilobytes(bytes)} minified ${kilobytes(gzipBytes)} gzipped (${gzipBytes} bytes)`,
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
