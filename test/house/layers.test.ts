import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { instantiate } from '@assemblyscript/loader'
import { describe, expect, it } from 'vitest'
import { kernelWasmHex } from '../../src/kernel/wasm-simd.generated.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SOURCES = filesUnder('src')
const KERNEL_BYTES_MAX = 16 * 1024
const LINES_MAX = 300
const FUNCTION_LINES_MAX = 70
/** `) {`, `): Type {` or `=> {` at the end of a line opens a function's block, unless a statement begins the line. */
const BLOCK_OPENING = /(?:\)(?:: .+)?|=>) \{$/
const STATEMENT = /^ *(?:\} )?(?:if|else|for|while|switch|catch)\b/

/** Folders whose members know nothing of each other; the router wires them. */
const SIBLINGS = ['registry', 'pacing', 'pending', 'features', 'journal']
/** What code of each place may import besides itself. `router` stands for the files directly in src/. */
const BASE = ['errors', 'check', 'checksum']
const MAY_IMPORT: Record<string, readonly string[]> = {
  errors: [],
  checksum: [],
  check: ['errors'],
  kernel: BASE,
  policy: [...BASE, 'kernel'],
  ...Object.fromEntries(SIBLINGS.map((sibling) => [sibling, BASE])),
  router: [...BASE, 'kernel', 'policy', ...SIBLINGS, 'store', 'dollar', 'paper', 'durable'],
  // Stores read events for the tables that people query.
  store: [...BASE, 'journal'],
  dollar: [...BASE, 'kernel', 'policy', ...SIBLINGS, 'router'],
  paper: [...BASE, 'kernel', 'policy', ...SIBLINGS, 'router'],
  durable: [...BASE, 'kernel', ...SIBLINGS, 'store', 'router'],
  replay: [...BASE, 'kernel', 'policy', ...SIBLINGS, 'router'],
  // Statistics and the report's drawing are of replay.
  evaluate: [...BASE, 'features', 'replay'],
  cli: [...BASE, 'kernel', 'policy', ...SIBLINGS, 'store', 'router', 'durable', 'replay', 'evaluate'],
}

interface Import {
  readonly file: string
  readonly from: string
  readonly typeOnly: boolean
}

function filesUnder(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => posix.join(entry.parentPath.slice(ROOT.length).replaceAll('\\', '/'), entry.name))
    .sort()
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8')
}

/** Static and dynamic imports and re-exports, comments apart. */
function importsOf(file: string): Import[] {
  const code = read(file).replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
  const statement = /^(?:import|export)\s+(?:(type\s+)?([\w\s*{},$]+?)\s+from\s+)?'([^']+)'/gm
  const found = [...code.matchAll(statement)].map(([, type, names, from]) => {
    const listed = names
      ?.match(/^\{([^}]*)\}$/)?.[1]
      .split(',')
      .filter((name) => name.trim() !== '')
    const allTypes = listed?.every((name) => /^\s*type\s/.test(name)) === true
    return { file, from, typeOnly: type !== undefined || allTypes }
  })
  const dynamic = [...code.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g)]
  return [...found, ...dynamic.map(([, from]) => ({ file, from, typeOnly: false }))]
}

/** Which place a source file belongs to. */
function placeOf(file: string): string {
  const [, first, ...rest] = file.split('/')
  if (rest.length > 0) return first
  const name = first.replace(/\.(ts|js)$/, '')
  return name in MAY_IMPORT && BASE.includes(name) ? name : 'router'
}

const IMPORTS = SOURCES.filter((file) => file.endsWith('.ts')).flatMap(importsOf)
const INTERNAL = IMPORTS.filter(({ from }) => from.startsWith('.')).map((each) => ({
  ...each,
  target: posix.join(dirname(each.file), each.from),
}))

