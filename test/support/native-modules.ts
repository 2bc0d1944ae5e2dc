import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build, type Plugin as EsbuildPlugin, version } from 'esbuild'
import type { Plugin } from 'vitest/config'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** What tests import, in TypeScript. */
const FOLDERS = ['src', 'test', 'web', 'bench', 'scripts']
const IS_MODULE = /(?<!\.test|\.d)\.tsx?$/
const KEPT = join(ROOT, 'build/test-modules')
/** Compiled modules that no run has asked for in this time are removed: no run takes so long. */
const KEPT_MS = 3_600_000

/**
 * Gives tests all modules but their own as Node's: vitest's turn each name that is imported into a look-up of a property,
 * and what is computed takes two to three times as long. Not where files are watched: Node never reads a module again.
 */
export function nativeModules(): Plugin {
  let isOn = true
  let compiled: Promise<string> | null = null
  return {
    name: 'native-modules',
    enforce: 'pre',
    config: () => ({ test: { server: { deps: { external: [/\/build\/test-modules\//] } } } }),
    configureVitest({ vitest }) {
      isOn = !vitest.config.watch
    },
    async resolveId(source, importer) {
      if (!isOn || importer === undefined || !/^\.{1,2}\/.*\.js$/.test(source)) return null
      const path = resolve(importer, '..', source)
      const name = relative(ROOT, path).replaceAll('\\', '/')
      if (!FOLDERS.some((folder) => name.startsWith(`${folder}/`)) || existsSync(path)) return null
      compiled ??= compile()
      const id = join(await compiled, name)
      return existsSync(id) ? { id, external: true } : null
    },
  }
}

/** @returns the folder of compiled modules: of what they are now, however many runs ask for them at once */
async function compile(): Promise<string> {
  const files = await modules()
  const texts = await Promise.all(files.map((file) => readFile(join(ROOT, file), 'utf8')))
  const settings = await readFile(join(ROOT, 'tsconfig.json'), 'utf8')
  const hash = createHash('sha256').update(version).update(ROOT).update(settings)
  for (const [i, file] of files.entries()) hash.update(`\0${file}\0`).update(texts[i])
  const folder = join(KEPT, hash.digest('hex').slice(0, 16))
  if (existsSync(folder)) {
    const now = new Date()
    await utimes(folder, now, now)
    return folder
  }
  await removeOld()
  const begun = `${folder}-${process.pid}`
  await build({
    absWorkingDir: ROOT,
    entryPoints: files,
    outbase: ROOT,
    outdir: begun,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    sourcemap: 'inline',
    sourcesContent: false,
    plugins: [ownUrl],
  })
  // Another run may have been sooner.
  await rename(begun, folder).catch(() => rm(begun, { recursive: true, force: true }))
  return folder
}

/** Modules that read files beside them find those beside their source. */
const ownUrl: EsbuildPlugin = {
  name: 'own-url',
  setup({ onLoad }) {
    onLoad({ filter: /\.tsx?$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replaceAll(
        /\bimport\.meta\.url\b/g,
        JSON.stringify(pathToFileURL(path).href),
      ),
      loader: path.endsWith('x') ? 'tsx' : 'ts',
    }))
  },
}

async function modules(): Promise<string[]> {
  const lists = await Promise.all(
    FOLDERS.map((folder) => readdir(join(ROOT, folder), { recursive: true, withFileTypes: true })),
  )
  return lists
    .flat()
    .filter(
      (entry) => entry.isFile() && IS_MODULE.test(entry.name) && !entry.parentPath.includes('node_modules'),
    )
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .sort()
}

async function removeOld(): Promise<void> {
  await mkdir(KEPT, { recursive: true })
  for (const name of await readdir(KEPT)) {
    const path = join(KEPT, name)
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }))
    if (Date.now() - mtimeMs > KEPT_MS) await rm(path, { recursive: true, force: true })
  }
}
