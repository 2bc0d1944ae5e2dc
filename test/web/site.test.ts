import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import type { Server } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MARKS, STYLE } from '../../src/report/style.js'
import { filesUnder } from '../house/imports.js'
import { axeProblems } from '../support/axe.js'
import {
  emptyPage,
  HAS_CHROMIUM,
  type Look,
  launchChromium,
  START_MS_MAX,
  tellOfMissingChromium,
} from '../support/chromium.js'
import { builtSite, runScript, serveSite, withPlayground } from '../support/site.js'

let folder: string
let scratch: string

beforeAll(async () => {
  folder = await builtSite()
  scratch = await mkdtemp(join(tmpdir(), 'paretobandit-links-'))
}, START_MS_MAX)

afterAll(() => rm(scratch, { recursive: true, force: true }))

/** A checkout of a few texts. */
async function checkout(name: string, texts: Readonly<Record<string, string>>): Promise<string> {
  const root = join(scratch, name)
  for (const [file, text] of Object.entries({ 'docs/A.md': '# A\n\n## One part\n', ...texts })) {
    await mkdir(dirname(join(root, file)), { recursive: true })
    await writeFile(join(root, file), text)
  }
  return root
}

async function buildOf(root: string) {
  return runScript('scripts/site.mjs', '--root', root, '--out', join(root, 'site'))
}

