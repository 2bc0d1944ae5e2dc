import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { FLOORS, floorOf } from './floors.js'
import { filesUnder, importsOf, read } from './imports.js'

const ROOMS = FLOORS.map(([room]) => room).sort()

/** What an attribute is in a picture, each value once. */
function valuesOf(picture: string, attribute: string): string[] {
  const found = [...read(picture).matchAll(new RegExp(` ${attribute}="([^"]*)"`, 'g'))]
  return [...new Set(found.map(([, value]) => value))].sort()
}

describe('the pictures of docs/ARCHITECTURE.md (npm run pictures)', () => {
  it('show every room, on as many floors as there are', () => {
    expect(valuesOf('docs/img/architecture.svg', 'data-room')).toEqual(ROOMS)
    const floors = valuesOf('docs/img/architecture.svg', 'data-floor').map(Number)
    expect(Math.max(...floors) + 1).toBe(floors.length)
  })

  it('show every room whole, within the picture', () => {
    const picture = read('docs/img/architecture.svg')
    const right = Number(
      /viewBox="0 0 (\d+)/.exec(picture)?.[1] ?? /<svg[^>]* width="(\d+)"/.exec(picture)?.[1],
    )
    const boxes = [
      ...picture.matchAll(/data-room="[^"]*"[^>]*><rect x="([-\d.]+)" y="[-\d.]+" width="([\d.]+)"/g),
    ]
    expect(boxes).toHaveLength(ROOMS.length)
    for (const [, x, width] of boxes) {
      expect(Number(x)).toBeGreaterThanOrEqual(0)
      expect(Number(x) + Number(width)).toBeLessThanOrEqual(right)
    }
  })

  it('show who imports whom: no room that imports, or is imported, is missing', () => {
    const pairs = filesUnder('src')
      .filter((file) => file.endsWith('.ts'))
      .flatMap(importsOf)
      .map(({ file, target }) => [floorOf(file), target === null ? undefined : floorOf(target)])
      .filter(([from, to]) => to !== undefined && from !== to)
    const side = (end: 0 | 1) => [...new Set(pairs.map((pair) => pair[end] ?? ''))].sort()
    expect(valuesOf('docs/img/imports.svg', 'data-from')).toEqual(side(0))
    expect(valuesOf('docs/img/imports.svg', 'data-to')).toEqual(side(1))
  })
})

describe('the pictures of faults (npm run pictures)', () => {
  const FAULTS = readdirSync('scripts/faults').filter((file) => file.endsWith('.mjs'))
  const before = JSON.parse(read('scripts/faults/before.json')) as Readonly<
    Record<string, { release?: string }>
  >

  it.each(FAULTS)('%s: as a release took it, and as it is taken now', (file) => {
    const name = file.replace('.mjs', '')
    const release = before[name]?.release
    expect(release).toMatch(/^\d+\.\d+\.\d+$/)
    const picture = read(`docs/img/faults/${name}.svg`)
    const ends = [...picture.matchAll(/class="end"[^>]*>([^<]+)</g)].map(([, text]) => text)
    const panels = picture.match(/class="name"/g)?.length ?? 0
    expect(panels).toBeGreaterThan(0)
    expect(ends).toEqual(Array.from({ length: panels }, () => [release, 'now']).flat())
  })
})