describe('imports in src/', () => {
  it('are found by this test', () => {
    const seen = INTERNAL.map(({ file, target }) => `${file} ${target}`)
    expect(seen).toContain('src/router/router.js src/state/routing-state.js')
    expect(seen).toContain('src/create-router.ts src/features/default-encoder.js')
    expect(seen).toContain('src/kernel/js-kernel.ts src/kernel/layout.js')
    expect(INTERNAL.length).toBeGreaterThan(150)
    const declared = SOURCES.map(
      (file) => read(file).match(/^(?:import|export) .*from '\.|^\} from '\./gm)?.length ?? 0,
    )
    expect(INTERNAL.length).toBeGreaterThanOrEqual(declared.reduce((sum, count) => sum + count, 0))
  })

  it('run one way, from cli down to errors', () => {
    const wrong = INTERNAL.filter(({ file, target, typeOnly }) => {
      const [from, to] = [placeOf(file), placeOf(target)]
      if (from === to || MAY_IMPORT[from]?.includes(to)) return false
      return (
        !(typeOnly && SIBLINGS.includes(from) && SIBLINGS.includes(to)) &&
        !typeOnlyFromKernel(from, to, typeOnly)
      )
    })
    expect(wrong.map(({ file, target }) => `${file} imports ${target}`)).toEqual([])
  })

  it('stay inside src/ and name a file that is there', () => {
    const missing = INTERNAL.filter(({ target }) => !SOURCES.includes(target.replace(/\.js$/, '.ts')))
    expect(missing.map(({ file, from }) => `${file}: ${from}`)).toEqual([])
  })

  it('belong to a place with a rule', () => {
    for (const file of SOURCES) expect(Object.keys(MAY_IMPORT)).toContain(placeOf(file))
  })

  it('make no circle at run time', () => {
    const runtime = INTERNAL.filter(({ typeOnly }) => !typeOnly)
    expect(circleIn(runtime.map(({ file, target }) => [file, target.replace(/\.js$/, '.ts')]))).toEqual([])
    expect(circleIn([...'ab bc cd bd db'.split(' ')].map(([from, to]) => [from, to]))).toEqual([...'bcdb'])
  })

  it('of a policy come with a router that is made with it', () => {
    const rooms = /^src\/policy\/(dollar|paper)\//
    const statement = /^(?:import|export) (?!type )[^']*from '([^']+)'/gm
    const outside = SOURCES.filter((file) => file.endsWith('.ts') && !rooms.test(file))
    const found = outside.flatMap((file) =>
      [...read(file).matchAll(statement)].map(([, from]) => `${file} ${posix.join(dirname(file), from)}`),
    )
    expect(found).toContain('src/router/router.js src/state/routing-state.js')
    expect(found.filter((line) => rooms.test(line.split(' ')[1]))).toEqual([])
    const seen = INTERNAL.map(({ file, target }) => `${file} ${target}`)
    for (const room of ['dollar', 'paper'])
      expect(seen).toContain(`src/create-router.ts src/${room}/index.js`)
  })

  it("of Node's own modules are in src/cli and the adapters of stores alone", () => {
    const mayBeNode = /^src\/(cli|store\/(sqlite|redis))\//
    const node = IMPORTS.filter(({ file, from }) => from.startsWith('node:') && !mayBeNode.test(file))
    expect(node.map(({ file, from }) => `${file}: ${from}`)).toEqual([])
  })

  it('of packages are in replay, cli and the adapters of stores alone, but for the loader of the kernel', () => {
    const loader = { file: 'src/kernel/assemblyscript-loader.ts', from: '@assemblyscript/loader' }
    const packages = IMPORTS.filter(({ from }) => !from.startsWith('.') && !from.startsWith('node:')).filter(
      ({ file, from }) => file !== loader.file || from !== loader.from,
    )
    const core = packages.filter(
      ({ file, typeOnly }) => !typeOnly && !/^src\/(cli|replay|store\/(sqlite|redis))\//.test(file),
    )
    expect(core.map(({ file, from }) => `${file}: ${from}`)).toEqual([])
  })
})

/** The first circle in a graph of [from, to] edges, its first node repeated at the end; empty when there is none. */
function circleIn(edges: readonly (readonly [string, string])[]): string[] {
  const next = new Map<string, string[]>()
  for (const [from, to] of edges) next.set(from, [...(next.get(from) ?? []), to])
  const done = new Set<string>()
  const visit = (node: string, path: readonly string[]): string[] => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node]
    if (done.has(node)) return []
    for (const to of next.get(node) ?? []) {
      const circle = visit(to, [...path, node])
      if (circle.length > 0) return circle
    }
    done.add(node)
    return []
  }
  for (const node of next.keys()) {
    const circle = visit(node, [])
    if (circle.length > 0) return circle
  }
  return []
}

/** Every function, method and arrow function with a block, told by the indents that the formatter keeps. */
function functionsIn(code: string): { readonly head: string; readonly lines: number }[] {
  const lines = code.split('\n')
  return lines.flatMap((line, opening) => {
    if (!BLOCK_OPENING.test(line) || STATEMENT.test(line)) return []
    const indent = line.slice(0, line.search(/\S/))
    const standsAt = (other: string) => other.startsWith(indent) && /\S/.test(other.charAt(indent.length))
    // Parameters on lines of their own: the head is the line before them.
    const wrapped = /[)}\]]/.test(line.charAt(indent.length))
    const start = wrapped ? lines.slice(0, opening).findLastIndex(standsAt) : opening
    const end = lines.findIndex((other, i) => i > opening && standsAt(other))
    return [{ head: lines[start].trim(), lines: end - start + 1 }]
  })
}

