// Builds the playground: the page, the worker with the engine, and its styles, into a folder of static files.
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { bundle } from '../bundle-run.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** @param folder where its files go; it is made if it is not there */
export async function buildPlayground(folder) {
  await mkdir(folder, { recursive: true })
  await build({
    absWorkingDir: root,
    entryPoints: ['web/playground/page.tsx', 'web/playground/worker.ts', 'web/playground/page.css'],
    outdir: folder,
    bundle: true,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    tsconfig: 'web/tsconfig.json',
    logLevel: 'warning',
  })
  await copyFile(join(root, 'web/playground/index.html'), join(folder, 'index.html'))
  await writeFile(join(folder, 'theme.css'), await themeOf())
}

/** Colours and marks of the reports, so that all pages have the same. */
export async function themeOf() {
  const folder = await bundle('site-theme', { theme: 'src/report/theme.ts', style: 'src/report/style.ts' })
  const { THEME } = await import(new URL('theme.mjs', folder).href)
  const { MARKS } = await import(new URL('style.mjs', folder).href)
  return `${THEME}${MARKS}\n`
}
