import { instantiate } from '@assemblyscript/loader'
import { describe, expect, it } from 'vitest'
import { kernelWasmHex } from '../../src/kernel/wasm-simd.generated.js'
import { FLOORS, floorOf, MAY_IMPORT } from './floors.js'
import { circleIn, filesUnder, importsOf, read } from './imports.js'

const SOURCES = filesUnder('src').filter((file) => file.endsWith('.ts'))
const IMPORTS = SOURCES.flatMap(importsOf)
const INTERNAL = IMPORTS.flatMap((each) => (each.target === null ? [] : [{ ...each, target: each.target }]))
const KERNEL_BYTES_MAX = 16 * 1024
const ROOMS_MAX = 19

/** The room of a file: the folder in src/ it stands in. */
function roomOf(file: string): string {
  const [, room, ...rest] = file.split('/')
  return rest.length > 0 ? room : 'root'
}

/** The policy whose folder a file is in. */
function policyOf(file: string): string | undefined {
  return /^src\/policy\/([^/]+)\//.exec(file)?.[1]
}

describe('imports in src/', () => {
  it('are found by this test', () => {
    const seen = INTERNAL.map(({ file, target }) => `${file} ${target}`)
    expect(seen).toContain('src/router/router.ts src/router/parts.ts')
    expect(seen).toContain('src/create-router.ts src/features/default-encoder.ts')
    expect(seen).toContain('src/kernel/js-kernel.ts src/kernel/layout.ts')
    const declared = SOURCES.map(
      (file) => read(file).match(/^(?:import|export) .*from '\.|^\} from '\.|^import '\./gm)?.length ?? 0,
    )
    expect(INTERNAL.length).toBeGreaterThanOrEqual(declared.reduce((sum, count) => sum + count, 0))
  })

  it('name a file that is there', () => {
    const missing = INTERNAL.filter(({ target }) => !SOURCES.includes(target))
    expect(missing.map(({ file, from }) => `${file}: ${from}`)).toEqual([])
  })

  it('are governed in every file, and no floor of the plan is empty', () => {
    expect(SOURCES.filter((file) => floorOf(file) === undefined)).toEqual([])
    expect(FLOORS.map(([floor]) => floor).sort()).toEqual(Object.keys(MAY_IMPORT).sort())
    const used = new Set(SOURCES.map(floorOf))
    expect(FLOORS.map(([floor]) => floor).filter((floor) => !used.has(floor))).toEqual([])
  })

  it('go down only, types included', () => {
    const wrong = INTERNAL.filter(({ file, target }) => {
      const [from, to] = [floorOf(file) ?? '', floorOf(target) ?? '']
      return from !== to && !MAY_IMPORT[from]?.includes(to)
    })
    const ofAnother = INTERNAL.filter(({ file, target }) => {
      const [from, to] = [policyOf(file), policyOf(target)]
      return from !== undefined && to !== undefined && from !== to
    })
    expect(ofAnother.map(({ file, target }) => `${file} imports ${target}`)).toEqual([])
    expect(wrong.map(({ file, target }) => `${file} imports ${target}`)).toEqual([])
  })

  it('have floors that stand on each other without a circle', () => {
    const edges = Object.entries(MAY_IMPORT).flatMap(([from, below]) =>
      below.map((to) => [from, to] as const),
    )
    expect(circleIn(edges)).toEqual([])
  })

  it('make no circle of files, types included', () => {
    expect(circleIn(INTERNAL.map(({ file, target }) => [file, target]))).toEqual([])
    expect(circleIn([...'ab bc cd bd db'.split(' ')].map(([from, to]) => [from, to]))).toEqual([...'bcdb'])
  })

  it('make no circle of rooms', () => {
    const edges = INTERNAL.map(({ file, target }) => [roomOf(file), roomOf(target)] as const)
    expect(circleIn(edges.filter(([from, to]) => from !== to))).toEqual([])
  })

  it("of a policy's code come with a router that is made with it", () => {
    const code = /^src\/policy\/[^/]+\/index\.ts$/
    const eager = INTERNAL.filter(
      ({ target, typeOnly, dynamic }) => code.test(target) && !typeOnly && !dynamic,
    )
    expect(eager.map(({ file }) => file)).toEqual([])
    const lazy = INTERNAL.filter(({ target, dynamic }) => code.test(target) && dynamic)
    expect(lazy.map(({ file }) => file)).toEqual([...lazy].map(() => 'src/policy/policies.ts'))
    expect(lazy.length).toBeGreaterThanOrEqual(3)
  })

  // The base knows nothing of routers; what else stands here is an entry of the package, or of the parts of rewards and stores.
  const PUBLIC = {
    adapters: /^src\/(base\/.*|index|rewards\/(index|parts))\.ts$/,
    gateway:
      /^src\/(base\/.*|index|features\/index|prices\/index|rewards\/(index|parts)|store\/(sqlite|redis)\/(index|parts)|store\/memory\/memory-store)\.ts$/,
  }
  it.each(['adapters', 'gateway'] as const)('of the %s know of routers what an embedder does', (room) => {
    const wrong = INTERNAL.filter(
      ({ file, target }) => floorOf(file) === room && floorOf(target) !== room && !PUBLIC[room].test(target),
    )
    expect(wrong.map(({ file, target }) => `${file} imports ${target}`)).toEqual([])
  })

  it('of the gateway are in it and in cli alone', () => {
    const outside = INTERNAL.filter(
      ({ file, target }) => floorOf(target) === 'gateway' && !/^src\/(gateway|cli)\//.test(file),
    )
    expect(outside).toEqual([])
  })

  it("of what rewards' parts and the base have are not passed on by an entry to users", () => {
    const inside = INTERNAL.filter(
      ({ file, target, typeOnly }) =>
        !typeOnly &&
        /^src\/(index|(features|evaluate|prices|rewards|gateway|adapters\/[^/]+)\/index)\.ts$/.test(file) &&
        /^src\/(rewards\/parts|base\/.*)\.ts$/.test(target),
    )
    expect(inside.map(({ file, target }) => `${file} ${target}`)).toEqual(['src/index.ts src/base/errors.ts'])
  })

  it("of Node's own modules are in src/cli, src/gateway/node, the adapters of stores and what reads a file alone", () => {
    const mayBeNode =
      /^src\/((cli|gateway\/node|store\/(sqlite|redis))\/|(base\/read-file|prices\/lookup-name)\.ts$)/
    const node = IMPORTS.filter(({ file, from }) => from.startsWith('node:') && !mayBeNode.test(file))
    expect(node.map(({ file, from }) => `${file}: ${from}`)).toEqual([])
  })

  it('of packages are in rooms that may have them', () => {
    const mayBePackage: readonly (readonly [RegExp, RegExp])[] = [
      [/^src\/(cli|replay|report|store\/(sqlite|redis))\//, /./],
      [/^src\/kernel\//, /^@assemblyscript\/loader$/],
      [/^src\/adapters\/langchain\//, /^@langchain\/core\//],
      [/^src\/gateway\/node\//, /^(undici|pino|redis|@hono\/node-server)$/],
      [/^src\/gateway\//, /^(hono(\/.*)?|eventsource-parser|yaml|ajv(\/.*)?|@opentelemetry\/api)$/],
    ]
    const packages = IMPORTS.filter(({ from }) => !from.startsWith('.') && !from.startsWith('node:'))
    const wrong = packages.filter(
      ({ file, from, typeOnly }) =>
        !typeOnly && !mayBePackage.some(([room, name]) => room.test(file) && name.test(from)),
    )
    expect(wrong.map(({ file, from }) => `${file}: ${from}`)).toEqual([])
  })
})

describe('pages in web/', () => {
  const pages = filesUnder('web').filter((file) => /\.tsx?$/.test(file))
  const imports = pages.flatMap(importsOf)

  it('are imported by nothing in src/', () => {
    expect(IMPORTS.filter(({ from }) => /(^|\/)web\//.test(from))).toEqual([])
  })

  it('import of src/ types, colours, forms of numbers and what shows ids alone in the dashboard', () => {
    expect(pages.length).toBeGreaterThan(10)
    const wrong = imports.filter(
      ({ file, from, typeOnly }) =>
        /^web\/(dashboard|shared)\//.test(file) &&
        from.includes('/src/') &&
        !typeOnly &&
        !/\/src\/(report\/palette|base\/(format|visible))\.js$/.test(from),
    )
    expect(wrong.map(({ file, from }) => `${file}: ${from}`)).toEqual([])
  })
})

describe('the house', () => {
  it(`has at most ${ROOMS_MAX} rooms in src/ and two loose files`, () => {
    const rooms = new Set(SOURCES.map(roomOf).filter((room) => room !== 'root'))
    expect(rooms.size).toBeLessThanOrEqual(ROOMS_MAX)
    expect(SOURCES.filter((file) => roomOf(file) === 'root')).toEqual([
      'src/create-router.ts',
      'src/index.ts',
    ])
  })

  it('keeps assembly/ to itself', () => {
    const files = filesUnder('assembly').filter((file) => file.endsWith('.ts'))
    expect(files.length).toBeGreaterThan(3)
    const outside = files.flatMap(importsOf).filter(({ from }) => !/^\.\/[a-z-]+$/.test(from))
    expect(outside).toEqual([])
  })

  it('has no file or folder called utils', () => {
    expect(SOURCES.filter((file) => /(^|\/)utils?(\.|\/|$)/i.test(file))).toEqual([])
  })

  it('leaves nothing to do in the source', () => {
    const word = ['TO', 'DO'].join('')
    expect(SOURCES.filter((file) => read(file).includes(word))).toEqual([])
  })

  it('names its source files in kebab case', () => {
    expect(SOURCES.filter((file) => !/^(src)(\/[a-z0-9-]+)+(\.generated)?\.[a-z]+$/.test(file))).toEqual([])
  })

  it('names in docs and comments only files that are there', () => {
    const texts = [...filesUnder('docs').filter((file) => file.endsWith('.md')), 'README.md', ...SOURCES]
    const named = texts.flatMap((file) =>
      [...read(file).matchAll(/(?<![\w./-])(?:src|test|docs|scripts)\/[\w./-]*\w\.(?:ts|mjs|md)\b/g)].map(
        ([path]) => ({ file, path }),
      ),
    )
    const known = new Set(['src', 'test', 'docs', 'scripts'].flatMap(filesUnder))
    expect(named.length).toBeGreaterThan(40)
    expect(named.filter(({ path }) => !known.has(path)).map(({ file, path }) => `${file}: ${path}`)).toEqual(
      [],
    )
  })

  it('ships a small kernel that compiles', async () => {
    const bytes = Buffer.from(kernelWasmHex, 'hex')
    expect(bytes.length).toBeLessThan(KERNEL_BYTES_MAX)
    const module = await WebAssembly.compile(bytes)
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 65_536 })
    const { exports } = await instantiate(module, { env: { memory } })
    const names = Object.keys(exports)
    const wanted = ['configure', 'project', 'combine', 'score', 'prune', 'argmax', 'update', 'rebuild']
    expect(names).toEqual(expect.arrayContaining(wanted))
    expect(WebAssembly.Module.imports(module)).toEqual([{ module: 'env', name: 'memory', kind: 'memory' }])
  })
})