/** Events carry an arm's statistics, so the journal names the kernel's type. */
function typeOnlyFromKernel(from: string, to: string, typeOnly: boolean): boolean {
  return typeOnly && SIBLINGS.includes(from) && to === 'kernel'
}

describe('the house', () => {
  it('keeps assembly/ to itself', () => {
    const files = filesUnder('assembly').filter((file) => file.endsWith('.ts'))
    expect(files.length).toBeGreaterThan(3)
    const outside = files.flatMap(importsOf).filter(({ from }) => !/^\.\/[a-z-]+$/.test(from))
    expect(outside).toEqual([])
  })

  it('has no file or folder called utils', () => {
    expect(SOURCES.filter((file) => /(^|\/)utils?(\.|\/|$)/i.test(file))).toEqual([])
  })

  it(`has no source file of more than ${LINES_MAX} lines`, () => {
    const written = [...SOURCES, ...filesUnder('assembly')].filter(
      (file) => /\.ts$/.test(file) && !file.includes('.generated.'),
    )
    const long = written.map((file) => [file, read(file).trimEnd().split('\n').length] as const)
    expect(long.filter(([, lines]) => lines > LINES_MAX)).toEqual([])
  })

  it(`has no function of ${FUNCTION_LINES_MAX} lines or more`, () => {
    const written = SOURCES.filter((file) => file.endsWith('.ts') && !file.includes('.generated.'))
    const all = written.flatMap((file) => functionsIn(read(file)).map((each) => ({ file, ...each })))
    expect(all.length).toBeGreaterThan(500)
    expect(all.filter(({ lines }) => lines >= FUNCTION_LINES_MAX)).toEqual([])
  })

  it('leaves nothing to do in the source', () => {
    const word = ['TO', 'DO'].join('')
    expect(SOURCES.filter((file) => file.endsWith('.ts') && read(file).includes(word))).toEqual([])
  })

  it('names its source files in kebab case', () => {
    expect(SOURCES.filter((file) => !/^(src)(\/[a-z0-9-]+)+(\.generated)?\.[a-z]+$/.test(file))).toEqual([])
  })

  it('ships a small kernel that compiles', async () => {
    const bytes = Buffer.from(kernelWasmHex, 'hex')
    expect(bytes.length).toBeLessThan(KERNEL_BYTES_MAX)
    expect(bytes.toString('hex')).toBe(kernelWasmHex)
    const module = await WebAssembly.compile(bytes)
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 65_536 })
    const { exports } = await instantiate(module, { env: { memory } })
    const names = Object.keys(exports)
    const wanted = ['configure', 'project', 'combine', 'score', 'prune', 'argmax', 'update', 'rebuild']
    expect(names).toEqual(expect.arrayContaining(wanted))
    expect(WebAssembly.Module.imports(module)).toEqual([{ module: 'env', name: 'memory', kind: 'memory' }])
  })
})
