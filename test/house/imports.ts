import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface Import {
  readonly file: string
  /** As it is written. */
  readonly from: string
  /** The file it names, for imports within the project. */
  readonly target: string | null
  /** Whether nothing of it is left at run time. */
  readonly typeOnly: boolean
  /** Whether it is loaded when it is asked for. */
  readonly dynamic: boolean
}

export function filesUnder(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => posix.join(entry.parentPath.slice(ROOT.length).replaceAll('\\', '/'), entry.name))
    .sort()
}

export function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8')
}

/** Static and dynamic imports, re-exports, and types named by `import('...')`, comments apart. */
export function importsOf(file: string): Import[] {
  const code = read(file).replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
  const statement = /^(?:import|export)\s+(?:(type\s+)?([\w\s*{},$]+?)\s+from\s+)?'([^']+)'/gm
  const found = [...code.matchAll(statement)].map(([, type, names, from]) => {
    const listed = names
      ?.match(/^\{([^}]*)\}$/)?.[1]
      .split(',')
      .filter((name) => name.trim() !== '')
    const allTypes = listed?.every((name) => /^\s*type\s/.test(name)) === true
    return {
      file,
      from,
      target: targetOf(file, from),
      typeOnly: type !== undefined || allTypes,
      dynamic: false,
    }
  })
  // A declaration that is merged into another file's interface.
  const merged = [...code.matchAll(/^declare module '([^']+)'/gm)].map(([, from]) => ({
    file,
    from,
    target: targetOf(file, from),
    typeOnly: true,
    dynamic: false,
  }))
  const dynamic = [...code.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g)]
  return [
    ...found,
    ...merged,
    ...dynamic.map(([, from]) => ({
      file,
      from,
      target: targetOf(file, from),
      typeOnly: false,
      dynamic: true,
    })),
  ]
}

function targetOf(file: string, from: string): string | null {
  if (!from.startsWith('.')) return null
  return posix.join(dirname(file), from).replace(/\.js$/, '.ts')
}

/** The first circle in a graph of [from, to] edges, its first node repeated at the end; empty without a circle. */
export function circleIn(edges: readonly (readonly [string, string])[]): string[] {
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
