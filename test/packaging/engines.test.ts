import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { MANIFEST } from './packed.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

interface Locked {
  readonly engines?: { readonly node?: string }
  readonly dev?: boolean
}

/** Versions that a range takes from the oldest on, [major, minor]: a range is a list of `>=`, `^` or plain versions. */
function oldestOf(range: string): [number, number] {
  const oldest = range.split('||').map((part): [number, number] => {
    const [, major, minor] = /(\d+)(?:\.(\d+))?/.exec(part) ?? ['', '0', '0']
    return [Number(major), Number(minor ?? 0)]
  })
  return oldest.sort(([a, b], [c, d]) => a - c || b - d)[0]
}

function isNewer([major, minor]: [number, number], than: [number, number]): boolean {
  return major > than[0] || (major === than[0] && minor > than[1])
}

describe('the oldest Node that the package runs on', () => {
  const ours = oldestOf(MANIFEST.engines.node)
  const { packages } = JSON.parse(readFileSync(`${ROOT}package-lock.json`, 'utf8')) as {
    readonly packages: Readonly<Record<string, Locked>>
  }
  const newer = Object.entries(packages).filter(
    ([name, { engines }]) =>
      name !== '' && engines?.node !== undefined && isNewer(oldestOf(engines.node), ours),
  )

  it('is enough for all but what tests need: who installs the package is warned of nothing', () => {
    expect(ours).toEqual([20, 19])
    expect(newer.filter(([, { dev }]) => dev !== true).map(([name]) => name)).toEqual([])
  })

  it('has the warnings of its first command explained, as long as there are any', () => {
    expect(readFileSync(`${ROOT}README.md`, 'utf8').includes('EBADENGINE')).toBe(newer.length > 0)
  })

  it.each([
    ['>=22.0.0', true],
    ['^18.19.0 || >=20.6.0', false],
    ['20 || 22', false],
    ['>=20.19', false],
    ['>=20.20.0', true],
    ['^22.12.0 || >=24', true],
    ['*', false],
  ])('is read from a range: %s', (range, is) => {
    expect(isNewer(oldestOf(range), [20, 19])).toBe(is)
  })
})
