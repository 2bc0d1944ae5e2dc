import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Application, CODE, PACK_MS_MAX } from './packed.js'

const DIST = fileURLToPath(new URL('../../dist/', import.meta.url))

/** What an application takes into its bundle: all but the command line. */
const FILES = readdirSync(DIST, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.js') && !/^(cli|dashboard)\b/.test(file),
)
/** An import of what only running it tells, and what stands before its name. */
const BY_NAME = /\bimport\(((?:\s*\/\*.*?\*\/)*)\s*(?![\s"'`/])/gs
/** A file beside this one by a name that is no literal. */
const OF_A_FILE = /new URL\(\s*(?!["'`])[^()]*,\s*import\.meta\.url/g

const OPENS = `
import { createRouter } from 'paretobandit'
import { sqliteStore } from 'paretobandit/store/sqlite'
const models = [{ id: 'small', inputUsdPerMTok: 1, outputUsdPerMTok: 2 }]
createRouter({ models, kernel: 'wasm' })
  .then((router) => process.stdout.write(router.stats().kernel + ' '))
  .then(() => createRouter({ models, store: sqliteStore('router.db') }))
  .catch((error) => console.log(error.code, error.message))
`

describe('bundles of others', () => {
  /**
   * webpack makes a module that knows no name of an import by a name that it cannot see, so that it fails when it runs: it would be read
   * neither from a file nor by a resolver, in Next.js for one. Vite warns.
   */
  it('leave imports alone whose names only running tells', () => {
    const found = FILES.flatMap((file) =>
      [...readFileSync(join(DIST, file), 'utf8').matchAll(BY_NAME)].map(([, before]) => ({ file, before })),
    )
    expect(found.length).toBeGreaterThanOrEqual(5)
    const missed = found.filter(
      ({ before }) => !before.includes('@vite-ignore') || !before.includes('webpackIgnore: true'),
    )
    expect(missed).toEqual([])
  })

  /** webpack makes a module of all files of a folder of it, which fails without a word of what to do. */
  it('find no file to bundle whose name only running tells', () => {
    const found = FILES.flatMap((file) => readFileSync(join(DIST, file), 'utf8').match(OF_A_FILE) ?? [])
    expect(found).toEqual([])
  })

  /** Turbopack puts a module of its own into the place of its address: `request.indexOf is not a function`, in Next.js. */
  it('find no worker to bundle', () => {
    expect(FILES.filter((file) => /\bnew Worker\(/.test(readFileSync(join(DIST, file), 'utf8')))).toEqual([])
  })

  it('have one file of the thread in which SQLite works, which imports no other of the package', () => {
    const text = readFileSync(join(DIST, 'store/sqlite-worker.js'), 'utf8')
    expect(text).toContain('parentPort')
    expect(text.match(/\b(from|import)\s*\(?\s*["']\.[^"']*["']/g) ?? []).toEqual([])
  })

  describe('for a server', () => {
    let application: Application
    beforeAll(() => {
      application = new Application()
    }, PACK_MS_MAX)
    afterAll(() => application.remove())

    it.each([
      [
        'esm',
        'mjs',
        /sqlite-worker\.js to be there: leave paretobandit out of bundles \(external of esbuild.* copy all of paretobandit\/dist/,
      ],
      ['cjs', 'cjs', /its file store\/sqlite-worker\.js to be there: leave paretobandit out of bundles/],
    ] as const)(
      'load every entry as %s, and say that the worker of SQLite is not in them',
      async (format, end, said) => {
        const entries = CODE.filter((name) => !/store\/redis|langchain/.test(name))
        const lines = entries.map((name) => `import '${name}'`)
        application.write('entry.mjs', `${lines.join('\n')}\n${OPENS}`)
        const outfile = application.path(`out/bundle.${end}`)
        const common = { bundle: true, platform: 'node', logLevel: 'silent' } as const
        await build({
          ...common,
          entryPoints: [application.path('entry.mjs')],
          format,
          outfile,
          treeShaking: false,
        })
        const { stdout, stderr } = spawnSync(process.execPath, [outfile], { encoding: 'utf8' })
        expect(stdout, stderr).toMatch(/^wasm MISSING_DEPENDENCY /)
        expect(stdout).toMatch(said)
      },
    )
  })

  describe('for a browser or a worker', () => {
    let application: Application
    beforeAll(() => {
      application = new Application()
    }, PACK_MS_MAX)
    afterAll(() => application.remove())

    const everywhere = CODE.filter((name) => !/store\/(sqlite|redis)|gateway\/node|langchain/.test(name))
    it.each(everywhere)('take %s whole, with no word to say', async (name) => {
      application.write('entry.mjs', `import * as entry from '${name}'\nglobalThis.entry = entry\n`)
      const { warnings, metafile } = await build({
        entryPoints: [application.path('entry.mjs')],
        bundle: true,
        format: 'esm',
        platform: 'browser',
        splitting: true,
        outdir: application.path('out'),
        write: false,
        metafile: true,
        logLevel: 'silent',
      })
      expect(warnings).toEqual([])
      const imported = Object.values(metafile.outputs).flatMap(({ imports }) => imports)
      expect(imported.filter(({ external }) => external)).toEqual([])
    })
  })
})
