import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { undocumented } from './documented.js'
import { Declarations } from './public-types.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Where the types of each entry of the package are. */
function entries(): string[] {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  return Object.values(exports)
    .flatMap((each) =>
      typeof each === 'object' && each !== null && 'types' in each ? [String(each.types)] : [],
    )
    .map((file) => file.replace('./dist/', ''))
}

function read(file: string): string {
  const path = join(ROOT, 'dist', file)
  if (!existsSync(path)) throw new Error(`${path} is missing: run 'npm run build'`)
  return readFileSync(path, 'utf8')
}

describe('what a package of types shows', () => {
  it.each(entries())('where somebody points at it is documented, option by option: %s', (entry) => {
    const places = [...new Declarations(read).exportsOf(entry).values()]
    expect(places.flatMap(({ file, name }) => undocumented(read(file), name))).toEqual([])
  })

  it('is found missing on members and functions, and not where it says nothing', () => {
    const text = `/** Options. */
export interface Options {
    /** How many. */
    readonly count?: number;
    readonly size: {
        inner: number;
    };
    readonly kind: 'plain';
    /** Reads. */
    read(a: number): void;
    read(a: string): void;
}
export declare class Thing {
    private readonly hidden;
    constructor(options: Options);
    run(): void;
}
/** Does it. */
export declare function done(): void;
export declare function other(): void;
`
    expect(undocumented(text, 'Options')).toEqual(['Options.size'])
    expect(undocumented(text, 'Thing')).toEqual(['Thing.run'])
    expect([undocumented(text, 'done'), undocumented(text, 'other')]).toEqual([[], ['other']])
  })
})
