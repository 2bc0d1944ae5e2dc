// Bundles TypeScript entries into build/ for scripts that run them: src is measured through the same bundling as
// users get. Paths are relative to the root of the repository.
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Bundles entries ({ name: 'path/to/entry.ts' }) to build/<folder>/<name>.mjs. @returns the folder as a URL */
export async function bundle(folder, entries) {
  await build({
    absWorkingDir: root,
    entryPoints: Object.entries(entries).map(([out, file]) => ({ in: file, out })),
    outdir: `build/${folder}`,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    external: ['redis'],
    logLevel: 'warning',
  })
  return new URL(`../build/${folder}/`, import.meta.url)
}
