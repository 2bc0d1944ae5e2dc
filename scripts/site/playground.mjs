// Builds the playground into a folder of static files: the page with its worker, and its styles.
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { bundle } from '../bundle-run.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** Classic scripts: browsers load no modules where a page was opened as a file. */
const SCRIPT = {
  absWorkingDir: root,
  bundle: true,
  format: 'iife',
  platform: 'browser',
  target: 'es2022',
  minify: true,
  tsconfig: 'web/tsconfig.json',
  // The loader of the native kernel asks for its own address; no browser calls it.
  logOverride: { 'empty-import-meta': 'silent' },
  logLevel: 'warning',
}

/**
 * What a router loads on demand and none of the playground ever does: a store and what an edited config is compared with, calls of models,
 * other kernels where SIMD runs or Node does, a policy that is not played, priors, rewards out of [0, 1]. Where one was loaded all the same, that would be told as any error is.
 */
const LEFT_OUT = [
  './bandit/check-priors.js',
  './kernel/given-module.js',
  './log/index.js',
  './native-kernel.js',
  './option-items.js',
  './policy/reward-range.js',
  './run/run.js',
  './thompson/index.js',
  './wasm-scalar.generated.js',
]

/** What a router imports at once and no playground calls, with the functions that are asked for: it restores no snapshot. */
const NEVER_CALLED = new Map([['../state/snapshot/read-snapshot.js', ['decodeSnapshot']]])

/** @param folder where its files go; it is made if it is not there */
export async function buildPlayground(folder) {
  await mkdir(folder, { recursive: true })
  await build({
    ...SCRIPT,
    entryPoints: ['web/playground/page.tsx', 'web/playground/page.css'],
    outdir: folder,
    plugins: [WORKER_CODE],
  })
  await copyFile(join(root, 'web/playground/index.html'), join(folder, 'index.html'))
  await writeFile(join(folder, 'theme.css'), await themeOf())
}

/** `./worker-code.js` is the worker, built, as a text. */
const WORKER_CODE = {
  name: 'worker-code',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/worker-code\.js$/ }, () => ({ path: 'worker', namespace: 'worker-code' }))
    onLoad({ filter: /./, namespace: 'worker-code' }, async () => {
      const entryPoints = ['web/playground/worker.ts']
      const built = await build({ ...SCRIPT, entryPoints, write: false, plugins: [WITHOUT_THE_UNUSED] })
      return { contents: built.outputFiles[0].text, loader: 'text' }
    })
  },
}

const WITHOUT_THE_UNUSED = {
  name: 'without-the-unused',
  setup({ onResolve, onLoad, onEnd }) {
    const left = new Set([...LEFT_OUT, ...NEVER_CALLED.keys()])
    onResolve({ filter: /^\.\.?\// }, ({ path, kind }) => {
      if (!(kind === 'dynamic-import' ? LEFT_OUT.includes(path) : NEVER_CALLED.has(path))) return undefined
      left.delete(path)
      return { path, namespace: 'left-out' }
    })
    onLoad({ filter: /./, namespace: 'left-out' }, ({ path }) => {
      const refuse = `throw new Error(${JSON.stringify(`the playground is built without ${path}`)})`
      const functions = NEVER_CALLED.get(path)?.map((name) => `export function ${name}() { ${refuse} }`)
      return { contents: functions?.join('\n') ?? refuse }
    })
    onEnd(() => {
      if (left.size > 0) throw new Error(`nobody imports ${[...left].join(', ')}: what is left out has moved`)
    })
  },
}

/** Colours and marks of the reports, so that all pages have the same. */
export async function themeOf() {
  const folder = await bundle('site-theme', { theme: 'src/report/theme.ts', style: 'src/report/style.ts' })
  const { THEME } = await import(new URL('theme.mjs', folder).href)
  const { MARKS } = await import(new URL('style.mjs', folder).href)
  return `${THEME}${MARKS}\n`
}
