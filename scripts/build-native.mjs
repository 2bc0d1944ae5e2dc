// Builds the native kernel, native/build/Release/paretobandit.node: `npm run build:native`.
// Needs Python 3, make and g++ or clang++ (on macOS the Xcode command line tools), node-gyp (a development dependency;
// in an installed package npm's own is used) and node-addon-api. Where this Node carries its headers, nothing is downloaded.
// Exits 1 with one line that says what is missing.
import { spawnSync } from 'node:child_process'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const require = createRequire(import.meta.url)
const PYTHONS = ['python3', 'python', 'py']

const missing = firstMissing()
if (missing !== null) {
  console.error(`the native kernel cannot be built: ${missing}`)
  process.exit(1)
}
const args = [findNodeGyp(), 'rebuild', '-C', join(root, 'native'), ...headerFlags()]
const { status } = spawnSync(process.execPath, args, { stdio: 'inherit', cwd: root })
if (status !== 0) process.exit(1)
const file = join(root, 'native/build/Release/paretobandit.node')
const { interface: version } = require(file)
// What the loader goes by: no process has to find out that half a file was left.
writeFileSync(`${file}.json`, JSON.stringify({ bytes: statSync(file).size }))
console.log(`built native/build/Release/paretobandit.node, interface ${version}`)

/** What is missing, or null. On Windows node-gyp itself looks for the compiler. */
function firstMissing() {
  if (resolved('node-addon-api/package.json') === null)
    return 'node-addon-api is missing (npm install node-addon-api)'
  if (findNodeGyp() === null) return 'node-gyp is missing (npm install node-gyp, or run this by npm)'
  if (process.platform === 'win32') return null
  if (!PYTHONS.some(runs)) return 'Python 3 is missing'
  if (!runs(process.env.MAKE ?? 'make')) return 'make is missing'
  const compilers =
    process.env.CXX === undefined ? ['g++', 'clang++', 'c++'] : [process.env.CXX.split(' ')[0]]
  if (!compilers.some(runs)) return `a C++ compiler is missing (${compilers.join(', ')})`
  return null
}

function runs(command) {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0
}

function resolved(id) {
  try {
    return require.resolve(id)
  } catch {
    return null
  }
}

/** A file of node-gyp's to run: this package's, or the one npm brings along and names when it runs a script. */
function findNodeGyp() {
  return resolved('node-gyp/bin/node-gyp.js') ?? process.env.npm_config_node_gyp ?? null
}

/** The headers that came with this Node, unless the caller names others. */
function headerFlags() {
  if (process.env.npm_config_nodedir !== undefined) return []
  const prefix = resolve(dirname(process.execPath), '..')
  return existsSync(join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : []
}