describe('the site', () => {
  it('has a page for the README, the changelog and each of the docs', async () => {
    const docs = filesUnder('docs').filter((file) => file.endsWith('.md'))
    expect(docs.length).toBeGreaterThan(10)
    for (const page of [
      'index.html',
      'CHANGELOG.html',
      'CONTRIBUTING.html',
      ...docs.map((file) => file.replace(/\.md$/, '.html')),
    ]) {
      const html = await readFile(join(folder, page), 'utf8')
      expect(html).toMatch(/<h1 id="[^"]+">/)
      expect(html).not.toMatch(/href="[^":]*\.md[#"]/)
    }
    expect(await readFile(join(folder, 'index.html'), 'utf8')).not.toContain('!-- begin:')
  })

  it('has a playground that brings the engine once, and of it no more than it plays', async () => {
    const script = await readFile(join(folder, 'playground/page.js'))
    expect(gzipSync(script).length).toBeLessThan(245_000)
    // A message of the default policy, one of a router on a store, and one of a snapshot that is read.
    const timesOf = (text: string) => script.toString().split(text).length - 1
    expect(timesOf('no time zone for a rolling cap')).toBe(1)
    expect(timesOf('its log has no budget to begin with')).toBe(0)
    expect(timesOf('its parts do not add up to its length')).toBe(0)
  })

  it('has links that all lead somewhere, and that name no path of a host', async () => {
    const { code, stdout, stderr } = await runScript('scripts/site/links.mjs', folder)
    expect(stderr).toBe('')
    expect(stdout).toContain(': 0 links lead nowhere')
    expect(code).toBe(0)
  })

  it('is not built where a text links to what is not there', async () => {
    const root = await checkout('broken', {
      'README.md':
        '# R\n\n[a](docs/A.md#one-part) [b](docs/B.md) [c](docs/A.md#two) ![d](docs/img/d.png) [e](#nowhere) [f](javascript:x) [g](/h)\n',
    })
    const { code, stderr } = await buildOf(root)
    expect(code).toBe(1)
    expect(stderr).toContain('docs/B.md: a text links to it, and it is not there')
    expect(stderr).toContain('docs/img/d.png: a text links to it, and it is not there')
    expect(stderr).toContain('index.html: docs/A.html#two names no place on its page')
    expect(stderr).toContain('index.html: #nowhere names no place on its page')
    expect(stderr).not.toContain('one-part')
    expect(stderr).toMatch(/\d+ links lead nowhere/)
  })

  it('has a checker that finds what would be loaded from elsewhere', async () => {
    const pages = await checkout('loaded', {
      'index.html':
        '<img src="https://example.org/x.png"><a href="https://example.org">fine</a><a href="/top">t</a><script src="//cdn/x.js"></script><a href="../out.html">o</a>',
    })
    const { code, stderr } = await runScript('scripts/site/links.mjs', pages)
    expect(code).toBe(1)
    expect(stderr.trim().split('\n')).toEqual([
      'index.html: https://example.org/x.png is loaded from elsewhere',
      'index.html: /top is not relative: the site may be served under any path',
      'index.html: //cdn/x.js is loaded from elsewhere',
      'index.html: ../out.html leads out of the site',
    ])
  })

  it('lets no HTML of a text through', async () => {
    const root = await checkout('hostile', {
      'README.md':
        '# R <b>x</b>\n\n<!-- a note -->\n\n<script>alert(1)</script>\n\n<img src=x onerror=alert(1)>\n\n`<i>`\n\n[x](javascript:alert(1))\n',
    })
    const { code } = await buildOf(root)
    const html = await readFile(join(root, 'site/index.html'), 'utf8')
    expect(code).toBe(0)
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
    expect(html).toContain('&lt;img src=x onerror=alert(1)&gt;')
    expect(html).not.toContain('a note')
    expect(html).not.toMatch(/<script>|<img src=x|<b>x|href="javascript/)
  })

  it.each(['site', 'playground'])('npm run %s refuses flags that it does not know', async (name) => {
    const { code, stderr } = await runScript(`scripts/${name}.mjs`, '--nope')
    expect(code).toBe(2)
    expect(stderr).toContain(`usage: npm run ${name}`)
  })

  it('is served by npm run playground, and nothing beside it', async () => {
    await withPlayground(async (url) => {
      const page = await fetch(url)
      expect(page.status).toBe(200)
      expect(await page.text()).toContain('<title>Playground')
      expect((await fetch(new URL('../docs/USAGE.html', url))).status).toBe(200)
      for (const outside of [
        '..%2f..%2fpackage.json',
        '%2e%2e/%2e%2e/package.json',
        '%00',
        '%zz',
        'none.js',
      ]) {
        expect((await fetch(`${url}${outside}`)).status).toBe(404)
      }
    })
  })
})

tellOfMissingChromium('the site was not looked at in a browser')

describe.runIf(HAS_CHROMIUM)('the site in a browser', () => {
  let server: Server
  let browser: Browser
  let url: string
  let page: Page
  const problems: string[] = []

  beforeAll(async () => {
    const served = await serveSite(folder)
    server = served.server
    url = served.url
    browser = await launchChromium()
    page = await browser.newPage()
    page.on('pageerror', (error) => problems.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text())
    })
    page.on('request', (request) => {
      if (
        !request
          .url()
          .replace(/^blob:/, '')
          .startsWith(new URL(url).origin)
      )
        problems.push(`a request to ${request.url()}`)
    })
    page.on('response', (response) => {
      if (!response.ok()) problems.push(`${response.status()} ${response.url()}`)
    })
  }, START_MS_MAX)

  afterAll(async () => {
    await browser?.close()
    server?.closeAllConnections()
    await new Promise((resolve) => {
      server?.close(resolve)
    })
  })

  async function withPage(path: string, use: (page: Page) => Promise<void>, look: Look = {}): Promise<void> {
    await emptyPage(page, { viewport: { width: 1200, height: 900 }, ...look })
    await page.goto(url + path)
    await use(page)
    await page.goto('about:blank')
    expect(problems.splice(0)).toEqual([])
  }

  it.each(['PERFORMANCE', 'TOKENS'])('prints docs/%s.md whole', async (name) => {
    // A4 without its margins.
    const options = { viewport: { width: 718, height: 900 } }
    await withPage(
      `docs/${name}.html`,
      async (page) => {
        await page.emulateMedia({ media: 'print' })
        const cut = await page.evaluate(
          "[...document.querySelectorAll('pre, .scroll')].filter((each) => each.scrollWidth > each.clientWidth).map((each) => each.textContent.slice(0, 60))",
        )
        expect(cut).toEqual([])
      },
      options,
    )
  })

  it('finds words of the docs, and leads to their place', async () => {
    await withPage('docs/USAGE.html', async (page) => {
      await page.keyboard.press('/')
      await page.keyboard.type('shadow price')
      const first = page.locator('#found li a').first()
      await first.waitFor()
      const name = await first.textContent()
      await first.click()
      await page.waitForURL(/\.html#/)
      const anchor = decodeURIComponent(new URL(page.url()).hash.slice(1))
      expect(await page.locator(`[id="${anchor}"]`).textContent()).toBe(name)
    })
  })

  it('says when nothing is found, and shows a query as text', async () => {
    await withPage('index.html', async (page) => {
      await page.fill('#search', '<img src=x onerror=alert(1)>qqq')
      await expect.poll(() => page.textContent('#found')).toContain('Nothing about “<img src=x')
      expect(await page.locator('#found img').count()).toBe(0)
      await page.keyboard.press('Escape')
      await expect.poll(() => page.textContent('#found')).toBe('')
    })
  })

  it('leads from the first page to the playground and back', async () => {
    await withPage('', async (page) => {
      await page.click('.banner a')
      await page.locator('#play').waitFor()
      await page.click('header nav a')
      await page.waitForURL(/index\.html$/)
    })
  })

  it.each([
    ['index.html', 400, 'light'],
    ['docs/RESULTS.html', 400, 'dark'],
    ['docs/RESULTS.html', 1600, 'light'],
    ['docs/USAGE.html', 900, 'dark'],
    ['CHANGELOG.html', 400, 'light'],
  ] as const)('%s fits %i px in %s, without a fault that axe finds', async (path, width, colorScheme) => {
    await withPage(
      path,
      async (page) => {
        expect(
          await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth'),
        ).toBeLessThanOrEqual(0)
        expect(await axeProblems(page)).toEqual([])
      },
      { viewport: { width, height: 900 }, colorScheme },
    )
  })

  it.each(['index.html', 'docs/USAGE.html', 'playground/index.html'])(
    '%s has letters twice as large where its reader asks for them, and fits a phone all the same',
    async (path) => {
      const sizes = 'Number.parseFloat(getComputedStyle(document.body).fontSize)'
      await withPage(
        path,
        async (page) => {
          const usual = await page.evaluate<number>(sizes)
          await page.evaluate(() => {
            const sheet = new CSSStyleSheet()
            sheet.replaceSync('html { font-size: 32px }')
            document.adoptedStyleSheets = [sheet]
          })
          expect(await page.evaluate<number>(sizes)).toBeCloseTo(2 * usual, 3)
          expect(
            await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth'),
          ).toBeLessThanOrEqual(0)
        },
        { viewport: { width: 400, height: 900 }, reducedMotion: 'reduce' },
      )
    },
  )
})

it('no page says how large letters are in pixels: a browser asked for larger ones would show them as they were', async () => {
  const sheets = filesUnder('web').filter((file) => file.endsWith('.css'))
  expect(sheets.length).toBeGreaterThan(3)
  for (const file of sheets) expect(inPixels(await readFile(file, 'utf8')), file).toEqual([])
  // Of the report, texts of drawings are as large as these.
  expect(inPixels(STYLE.replace(MARKS, ''))).toEqual([])
})

function inPixels(style: string): string[] {
  return style.match(/font(?:-size)?:[^;}]*\dpx/g) ?? []
}
