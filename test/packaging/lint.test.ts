import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkPackage, createPackageFromTarballData, type Problem } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ENTRIES, MANIFEST, PACK_MS_MAX, pack } from './packed.js'

/**
 * What cannot be otherwise in a package of ES modules alone; `attw --profile esm-only` leaves out the same.
 * - A TypeScript project that compiles to CommonJS as of Node 16 is told that it may not `require` an ES module. Node 20.19
 *   and later do (installed.test.ts), and module `nodenext` knows it.
 * - `moduleResolution: node10` (TypeScript before 4.7) does not read `exports`.
 */
const EXPECTED: ReadonlySet<string> = new Set(['CJSResolvesToESM in node16-cjs', 'NoResolution in node10'])

describe('the package as npm packs it', () => {
  let folder: string
  let tarball: Buffer<ArrayBuffer>
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'paretobandit-packed-'))
    tarball = readFileSync(pack(folder))
  }, PACK_MS_MAX)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('publint finds nothing, not even suggestions', async () => {
    const data = tarball.buffer.slice(tarball.byteOffset, tarball.byteOffset + tarball.byteLength)
    const { messages, pkg } = await publint({ pack: { tarball: data }, level: 'suggestion', strict: true })
    expect(pkg.exports).toEqual(MANIFEST.exports)
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([])
  })

  it('the types of every entry are right, for every way to resolve them that there is for ES modules', async () => {
    const result = await checkPackage(createPackageFromTarballData(new Uint8Array(tarball)))
    if (result.types === false) return expect.fail('no types')
    const checked = Object.keys(result.entrypoints).map((path) => MANIFEST.name + path.slice(1))
    expect(checked.sort()).toEqual(ENTRIES.map(({ name }) => name).sort())
    const found = result.problems.map(kindOf)
    expect(found.filter((problem) => !EXPECTED.has(problem.kind))).toEqual([])
    expect(new Set(found.map(({ kind }) => kind))).toEqual(EXPECTED)
  })
})

function kindOf(problem: Problem) {
  const where = 'resolutionKind' in problem ? problem.resolutionKind : 'a file'
  return { kind: `${problem.kind} in ${where}`, problem }
}
