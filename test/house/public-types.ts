import { dirname, join, normalize } from 'node:path'

/** Where a name is declared. */
export interface Place {
  readonly file: string
  readonly name: string
}

interface Module {
  readonly text: string
  /** What stands in the file, by name; a name that is declared more than once has all of it. */
  readonly declared: ReadonlyMap<string, string>
  /** Names that come from other modules of the package, those that are passed on among them. */
  readonly taken: ReadonlyMap<string, Place>
  readonly exported: ReadonlyMap<string, Place>
  readonly passedOn: readonly string[]
}

const DECLARATION =
  /^(?:export )?(?:declare )?(?:abstract )?(?:interface|type|class|const|let|function|enum) (\w+)/
const FROM = /^(import|export) (?:type )?\{([^}]*)\} from '(\.[^']*)';/gm

/** The declarations of a package: which types can be met from an entry, and which of them it exports. */
export class Declarations {
  private readonly modules = new Map<string, Module>()
  private readonly read: (file: string) => string

  /** @param read the text of a .d.ts, by its path */
  constructor(read: (file: string) => string) {
    this.read = read
  }

  /** All that an entry exports, by name. */
  exportsOf(file: string): Map<string, Place> {
    const { exported, passedOn } = this.module(file)
    const all = new Map(passedOn.flatMap((from) => [...this.exportsOf(from)]))
    for (const [name, place] of exported) all.set(name, this.resolve(place))
    return all
  }

  /** The types that the declaration of a name speaks of. */
  mentionedBy({ file, name }: Place): Place[] {
    const { declared, taken } = this.module(file)
    const text = declared.get(name) ?? ''
    const found: Place[] = []
    for (const [, from, other] of text.matchAll(/import\("(\.[^"]*)"\)\.(\w+)/g))
      found.push({ file: fileOf(file, from), name: other })
    const bare = text.replace(/import\("[^"]*"\)\.\w+/g, '')
    for (const [word] of bare.matchAll(/(?<![\w.'"-])[A-Z]\w*(?!\w*['"?]?:)/g)) {
      const place = taken.get(word) ?? (word !== name && declared.has(word) ? { file, name: word } : null)
      if (place !== null) found.push(place)
    }
    return found.map((place) => this.resolve(place))
  }

  /** Whether it is a constant, a function or the like, and no type. */
  isValue({ file, name }: Place): boolean {
    const text = this.module(file).declared.get(name) ?? ''
    return /^(?:export )?(?:declare )?(?:const|let|function) /.test(text)
  }

  /** Whether its own module exports it. */
  isExported({ file, name }: Place): boolean {
    return this.module(file).exported.has(name)
  }

  /** Names of the types that modules which were read declare in those interfaces of others. */
  mergedInto(interfaces: readonly string[]): string[] {
    const found = new Set<string>()
    for (const { text } of this.modules.values())
      for (const [, name, body] of text.matchAll(/^ {4}interface (\w+) \{([^}]*)\}/gm))
        if (interfaces.includes(name)) for (const [, type] of body.matchAll(/: (\w+);/g)) found.add(type)
    return [...found]
  }

  /** Where a name is declared that modules pass on. */
  private resolve(place: Place): Place {
    const { declared, exported, taken, passedOn } = this.module(place.file)
    if (declared.has(place.name)) return place
    const next = exported.get(place.name) ?? taken.get(place.name)
    if (next !== undefined && (next.file !== place.file || next.name !== place.name))
      return this.resolve(next)
    const from = passedOn
      .map((file) => this.exportsOf(file).get(place.name))
      .find((each) => each !== undefined)
    return from ?? place
  }

  private module(file: string): Module {
    const known = this.modules.get(file)
    if (known !== undefined) return known
    const text = this.read(file).replace(/\/\*[\s\S]*?\*\//g, '')
    const taken = new Map<string, Place>()
    const exported = new Map<string, Place>()
    for (const [, verb, names, from] of text.matchAll(FROM))
      for (const each of names.split(',')) {
        const [name, as = name] = each
          .trim()
          .replace(/^type /, '')
          .split(' as ')
        if (name !== '') (verb === 'import' ? taken : exported).set(as, { file: fileOf(file, from), name })
      }
    const declared = new Map<string, string>()
    for (const part of text.split(/\n(?=\S)/)) {
      const name = DECLARATION.exec(part)?.[1]
      if (name === undefined) continue
      declared.set(name, `${declared.get(name) ?? ''}${part}\n`)
      if (part.startsWith('export ')) exported.set(name, { file, name })
    }
    const passedOn = [...text.matchAll(/^export (?:type )?\* from '(\.[^']*)';/gm)].map(([, from]) =>
      fileOf(file, from),
    )
    const module = { text, declared, taken, exported, passedOn }
    this.modules.set(file, module)
    return module
  }
}

function fileOf(file: string, from: string): string {
  return normalize(join(dirname(file), from.replace(/\.js$/, '.d.ts')))
}
