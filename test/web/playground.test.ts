import type { Server } from 'node:http'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { RouterStats } from '../../src/index.js'
import { percent } from '../../src/report/format.js'
import { count, usd } from '../../web/shared/format.js'
import { axeProblems, unnamedControls } from '../support/axe.js'
import {
  emptyPage,
  HAS_CHROMIUM,
  type Look,
  launchChromium,
  START_MS_MAX,
  tellOfMissingChromium,
} from '../support/chromium.js'
import { Random } from '../support/random.js'
import { builtSite, serveSite } from '../support/site.js'

/** Waiting for something that a busy machine does late. */
const PATIENCE_MS = 60_000
const HOSTILE_ID = '<script>document.title="hacked"</script><img src=x onerror=alert(1)>'

tellOfMissingChromium('the playground was not run in a browser')

describe.runIf(HAS_CHROMIUM)('the playground', () => {
  let server: Server
  let browser: Browser
  let url: string
  let page: Page
  const problems: string[] = []

  beforeAll(async () => {
    const served = await serveSite(await builtSite())
    server = served.server
    url = `${served.url}playground/`
    browser = await launchChromium()
    page = await newPage()
  }, START_MS_MAX)

  // The page is one, which each test loads: see emptyPage.
  afterEach(async () => {
    await page.goto('about:blank')
    expect(problems.splice(0)).toEqual([])
  })

  afterAll(async () => {
    await browser?.close()
    server?.closeAllConnections()
    await new Promise((resolve) => {
      server?.close(resolve)
    })
  })

  /** Requests to elsewhere, errors and broken rules of the page are kept as problems. */
  async function newPage(): Promise<Page> {
    const made = await browser.newPage()
    made.setDefaultTimeout(PATIENCE_MS)
    const origin = new URL(url).origin
    made.on('pageerror', (error) => problems.push(error.message))
    made.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text())
    })
    made.on('request', (request) => {
      const isOwn = [origin, `blob:${origin}`, 'data:'].some((start) => request.url().startsWith(start))
      if (!isOwn) problems.push(`a request to ${request.url()}`)
    })
    return made
  }

  async function open(link = '', look: Look = {}): Promise<void> {
    await emptyPage(page, { viewport: { width: 1200, height: 900 }, ...look })
    await page.goto(`${url}${link}`)
    await page.locator('#play').waitFor()
  }

  /** A page that does not play by itself: what is played is counted. */
  const openPaused = (link = '') => open(link, { reducedMotion: 'reduce' })

  async function step(thousands: number): Promise<void> {
    for (let i = 0; i < thousands; i++) {
      const before = await requests()
      await page.click('#step')
      await waitForText('#requests', count(before + 1000))
    }
  }

  async function requests(): Promise<number> {
    const text = (await page.locator('#requests').count()) === 0 ? '0' : await page.textContent('#requests')
    return Number(text?.replaceAll(',', ''))
  }

  async function waitForText(selector: string, text: string): Promise<void> {
    await expect
      .poll(() => page.textContent(selector), { timeout: PATIENCE_MS, interval: 50 })
      .toContain(text)
  }

  /** What the page shows and what `router.stats()` says, of one moment. */
  async function shown(): Promise<{ readonly stats: RouterStats; readonly texts: Record<string, string> }> {
    if ((await page.locator('#stats[open]').count()) === 0) await page.click('#stats summary')
    await page.locator('#stats pre').waitFor()
    return page.evaluate(`(() => {
      const text = (selector) => document.querySelector(selector)?.textContent ?? ''
      const rows = [...document.querySelectorAll('#models tbody tr')]
      return {
        stats: JSON.parse(text('#stats pre')),
        texts: {
          ...Object.fromEntries(['requests', 'spend', 'used', 'shadow-price'].map((id) => [id, text('#' + id)])),
          models: rows.map((row) => row.querySelector('td:nth-of-type(5)').textContent).join(' | '),
        },
      }
    })()`)
  }

  async function expectShownIsStats(): Promise<RouterStats> {
    const { stats, texts } = await shown()
    expect(texts).toEqual({
      requests: count(stats.requests),
      spend: usd(stats.pacer.spendUsd),
      used: percent(stats.pacer.utilisation ?? 0),
      'shadow-price': stats.pacer.shadowPrice.toFixed(4),
      models: stats.models.map((model) => count(model.requests)).join(' | '),
    })
    return stats
  }

  it('plays by itself, and says in dollars what is saved', async () => {
    await open()
    await expect.poll(requests, { timeout: PATIENCE_MS }).toBeGreaterThan(1000)
    expect(await page.textContent('.headline')).toMatch(
      /^Saved \$[\d.]+ \(9\d %\) against always asking the model that was best at the time, now condor-pro/,
    )
    expect(await page.textContent('#data-name')).toContain('kernel wasm')
    await page.click('#play')
    await waitForText('#play', 'Play')
    await expectShownIsStats()
  })

  it('holds the budget, and shows what the router says, whatever happens', async () => {
    await openPaused()
    await step(4)
    expect((await expectShownIsStats()).pacer.utilisation).toBeLessThanOrEqual(1.01)

    await page.click('#drop-price')
    await waitForText('#notes', 'condor-pro costs 5 %')
    await step(2)
    const cheaper = await expectShownIsStats()
    expect(cheaper.models.find(({ id }) => id === 'condor-pro')?.outputUsdPerMTok).toBe(0.5)

    await page.click('#break-model')
    await waitForText('#notes', 'answers badly from now on')
    await step(2)
    await waitForText('#notes', 'went down')
    const busiest = (stats: RouterStats) =>
      stats.models.reduce((a, b) => (b.requests > a.requests ? b : a)).id
    expect(await page.textContent('#break-model')).toBe('Mend the model')

    await page.click('#add-newcomer')
    await waitForText('#notes', 'kestrel-mini is new')
    await step(2)
    const wider = await expectShownIsStats()
    expect(wider.models.map(({ id }) => id)).toContain('kestrel-mini')
    expect(busiest(wider)).not.toBe('wren-8b')

    const before = await page.textContent('#budget-text')
    await page.fill('#budget', '40')
    await expect.poll(() => page.textContent('#budget-text')).not.toBe(before)
    await step(3)
    const cut = await expectShownIsStats()
    expect(cut.pacer.usdPerRequest).toBeLessThan(1e-4)
    expect(cut.pacer.utilisation).toBeLessThanOrEqual(1.01)
  }, 120_000)

  it('goes on answering while a hundred thousand requests are played', async () => {
    await open('#rate=1000000')
    await page.click('#cut-budget')
    await waitForText('#budget-text', '$0.33 per 1,000 requests')
    await expect.poll(requests, { timeout: PATIENCE_MS, interval: 200 }).toBeGreaterThan(100_000)
    await page.click('#cut-budget')
    await waitForText('#budget-text', '$0.66 per 1,000 requests')
    await page.click('#play')
    await waitForText('#play', 'Play')
    expect((await expectShownIsStats()).requests).toBeGreaterThan(100_000)
  }, 120_000)

  it('explains where a typed prompt would go', async () => {
    await openPaused()
    await step(1)
    await page.fill('#prompt', 'Prove that 7 is prime.')
    await page.click('#explain')
    await waitForText('#explanation', 'It would go to')
    expect(await page.locator('#explanation tbody tr').count()).toBe(4)
    expect(await page.locator('#explanation tr.chosen').count()).toBe(1)
  })

  it('plays a file of one’s own, and tells of the line that is wrong', async () => {
    await openPaused()
    const outcomes = { [HOSTILE_ID]: { reward: 0.5, costUsd: 1e-4 }, dear: { reward: 0.9, costUsd: 1e-2 } }
    const rows = Array.from({ length: 50 }, (_, i) =>
      JSON.stringify({ id: `${i}`, prompt: `question ${i}`, outcomes }),
    )
    const file = (name: string, text: string) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(text) })
    await page.setInputFiles('#own-file', file('bad.jsonl', `${rows[0]}\n{"id":"x"}`))
    await waitForText('[role=alert]', 'bad.jsonl:2: prompt: expected a string')
    await waitForText('#data-name', 'a simulated workload')
    await page.setInputFiles('#own-file', file('mine.jsonl', rows.join('\n')))
    await waitForText('#data-name', 'mine.jsonl, 50 prompts')
    await waitForText('#source', 'those of your file mine.jsonl')
    for (const [name, content, message] of [
      [
        'other.gz',
        Buffer.from([0x1f, 0x8b, 8, 0]),
        'other.gz: expected JSON lines, got a file packed by gzip',
      ],
      ['other.txt', Buffer.from([0x7b, 0xe9, 0x7d]), 'other.txt: expected text in UTF-8'],
      [
        'other.csv',
        Buffer.from('prompt,model,reward\n'),
        'other.csv: expected one JSON object a line, got a table',
      ],
      ['other.json', Buffer.from(`[${rows[0]}]`), 'got a JSON array: write each of its entries on a line'],
      ['none.jsonl', Buffer.from(''), 'none.jsonl: expected one JSON object a line, got an empty file'],
    ] as const) {
      await page.setInputFiles('#own-file', { name, mimeType: 'text/plain', buffer: content })
      await waitForText('[role=alert]', message)
      await page.click('[role=alert] button')
    }
    await waitForText('#data-name', 'mine.jsonl, 50 prompts')
    await step(1)
    const stats = await expectShownIsStats()
    expect(stats.models.map(({ id }) => id)).toEqual([HOSTILE_ID, 'dear'])
    expect(await page.textContent('#models')).toContain(HOSTILE_ID)
    expect(await page.title()).toContain('Playground')
    await page.click('#simulated')
    await waitForText('#data-name', 'a simulated workload')
    await waitForText('#source', 'are simulated')
  })

  it('says that a large file is being read, and what of it was left out', async () => {
    await openPaused()
    // What was announced, in its order.
    await page.evaluate(`(() => {
      window.heard = []
      const place = document.getElementById('reading')
      new MutationObserver(() => window.heard.push(place.textContent)).observe(place, { childList: true, subtree: true })
    })()`)
    expect(await page.getAttribute('#reading', 'role')).toBe('status')
    const outcome = { reward: 0.5, costUsd: 1e-4 }
    const rows = Array.from({ length: 3000 }, (_, i) =>
      JSON.stringify({
        id: `${i}`,
        prompt: `${i} ${'word '.repeat(100)}`,
        outcomes: { a: outcome, b: outcome },
      }),
    )
    rows.push(JSON.stringify({ id: 'part', prompt: 'part', outcomes: { a: outcome } }))
    const buffer = Buffer.from(rows.join('\n'))
    await page.setInputFiles('#own-file', { name: 'large.jsonl', mimeType: 'text/plain', buffer })
    await waitForText('#data-name', 'large.jsonl, 3,000 prompts, 1 more lack an outcome of some model')
    expect(await page.evaluate('window.heard')).toEqual(['Reading large.jsonl, 2 MB … ', ''])
    expect(await page.textContent('main > .unseen[role=status]')).toBe('large.jsonl plays')
    await page.click('#restart')
    await step(1)
    await waitForText('#data-name', 'large.jsonl')
  })

  it('links each of its parts to the page of the docs that explains it', async () => {
    await openPaused()
    const links = await page
      .locator('a')
      .evaluateAll((found) => found.map((link) => (link as HTMLAnchorElement).getAttribute('href') ?? ''))
    expect(links.filter((link) => link.startsWith('../docs/')).length).toBeGreaterThan(10)
    for (const link of new Set(links)) {
      const to = new URL(link, url)
      const response = await fetch(to)
      expect(response.status, link).toBe(200)
      const anchor = decodeURIComponent(to.hash.slice(1))
      if (anchor !== '') expect(await response.text(), link).toContain(`id="${anchor}"`)
    }
  })

  it('draws the lowest label of an axis whole where there is nothing to draw yet', async () => {
    await openPaused()
    // Dark pixels in the lowest two rows of a chart would be those of a label that is cut.
    const cut = await page.evaluate(`[...document.querySelectorAll('.plot canvas')].map((canvas) => {
      const { data } = canvas.getContext('2d').getImageData(0, canvas.height - 2, canvas.width, 2)
      return data.filter((value, i) => i % 4 === 3 && value > 0).length
    })`)
    expect(cut).toEqual([0, 0, 0, 0])
  })

  it('tells whether the link was copied, each time', async () => {
    await openPaused()
    await page.evaluate(`Object.defineProperty(navigator, 'clipboard', { value: undefined })`)
    const told = page.locator('main > .unseen[role=status] span')
    for (let i = 0; i < 2; i++) {
      const before = await told.elementHandle()
      await page.click('#share')
      await expect.poll(() => told.textContent()).toBe('The link is beside the button')
      // Another element: what says the same is told again.
      expect(await before?.evaluate((element) => (element as Element).isConnected)).toBe(false)
    }
    await waitForText('#share-setting', 'Copy it from here.')
  })

  it('lets nothing out: page and worker are refused every connection', async () => {
    await openPaused()
    const attempt = `fetch(location.origin || '${new URL('/', url).href}').then(() => 'sent', () => 'refused')`
    expect(await page.evaluate(attempt)).toBe('refused')
    const [worker] = page.workers()
    expect(
      await worker.evaluate(`fetch('${new URL('/', url).href}').then(() => 'sent', () => 'refused')`),
    ).toBe('refused')
    // Both attempts are told in the console: they are what was asked for.
    expect(problems.splice(0).every((problem) => /Content Security Policy|connect/i.test(problem))).toBe(true)
  })

  it('shows a model’s id as text, whatever it is', async () => {
    await openPaused()
    await page.fill('#new-id', HOSTILE_ID)
    await page.click('#new-add')
    await step(1)
    expect(await page.textContent('#models')).toContain(HOSTILE_ID)
    expect(await page.textContent('#notes')).toContain(`${HOSTILE_ID} is new`)
    expect(await page.title()).toContain('Playground')
    expect(await page.locator('main script, main img').count()).toBe(0)
    await page.fill('#new-id', 'un\u200bseen\u202e')
    await page.click('#new-add')
    await waitForText('#models', 'un\\u200bseen\\u202e')
    await waitForText('#notes', 'un\\u200bseen\\u202e is new')
    await page.fill('#new-id', 'x'.repeat(200))
    await page.click('#new-add')
    await waitForText('#models', 'x'.repeat(200))
    expect(await overflow()).toBeLessThanOrEqual(0)
  })

  it('goes by a link, and makes one that gives the same', async () => {
    await openPaused('#budget=0.002&rate=100&seed=7')
    await waitForText('#budget-text', '$2.00 per 1,000 requests')
    await page.click('#drop-price')
    await page.click('#add-newcomer')
    await waitForText('#models', 'kestrel-mini')
    await page.click('#share')
    await expect.poll(() => page.inputValue('#link')).toContain('#budget=0.002')
    const link = await page.inputValue('#link')
    const prices = () =>
      page
        .locator('#models input[type=number]')
        .evaluateAll((inputs) => inputs.map((input) => (input as HTMLInputElement).value))
    const before = await prices()
    await page.click('#restart')
    await step(1)
    const first = await shown()
    await openPaused(new URL(link).hash)
    await waitForText('#models', 'kestrel-mini')
    expect(await prices()).toEqual(before)
    await step(1)
    expect((await shown()).stats).toEqual(first.stats)
  })

  it.each([
    ['#budget=lots', 'budget: expected a number, got "lots"'],
    ['#model=%5B%5D', 'models[0]: expected ["base", price factor'],
    ['#%3Cscript%3E=1', '<script>: expected budget, rate, seed or model'],
  ])('tells what is wrong with the link %s, and starts as usual', async (link, message) => {
    await openPaused(link)
    await waitForText('[role=alert]', message)
    await waitForText('[role=alert]', 'The link does not work, the usual setting plays')
    await waitForText('#budget-text', '$0.66 per 1,000 requests')
    await step(1)
  })

  it('waits for a click where less motion is asked for', async () => {
    await openPaused()
    await waitForText('.headline', 'Nothing played yet')
    expect(await page.textContent('#play')).toBe('Play')
    await page.click('#play')
    await expect.poll(requests, { timeout: PATIENCE_MS }).toBeGreaterThan(0)
  })

  it('is opened as a file too', async () => {
    await openPaused()
    problems.splice(0)
    await page.goto(`file://${await builtSite()}/playground/index.html`)
    await page.locator('#play').waitFor()
    await step(1)
    expect(problems.splice(0).filter((problem) => !/file:|blob:null/.test(problem))).toEqual([])
  })

  it.each([900, 1600])(
    'keeps what is reached by keyboard clear of the bar on top at %i px',
    async (width) => {
      await open('', { viewport: { width, height: 500 }, reducedMotion: 'reduce' })
      await page.focus('#stats summary')
      for (let i = 0; i < 12; i++) {
        await page.keyboard.press('Shift+Tab')
        const covered = await page.evaluate(`(() => {
        const [bar, at] = [document.querySelector('.controls'), document.activeElement]
        return !bar.contains(at) && at.getBoundingClientRect().top < bar.getBoundingClientRect().bottom - 1
          && at.getBoundingClientRect().bottom > bar.getBoundingClientRect().top ? at.outerHTML.slice(0, 80) : ''
      })()`)
        expect(covered).toBe('')
      }
    },
  )

  it('is whole on paper: the newest end of a chart is not cut off', async () => {
    await open('', { viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' })
    await step(1)
    await page.emulateMedia({ media: 'print' })
    // A4 without its margins, while what is drawn stays as wide as it was.
    const cut = await page.evaluate(`(() => {
      document.body.style.width = '718px'
      const charts = [...document.querySelectorAll('.plot')]
      if (charts.length < 4) throw new Error('expected charts')
      const right = (each) => each.getBoundingClientRect().right
      return charts.filter((each) => right(each.querySelector('canvas')) > right(each) + 0.5).map((each) => each.ariaLabel)
    })()`)
    expect(cut).toEqual([])
  })

  it('is used by keyboard alone, and tells a screen reader the name of each control', async () => {
    await openPaused()
    expect(await unnamedControls(page)).toEqual([])
    const focused = () => page.evaluate(`document.activeElement?.id || document.activeElement?.tagName`)
    const reached: unknown[] = []
    for (let i = 0; i < 60 && reached.at(-1) !== 'BODY'; i++) {
      await page.keyboard.press('Tab')
      reached.push(await focused())
    }
    for (const id of [
      'play',
      'step',
      'restart',
      'rate',
      'budget',
      'drop-price',
      'break-model',
      'add-newcomer',
      'cut-budget',
      'prompt',
      'explain',
      'new-id',
      'own-file',
      'share',
    ]) {
      expect(reached).toContain(id)
    }
    await page.focus('#step')
    await page.keyboard.press('Enter')
    await waitForText('#requests', '1,000')
    await page.focus('#budget')
    const before = await page.textContent('#budget-text')
    for (let i = 0; i < 20; i++) await page.keyboard.press('ArrowLeft')
    await expect.poll(() => page.textContent('#budget-text')).not.toBe(before)
    await page.focus('#drop-price')
    await page.keyboard.press('Space')
    await waitForText('#drop-price', 'Raise the price again')
  })

  /** Pairs of names on the frontier that the browser draws over each other, or over a mark. */
  function crowded(): Promise<string[]> {
    return page.evaluate(`(() => {
      const chart = [...document.querySelectorAll('figure')].find((each) => /Quality over cost/.test(each.textContent))
      const named = [...chart.querySelectorAll('text')].map((each) => [each.textContent, each.getBBox()])
      const meet = (a, b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
      return named.flatMap(([text, box], i) =>
        named.slice(i + 1).filter(([, other]) => meet(box, other)).map(([other]) => text + ' over ' + other))
    })()`)
  }

  it.each([400, 900, 1600])(
    'draws no name on the frontier over another at %i px',
    async (width) => {
      await open('', { viewport: { width, height: 900 }, reducedMotion: 'reduce' })
      const names = page.locator('figure .name')
      await step(1)
      await expect.poll(() => names.count(), { timeout: PATIENCE_MS }).toBe(4)
      expect(await crowded()).toEqual([])
      for (const button of ['#drop-price', '#add-newcomer', '#break-model']) await page.click(button)
      await step(1)
      await expect.poll(() => names.count(), { timeout: PATIENCE_MS }).toBeGreaterThan(3)
      expect(await crowded()).toEqual([])
      const random = new Random(11)
      for (const models of [2, 9, 16]) {
        const outcome = () => ({ reward: 0.6 + 0.3 * random.next(), costUsd: 1e-4 * (1 + random.next()) })
        const ids = Array.from({ length: models }, (_, i) =>
          'WMgpt-5 large/'
            .repeat(20)
            .slice(0, 1 + Math.floor(40 * random.next()))
            .concat(String(i)),
        )
        const rows = Array.from({ length: 40 }, (_, i) =>
          JSON.stringify({
            id: `${i}`,
            prompt: `${i}`,
            outcomes: Object.fromEntries(ids.map((id) => [id, outcome()])),
          }),
        )
        const name = `${models}.jsonl`
        await page.setInputFiles('#own-file', {
          name,
          mimeType: 'text/plain',
          buffer: Buffer.from(rows.join('\n')),
        })
        await waitForText('#data-name', name)
        await step(1)
        await expect.poll(() => names.count(), { timeout: PATIENCE_MS }).toBeGreaterThan(1)
        expect(await crowded()).toEqual([])
        // There are eight colours: who shares one with another is striped.
        expect(await page.locator('.key .swatch path').count()).toBe(Math.max(0, models - 8))
      }
    },
    120_000,
  )

  const overflow = () => page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')

  it.each([
    [400, 'light'],
    [400, 'dark'],
    [900, 'light'],
    [1600, 'light'],
    [1600, 'dark'],
  ] as const)('fits %i px in %s, without a fault that axe finds', async (width, colorScheme) => {
    await open('', { viewport: { width, height: 900 }, colorScheme, reducedMotion: 'reduce' })
    await step(1)
    await page.click('#add-newcomer')
    await waitForText('#notes', 'is new')
    // On a phone what plays comes first: the sections below it are folded.
    const folded = page.locator('details.fold:not([open]) > summary')
    expect(await folded.count()).toBe(width < 760 ? 5 : 0)
    while ((await folded.count()) > 0) await folded.first().click()
    await page.click('#explain')
    await waitForText('#explanation', 'It would go to')
    await shown()
    expect(await overflow()).toBeLessThanOrEqual(0)
    const tables = page.locator('.scroll:has(table)')
    expect(await tables.count()).toBe(2)
    expect(
      await tables.evaluateAll((found) => found.map((table) => table.scrollWidth - table.clientWidth)),
    ).toEqual([0, 0])
    expect(await axeProblems(page)).toEqual([])
  })
})
