// Size in a browser: what a router with the WebAssembly kernel loads to route vectors, minified: the core, which is what
// `import { createRouter } from 'paretobandit'` loads and AssemblyScript's loader, and with it the one policy that a
// router is made with. What else is loaded on demand (the default encoder and its artifact, the kernels for places
// without SIMD or WebAssembly) is in files of its own and counted apart.
//     node scripts/size.mjs          says what misses its target; exits 1 where docs/PERFORMANCE.md says other sizes
//     node scripts/size.mjs --write  writes the sizes into docs/PERFORMANCE.md: who adds bytes says there what for
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { write } from './doc-sections.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
/** 2,332 bytes of the loader and 28 of what loads it. */
const LOADER_GZIP_BYTES = 2360
/** Missed from the start. */
const CORE_FIRST_TARGET_GZIP_BYTES = 25 * 1024
/** What 0.1.0 had, and the loader. Missed since: docs/PERFORMANCE.md says by how much, and for what. */
const CORE_TARGET_GZIP_BYTES = 34 * 1024 + LOADER_GZIP_BYTES
const DEFAULT_ROUTER_TARGET_GZIP_BYTES = 54 * 1024 + LOADER_GZIP_BYTES
const DOCS = new URL('../docs/PERFORMANCE.md', import.meta.url)
/** By how much the docs may differ: compressors of other releases of Node differ by less. */
const TOLERANCE = 0.02
const LOADER = 'src/kernel/assemblyscript-loader.ts'
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

const entry = staticClosure(Object.keys(metafile.outputs).find((name) => name.endsWith('/stdin.js')))
const loader = neededFor(LOADER, entry)
const core = [...entry, ...loader]
const printed = []
const coreGzipBytes = report('core', core)
report('of it, the loader', loader)
const [defaultRouterGzipBytes] = POLICIES.map(([title, file]) =>
  report(title, [...core, ...neededFor(file, core)]),
)
for (const [title, file] of ON_DEMAND) report(title, neededFor(file, core))
list('heaviest in the core', inputsOf(core).slice(0, HEAVIEST))
list('rooms of the core', byRoom(inputsOf(core)))
tellMiss('the core', coreGzipBytes, CORE_FIRST_TARGET_GZIP_BYTES)
tellMiss('the core', coreGzipBytes, CORE_TARGET_GZIP_BYTES)
tellMiss('a default router', defaultRouterGzipBytes, DEFAULT_ROUTER_TARGET_GZIP_BYTES)
if (process.argv.includes('--write')) write(DOCS, { size: ['```', ...printed, '```'].join('\n') })
compareWithDocs()

function tellMiss(what, bytes, target) {
  if (bytes <= target) return
  console.log(`\n${what} misses its target of ${target} bytes gzipped by ${bytes - target}`)
}

/** The docs say the sizes of today, so that no byte comes unnoticed. */
function compareWithDocs() {
  const docs = readFileSync(DOCS, 'utf8')
  for (const line of printed) {
    const [title, bytes] = sizeIn(line)
    const inDocs = docs.split('\n').find((each) => each.startsWith(`${title} `))
    const said = inDocs === undefined ? 0 : sizeIn(inDocs)[1]
    if (Math.abs(bytes - said) <= TOLERANCE * bytes) continue
    console.error(`\ndocs/PERFORMANCE.md says ${said} bytes of ${title}, it has ${bytes}: size.mjs --write`)
    process.exitCode = 1
  }
}

/** The title and the bytes gzipped of a line. */
function sizeIn(line) {
  const [, title, bytes] = line.match(/^(.*?) +\S+ KB minified .*\((\d+) bytes\)$/)
  return [title, Number(bytes)]
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

/** The chunks that a file makes necessary beyond those that are there. */
function neededFor(file, there) {
  const chunk = Object.keys(metafile.outputs).find((name) => file in metafile.outputs[name].inputs)
  return staticClosure(chunk).filter((name) => !there.includes(name))
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
  printed.push(
    `${title.padEnd(33)}${kilobytes(bytes)} minified ${kilobytes(gzipBytes)} gzipped (${gzipBytes} bytes)`,
  )
  console.log(printed.at(-1))
  return gzipBytes
}

function list(title, sizes) {
  console.log(`\n${title}, bytes minified:`)
  for (const [name, bytes] of sizes) console.log(`${String(bytes).padStart(8)}  ${name}`)
}

function byRoom(files) {
  const sizes = new Map()
  for (const [file, bytes] of files) {
    const room = file.match(/^src\/[^/]+(?=\/)/)?.[0] ?? (file.startsWith('src/') ? 'src' : 'node_modules')
    sizes.set(room, (sizes.get(room) ?? 0) + bytes)
  }
  return [...sizes].sort((a, b) => b[1] - a[1])
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
