// Builds dist/: the kernel's bytes from assembly/, one ES module an entry (shared code in chunks, the development
// dependencies that are used at run time bundled in), and type declarations.
// When nothing has changed since the last build it does nothing: `npm start` and `npm test` call it every time.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { buildDashboard } from './build-dashboard.mjs'
import { writeKernel } from './build-wasm.mjs'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const stampFile = 'build/stamp'
const entries = {
  index: 'src/index.ts',
  features: 'src/features/index.ts',
  'features/minilm': 'src/features/minilm.ts',
  evaluate: 'src/evaluate/index.ts',
  'store/memory': 'src/store/memory/memory-store.ts',
  'store/sqlite': 'src/store/sqlite/index.ts',
  'store/redis': 'src/store/redis/index.ts',
  prices: 'src/prices/index.ts',
  rewards: 'src/rewards/index.ts',
  openai: 'src/adapters/openai/index.ts',
  'ai-sdk': 'src/adapters/ai-sdk/index.ts',
  langchain: 'src/adapters/langchain/index.ts',
  gateway: 'src/gateway/index.ts',
  'gateway/node': 'src/gateway/node/index.ts',
}

async function digest() {
  const hash = createHash('sha256')
  const roots = [
    'assembly',
    'src',
    'web/dashboard',
    'web/shared',
    'scripts/build.mjs',
    'scripts/build-dashboard.mjs',
    'scripts/build-wasm.mjs',
    'asconfig.json',
    'package.json',
  ]
  for (const root of [...roots, 'tsconfig.json', 'tsconfig.build.json']) {
    for (const file of await filesOf(root))
      hash
        .update(file)
        .update('\0')
        .update(await readFile(file))
  }
  return hash.digest('hex')
}

async function filesOf(root) {
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => null)
  if (entries === null) return [root]
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`)
    .sort()
}

/** The licences of the packages that were bundled in. */
async function writeNotices(builds) {
  const inputs = builds.flatMap(({ metafile }) => Object.keys(metafile.inputs))
  const folders = inputs.map((file) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]).filter(Boolean)
  const notices = []
  for (const folder of [...new Set(folders)].sort()) {
    const { name, version, license } = JSON.parse(await readFile(`${folder}/package.json`, 'utf8'))
    const file = (await readdir(folder)).find((entry) => /^(licen[cs]e|copying)/i.test(entry))
    const text = file === undefined ? '' : await readFile(`${folder}/${file}`, 'utf8')
    notices.push(`${name} ${version} (${license})\n\n${text.trim()}\n`)
  }
  await writeFile('dist/THIRD_PARTY_NOTICES.txt', notices.join(`\n${'-'.repeat(80)}\n\n`))
}

const before = await readFile(stampFile, 'utf8').catch(() => '')
if (before !== (await digest()) || !existsSync('dist/cli/main.js')) {
  console.log('building dist/ ...')
  await writeKernel()
  await rm('dist', { recursive: true, force: true })
  const common = {
    outdir: 'dist',
    bundle: true,
    format: 'esm',
    target: 'es2022',
    logLevel: 'warning',
    metafile: true,
  }
  const library = await build({
    ...common,
    entryPoints: Object.entries(entries).map(([out, file]) => ({ in: file, out })),
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    // Node's own modules are the adapters' of stores; they share chunks, so that an error's class is the same everywhere.
    external: ['@huggingface/transformers', '@langchain/core', 'better-sqlite3', 'redis', 'node:*', 'bun:*'],
  })
  // In one file, of which nothing is shared with the thread that starts it: a thread that loads a dozen starts later.
  const worker = await build({
    ...common,
    entryPoints: [{ in: 'src/store/sqlite/worker.ts', out: 'store/sqlite-worker' }],
    platform: 'neutral',
    mainFields: ['module', 'main'],
    external: ['better-sqlite3', 'node:*', 'bun:*'],
  })
  const cli = await build({
    ...common,
    entryPoints: [{ in: 'src/cli/main.ts', out: 'cli/main' }],
    // Only `serve` loads what the gateway needs. Beside the entry, so that files are found by the same relative paths.
    splitting: true,
    chunkNames: 'cli/[name]-[hash]',
    platform: 'node',
    external: ['better-sqlite3', 'redis', '@opentelemetry/api'],
    // Bundled CommonJS packages still call require for Node's own modules.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'\nconst require = __createRequire(import.meta.url)",
    },
  })
  const dashboard = await buildDashboard('dist/dashboard')
  await writeNotices([library, worker, cli, dashboard])
  // For bundlers that bring modules compiled: `import module from 'paretobandit/kernel.wasm'`.
  await copyFile('build/kernel-simd.wasm', 'dist/kernel.wasm')
  await chmod('dist/cli/main.js', 0o755)
  const tsc = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json']
  if (spawnSync(process.execPath, tsc, { stdio: 'inherit' }).status !== 0) process.exit(1)
  await writeFile('dist/kernel.wasm.d.ts', 'declare const module: object\nexport default module\n')
  await mkdir('build', { recursive: true })
  await writeFile(stampFile, await digest())
}
