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

  describe('for a browser or a worker', () => {
    let application: Application
    beforeAll(() => {
      application = new Application()
    }, PACK_MS_MAX)
    afterAll(() => application.remove())

    const everywhere = CODE.filter((name) => !/store\/(sqlite|redis)|langchain/.test(name))
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
