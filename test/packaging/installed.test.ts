import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Application, CODE, ENTRIES, MANIFEST, PACK_MS_MAX } from './packed.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const TSC = `${ROOT}node_modules/typescript/bin/tsc`
const require = createRequire(import.meta.url)
/** An older compiler that is here: 5.6, of a checker of types. */
const OLDER_TSC = createRequire(require.resolve('@arethetypeswrong/core')).resolve('typescript/lib/tsc.js')
/** Packages that an entry may ask for: whoever uses the entry has them. */
const PEERS = Object.keys(MANIFEST.peerDependencies)

/** Loads every entry by `require` and by `import`, and says of each what came. */
const LOAD = `
import { cpSync, existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
const require = createRequire(import.meta.url)
const told = (error) => ({ error: error.code + ': ' + error.message })
const found = {}
for (const name of JSON.parse(process.argv[2])) {
  const imported = await import(name).catch(told)
  let required
  try { required = require(name) } catch (error) { required = told(error) }
  const names = Object.keys(imported)
  const same = Object.keys(required).length === names.length && names.every((key) => required[key] === imported[key])
  found[name] = { error: imported.error ?? required.error ?? null, names, same }
}
const files = JSON.parse(process.argv[3]).filter((name) => !existsSync(fileURLToPath(import.meta.resolve(name))))
console.log(JSON.stringify({ found, files }))`

/** A router made by whoever has only `require`. */
const COMMONJS = `
const { createRouter, ParetoBanditError } = require('paretobandit')
createRouter({ models: [{ id: 'small', inputUsdPerMTok: 1, outputUsdPerMTok: 2 }] }).then((router) => {
  const { id, model } = router.route('Why is the sky blue?')
  router.settle(id, { costUsd: 0.001 })
  try { router.settle('r.99', { costUsd: 0.001 }) } catch (error) {
    const typed = error instanceof ParetoBanditError && error.stack.startsWith('ParetoBanditError: ')
    console.log(JSON.stringify({ model, usd: router.stats().pacer.spendUsd, typed }))
  }
})`

const WITH_DOM = ['es2023', 'dom', 'dom.iterable']

/** What is of the web is of the platform's own type, where it has one. */
const OF_THE_WEB = `
import { createRouter, type RunOptions } from 'paretobandit'
import type { Gateway } from 'paretobandit/gateway'
import { importPrices, type ImportPricesOptions } from 'paretobandit/prices'
import { LangfuseScores, linkResponse } from 'paretobandit/rewards'
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <T extends true>(): T | null => null
export const all = [
  same<Same<RunOptions['signal'], AbortSignal | undefined>>(),
  same<Same<ImportPricesOptions['fetch'], typeof globalThis.fetch | undefined>>(),
  same<Same<Parameters<Gateway['fetch']>, [request: Request]>>(),
  same<Same<ReturnType<Gateway['fetch']>, Response | Promise<Response>>>(),
  same<Same<ReturnType<typeof linkResponse>, Promise<Response>>>(),
  // @ts-expect-error: they are compared
  same<Same<RunOptions['signal'], AbortSignal>>(),
]
export async function use() {
  const router = await createRouter({ models: [{ id: 'small', inputUsdPerMTok: 1, outputUsdPerMTok: 2 }] })
  const { signal } = new AbortController()
  await router.run('Why?', { signal }, (_, { signal }) => fetch('https://example.com', signal === undefined ? {} : { signal }))
  await importPrices(new URL('https://example.com'), { models: ['small'], fetch, signal })
  const options = { baseUrl: '', publicKey: '', secretKey: '', scores: [] }
  return [new LangfuseScores({ ...options, fetch }), new LangfuseScores({ ...options, fetch: (url: string, init: RequestInit) => fetch(url, init) })]
}
`

interface Loaded {
  readonly found: Readonly<
    Record<
      string,
      { readonly error: string | null; readonly names: readonly string[]; readonly same: boolean }
    >
  >
  readonly files: readonly string[]
}

