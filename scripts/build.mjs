// Builds dist/: the kernel's bytes from assembly/, one ES module an entry (shared code in chunks, the development
// dependencies that are used at run time bundled in), and type declarations.
// When nothing has changed since the last build it does nothing: `npm start` and `npm test` call it every time.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { writeKernel } from './build-wasm.mjs'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const stampFile = 'build/stamp'
const entries = {
  index: 'src/index.ts',
  features: 'src/features/index.ts',
  'features/minilm': 'src/features/minilm.ts',
  replay: 'src/replay/index.ts',
}

async function digest() {
  const hash = createHash('sha256')
  const roots = [
    'assembly',
    'src',
    'scripts/build.mjs',
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

const before = await readFile(stampFile, 'utf8').catch(() => '')
if (before !== (await digest()) || !existsSync('dist/cli/main.js')) {
  console.log('building dist/ ...')
  await writeKernel()
  await rm('dist', { recursive: true, force: true })
  const common = { outdir: 'dist', bundle: true, format: 'esm', target: 'es2022', logLevel: 'warning' }
  await build({
    ...common,
    entryPoints: Object.entries(entries).map(([out, file]) => ({ in: file, out })),
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    external: ['@huggingface/transformers'],
  })
  await build({
    ...common,
    entryPoints: [{ in: 'src/cli/main.ts', out: 'cli/main' }],
    platform: 'node',
    // Bundled CommonJS packages still call require for Node's own modules.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'\nconst require = __createRequire(import.meta.url)",
    },
  })
  await chmod('dist/cli/main.js', 0o755)
  const tsc = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json']
  if (spawnSync(process.execPath, tsc, { stdio: 'inherit' }).status !== 0) process.exit(1)
  await mkdir('build', { recursive: true })
  await writeFile(stampFile, await digest())
}
