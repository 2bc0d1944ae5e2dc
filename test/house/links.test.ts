import { existsSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { describe, expect, it } from 'vitest'
import { filesUnder, ROOT, read } from './imports.js'

const PAGES = [
  ...['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'examples/README.md', 'test/README.md'].filter((file) =>
    existsSync(join(ROOT, file)),
  ),
  ...filesUnder('docs').filter((file) => file.endsWith('.md')),
]

/** Text outside of code. */
function prose(page: string): string {
  return read(page)
    .replace(/^```[\s\S]*?^```/gm, '')
    .replace(/`[^`\n]*`/g, (code) => code.replaceAll('](', ''))
}

/** Anchors of a page's headings, as GitHub makes them. */
function anchorsOf(page: string): Set<string> {
  const headings = [...prose(page).matchAll(/^#{1,6} +(.+?) *$/gm)].map(([, text]) => text)
  const seen = new Map<string, number>()
  return new Set(
    headings.map((text) => {
      const words = text.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
      const anchor = words.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-')
      const count = seen.get(anchor) ?? 0
      seen.set(anchor, count + 1)
      return count === 0 ? anchor : `${anchor}-${count}`
    }),
  )
}

interface Link {
  readonly page: string
  readonly to: string
}

function linksOf(page: string): Link[] {
  return [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, to]) => ({ page, to }))
    .filter(({ to }) => !/^[a-z]+:/.test(to))
}

/** What is wrong with a link, or null. */
function faultOf({ page, to }: Link): string | null {
  const [path, anchor] = to.split('#')
  const target = path === '' ? page : posix.normalize(posix.join(dirname(page), path))
  if (!existsSync(join(ROOT, target))) return `${page}: ${to} is not there`
  if (anchor === undefined || anchorsOf(target).has(anchor)) return null
  return `${page}: ${to} names no heading`
}

describe('links of the documentation', () => {
  it('lead to files and headings that are there', () => {
    const links = PAGES.flatMap(linksOf)
    expect(links.length).toBeGreaterThan(50)
    expect(links.map(faultOf).filter((fault) => fault !== null)).toEqual([])
  })

  it('are found by this test where they are wrong', () => {
    expect(faultOf({ page: 'docs/LOG.md', to: 'MISSING.md' })).toContain('is not there')
    expect(faultOf({ page: 'docs/LOG.md', to: '../README.md#no-such-heading' })).toContain('names no heading')
    expect(faultOf({ page: 'docs/LOG.md', to: '#add-a-field' })).toBeNull()
  })

  it('show every picture that lies in docs/img', () => {
    const shown = new Set(
      PAGES.flatMap(linksOf).map(({ page, to }) => posix.normalize(posix.join(dirname(page), to))),
    )
    expect(filesUnder('docs/img').filter((file) => !shown.has(file))).toEqual([])
  })

  it('reach every page from README.md', () => {
    const reached = new Set(['README.md'])
    for (const page of reached) {
      for (const { to } of linksOf(page)) {
        const target = posix.normalize(posix.join(dirname(page), to.split('#')[0]))
        if (PAGES.includes(target)) reached.add(target)
      }
    }
    expect(PAGES.filter((page) => page.startsWith('docs/') && !reached.has(page))).toEqual([])
  })
})
