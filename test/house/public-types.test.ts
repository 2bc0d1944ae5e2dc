import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { Declarations, type Place } from './public-types.js'

const DIST = fileURLToPath(new URL('../../dist/', import.meta.url))
const CORE = 'index.d.ts'
/** Entries whose types others may speak of. */
const SHARED = [CORE, 'rewards/index.d.ts']
const ENTRIES = [
  CORE,
  'features/index.d.ts',
  'evaluate/index.d.ts',
  'prices/index.d.ts',
  'gateway/index.d.ts',
  'rewards/index.d.ts',
  'adapters/openai/index.d.ts',
  'adapters/ai-sdk/index.d.ts',
  'adapters/langchain/index.d.ts',
  'store/memory/memory-store.d.ts',
  'store/sqlite/index.d.ts',
  'store/redis/index.d.ts',
]
/** Parts of the inside that declarations cannot help to name: nobody is to hold them. */
const INSIDE = new Set([
  'RouterParts',
  'RoutingState',
  // What an event is follows from its definition, and is shown where it is met.
  'DefinedEvent',
  // Of the gateway's surfaces.
  'Keyring',
  'LiveConfig',
  'MetricsRegistry',
  'RateLimits',
])

function declarations(): Declarations {
  return new Declarations((file) => {
    if (!existsSync(join(DIST, CORE))) throw new Error(`${DIST} is missing: run 'npm run build'`)
    return readFileSync(join(DIST, file), 'utf8')
  })
}

/** Types that are met from what an entry exports, and that neither it nor a shared one exports. */
function missing(all: Declarations, entry: string, shared: readonly string[] = SHARED): string[] {
  const keyOf = ({ file, name }: Place) => `${file}: ${name}`
  const exported = [entry, ...shared].flatMap((each) => [...all.exportsOf(each).values()])
  const known = new Set(exported.map(keyOf))
  const found = new Set<string>()
  const left = [...all.exportsOf(entry).values()]
  for (let place = left.pop(); place !== undefined; place = left.pop())
    for (const mentioned of all.mentionedBy(place)) {
      const key = keyOf(mentioned)
      if (known.has(key) || INSIDE.has(mentioned.name) || all.isValue(mentioned)) continue
      known.add(key)
      left.push(mentioned)
      // What a module keeps to itself is written out where it is used; what that speaks of is public as well.
      if (all.isExported(mentioned)) found.add(key)
    }
  return [...found].sort()
}

describe('the types of the package', () => {
  it.each(ENTRIES)('that can be met from %s are exported', (entry) => {
    expect(missing(declarations(), entry)).toEqual([])
  })

  it('have those of every event and notice among them', () => {
    const all = declarations()
    const names = [...all.exportsOf(CORE).keys()]
    const events = all.mergedInto(['EventMap', 'NoticeMap'])
    expect(events.length).toBeGreaterThan(25)
    expect(events.filter((name) => !names.includes(name))).toEqual([])
  })

  it('are found through modules that pass them on, keep them to themselves, and import them in place', () => {
    const files: Readonly<Record<string, string>> = {
      'index.d.ts': "export type { A } from './a.js';\nexport type * from './b.js';\n",
      'a.d.ts': `import { type C } from './b.js';
/** Speaks of Nothing. */
export interface A extends Kept {
    c: C;
    text: 'Nothing';
}
interface Kept {
    d: import("./d.js").D;
}
export interface Nothing {
}
`,
      'b.d.ts': "export { type C } from './c.js';\nexport type B = 1;\n",
      'c.d.ts': 'export interface C {\n}\n',
      'd.d.ts': 'export type D = E | typeof F;\nexport interface E {\n}\nexport declare const F: 1;\n',
    }
    const all = new Declarations((file) => files[file] ?? '')
    expect([...all.exportsOf('index.d.ts').keys()].sort()).toEqual(['A', 'B', 'C'])
    expect(missing(all, 'index.d.ts', [])).toEqual(['d.d.ts: D', 'd.d.ts: E'])
  })
})