describe('installed in an empty application', () => {
  let application: Application
  /** Entries that load without any peer. */
  let alone: readonly string[]

  beforeAll(() => {
    application = new Application()
    application.write('load.mjs', LOAD)
    const { found } = load()
    alone = CODE.filter((name) => found[name].error === null)
  }, PACK_MS_MAX)
  afterAll(() => application.remove())

  function node(...args: readonly string[]) {
    return spawnSync(process.execPath, args, { cwd: application.folder, encoding: 'utf8' })
  }

  function load(): Loaded {
    const { stdout, stderr } = node('load.mjs', JSON.stringify(CODE), JSON.stringify(ENTRIES.map(nameOf)))
    expect(stdout, stderr).toMatch(/^\{/)
    return JSON.parse(stdout) as Loaded
  }

  it('brings no other package', () => {
    const { packages } = JSON.parse(node('-p', 'fs.readFileSync("package-lock.json", "utf8")').stdout) as {
      packages: Readonly<Record<string, unknown>>
    }
    expect(Object.keys(packages)).toEqual(['', 'node_modules/paretobandit'])
  })

  it('every entry loads by import and by require, as one module, or says which optional package it needs', () => {
    const { found, files } = load()
    expect(Object.keys(found)).toEqual(CODE)
    expect(files).toEqual([])
    const wrong = Object.entries(found).filter(([, { error, names, same }]) =>
      error === null ? names.length === 0 || !same : !PEERS.some((peer) => error.includes(`'${peer}'`)),
    )
    expect(wrong).toEqual([])
    expect(alone).toContain('paretobandit')
    for (const peer of PEERS) expect(MANIFEST.peerDependenciesMeta[peer]).toEqual({ optional: true })
  })

  it('works in CommonJS', () => {
    application.write('use.cjs', COMMONJS)
    const { stdout, stderr } = node('use.cjs')
    expect(stdout, stderr).toMatch(/^\{/)
    expect(JSON.parse(stdout)).toEqual({ model: 'small', usd: 0.001, typed: true })
  })

  describe.each([
    ['nodenext', { module: 'nodenext' }, ['index.ts', 'index.cts'], [TSC]],
    ['node16', { module: 'node16' }, ['index.ts'], [TSC]],
    ['bundler', { module: 'esnext', moduleResolution: 'bundler' }, ['index.ts'], [TSC, OLDER_TSC]],
  ])('a TypeScript project that resolves as %s', (name, options, files, compilers) => {
    /** @returns what the compiler says of every entry, declarations that it leads to included */
    function compile(entries: readonly string[], more: object, compiler = TSC): string {
      const lines = entries.map((entry, i) => `import * as entry${i} from '${entry}'`)
      const text = `${lines.join('\n')}
export const all = [${entries.map((_, i) => `entry${i}`).join(', ')}]
import { createRouter, type Decision } from 'paretobandit'
import kernelModule from 'paretobandit/kernel.wasm'
export async function decide(): Promise<Decision<'small'>> {
  const models = [{ id: 'small', inputUsdPerMTok: 1, outputUsdPerMTok: 2 }] as const
  // @ts-expect-error: the types are there
  await createRouter({ models: 7 })
  return (await createRouter({ models, kernelModule })).route('Why is the sky blue?')
}
`
      for (const file of files) application.write(`${name}/${file}`, text)
      const common = { target: 'es2022', lib: WITH_DOM, strict: true, noEmit: true }
      const compilerOptions = { ...common, types: [], skipLibCheck: false, ...options, ...more }
      application.write(`${name}/tsconfig.json`, JSON.stringify({ compilerOptions, files }))
      const { stdout, stderr } = node(compiler, '-p', name)
      return stdout + stderr
    }

    it('needs no other types for what loads alone', () => {
      for (const compiler of compilers)
        expect(compile(alone, { exactOptionalPropertyTypes: true }, compiler)).toBe('')
    })

    it('needs no types of a browser and none of Node, for what loads alone', () => {
      for (const compiler of compilers) expect(compile(alone, { lib: ['es2022'] }, compiler)).toBe('')
    })

    it('has the types of every entry beside the packages that it is for', () => {
      application.link(...[...PEERS, '@types/node'].filter(isHere))
      expect(compile(CODE, { types: ['node'] })).toBe('')
    })

    it('needs no types of a browser where those of Node are', () => {
      application.link('@types/node')
      for (const compiler of compilers)
        expect(compile(alone, { lib: ['es2022'], types: ['node'] }, compiler)).toBe('')
    })
  })

  it('is imported in a CommonJS file of TypeScript as docs/USAGE.md says', () => {
    const imports = "import { createRouter } from 'paretobandit'\nexport const made = createRouter({})\n"
    const waits = "export const made = import('paretobandit').then(({ createRouter }) => createRouter({}))\n"
    const compile = (module: string, text: string, compiler: string) => {
      application.write('cts/index.cts', text)
      const compilerOptions = {
        target: 'es2022',
        lib: WITH_DOM,
        strict: true,
        noEmit: true,
        types: [],
        module,
      }
      application.write('cts/tsconfig.json', JSON.stringify({ compilerOptions, files: ['index.cts'] }))
      return node(compiler, '-p', 'cts').stdout
    }
    expect(compile('nodenext', imports, TSC)).toBe('')
    expect(compile('node20', imports, TSC)).toBe('')
    expect(compile('node16', imports, TSC)).toContain('TS1479')
    expect(compile('node16', waits, OLDER_TSC)).toBe('')
    expect(compile('nodenext', imports, OLDER_TSC)).toContain('TS1479')
  })

  it.each([
    ['a browser', { lib: WITH_DOM, types: [] }],
    ['Node', { lib: ['es2022'], types: ['node'] }],
  ])('takes and gives what %s has by the names of the web', (_, types) => {
    application.link('@types/node')
    application.write('web/index.ts', OF_THE_WEB)
    const common = { target: 'es2022', module: 'nodenext', strict: true, noEmit: true, skipLibCheck: false }
    application.write('web/tsconfig.json', JSON.stringify({ compilerOptions: { ...common, ...types } }))
    const { stdout, stderr } = node(TSC, '-p', 'web')
    expect(stdout + stderr).toBe('')
  })

  it('compiles the examples that are in TypeScript', () => {
    application.link('openai')
    cpSync(`${ROOT}examples`, application.path('examples'), { recursive: true })
    const examples = readdirSync(application.path('examples'), { recursive: true, encoding: 'utf8' })
    const files = examples.filter((file) => file.endsWith('.ts')).map((file) => `examples/${file}`)
    expect(files).not.toEqual([])
    const common = { target: 'es2022', lib: WITH_DOM, strict: true, noEmit: true }
    const compilerOptions = {
      ...common,
      allowJs: true,
      types: [],
      module: 'esnext',
      moduleResolution: 'bundler',
    }
    application.write('tsconfig.json', JSON.stringify({ compilerOptions, files }))
    const { stdout, stderr } = node(TSC, '-p', '.')
    expect(stdout + stderr).toBe('')
  })

  it('every entry loads beside the packages that it is for', () => {
    application.link(...PEERS.filter(isHere))
    const { found } = load()
    expect(Object.values(found).filter(({ error, same }) => error !== null || !same)).toEqual([])
  })
})

const nameOf = ({ name }: { readonly name: string }): string => name

function isHere(name: string): boolean {
  return existsSync(`${ROOT}node_modules/${name}`)
}
