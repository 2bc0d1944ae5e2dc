import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { visible } from '../../src/base/visible.js'
import { serveLog } from '../../src/cli/dashboard/serve-log.js'
import { foldOf, openReader, withReader } from '../../src/cli/state/log-view.js'
import type { RouterStats } from '../../src/index.js'
import { heldText } from '../../web/dashboard/words.js'
import { count, percent, plain, short, usd } from '../../web/shared/format.js'
import { axeProblems, unnamedControls } from '../support/axe.js'
import {
  emptyPage,
  HAS_CHROMIUM,
  type Look,
  launchChromium,
  START_MS_MAX,
  tellOfMissingChromium,
} from '../support/chromium.js'
import { type KnownLog, knownLog, LONG_ID_SHOWN, SCRIPT_ID } from './known-log.js'

tellOfMissingChromium('the dashboard of a log was not looked at')

const REQUESTS = 300
const ALL_PANELS = [
  'spend-panel',
  'price-panel',
  'models-panel',
  'share-panel',
  'reward-panel',
  'latency-panel',
  'requests-panel',
  'savings-panel',
  'what-if-panel',
  'time-line-panel',
  'accounts-panel',
  'escalations-panel',
  'conversations-panel',
  'feedback-panel',
  'decisions-panel',
]

describe.runIf(HAS_CHROMIUM)('the dashboard of a log', () => {
  let browser: Browser
  let folder: string
  let file: string
  let known: KnownLog
  let url = ''
  let served: Promise<void>
  const stop = new AbortController()
  let page: Page
  const problems: string[] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'paretobandit-'))
    file = join(folder, 'known.state')
    known = await knownLog(file, REQUESTS)
    await known.router.flush()
    await new Promise<void>((resolve, reject) => {
      served = withReader(file, undefined, (reader) =>
        serveLog(reader, {
          name: file,
          port: 0,
          openAgain: () => openReader(file, undefined, 'own'),
          stopped: stop.signal,
          onListening: (at) => {
            url = at
            resolve()
          },
        }),
      )
      served.catch(reject)
    })
    browser = await launchChromium()
    page = await browser.newPage()
    page.on('console', (message) => problems.push(message.text()))
    page.on('pageerror', (error) => problems.push(error.message))
    page.on('request', (request) => {
      if (!request.url().startsWith(`${url}/`) && !request.url().startsWith('data:'))
        problems.push(`a request to ${request.url()}`)
    })
  }, START_MS_MAX)

  afterAll(async () => {
    await browser?.close()
    stop.abort()
    await served
    await known?.router.close()
    await rm(folder, { recursive: true, force: true })
  })

  afterEach(async () => {
    await page.goto('about:blank')
    expect(problems.splice(0)).toEqual([])
  })

  /** The page, once its figures are there; whatever it logs, throws or asks of others is a problem. */
  async function open(look?: Look): Promise<Page> {
    await emptyPage(page, look)
    await page.goto(`${url}/dashboard`)
    await page.waitForSelector('#decisions-panel')
    await page.waitForSelector('#savings-panel [data-always]')
    return page
  }

  const statsOfLog = (): Promise<RouterStats> =>
    withReader(file, undefined, async (reader) => (await foldOf(reader)).stats())
  const text = async (page: Page, selector: string) => (await page.textContent(selector))?.trim()

  it('shows the figures of stats', async () => {
    const page = await open()
    const stats = await statsOfLog()
    const { pacer, account, models } = stats
    expect(await text(page, '[data-tile="requests"]')).toBe(count(stats.requests))
    expect(await text(page, '[data-tile="spend"]')).toBe(usd(pacer.spendUsd))
    expect(await text(page, '[data-tile="spent of the budget"]')).toBe(percent(pacer.utilisation))
    expect(await text(page, '[data-tile="shadow price"]')).toBe(short(pacer.shadowPrice))
    expect(await text(page, '[data-figure="shadow-price"]')).toBe(short(pacer.shadowPrice))
    expect(await text(page, '[data-figure="spend"]')).toBe(usd(account?.spendUsd))
    expect(await text(page, '[data-figure="allowance"]')).toBe(usd(account?.allowanceUsd))
    const booked = (account?.spendUsd ?? 0) + (account?.reservedUsd ?? 0)
    const bound = (account?.allowanceUsd ?? 0) + 50 * 0.001
    expect(await text(page, '[data-figure="held"]')).toBe(heldText(pacer.utilisation, booked, bound))
    expect(await page.locator('#spend-panel .legend path[stroke-dasharray]').count()).toBe(2)
    expect(await text(page, '[data-figure="bound"]')).toBe(usd(bound))
    for (const model of models) {
      const row = page.locator('#models-panel tbody tr').nth(models.indexOf(model))
      const cell = async (name: string) => (await row.locator(`[data-cell="${name}"]`).textContent())?.trim()
      expect(await row.getAttribute('data-model')).toBe(model.id)
      expect(await cell('requests')).toBe(count(model.requests))
      expect(await cell('share')).toBe(percent(model.share))
      expect(await cell('spend')).toBe(usd(model.spendUsd))
      expect(await cell('mean cost')).toBe(usd(model.meanCostUsd))
      expect(await cell('rewards')).toBe(count(model.rewarded))
      expect(await cell('mean reward')).toContain(plain(model.meanReward))
    }
    const cap = account?.caps[0]
    expect(await text(page, '[data-account="all requests"] .cap label')).toContain(
      `cap $5.00 per day: spent ${usd(cap?.spentUsd)}, left ${usd(cap?.availableUsd)}`,
    )
    expect(await text(page, '[data-account="tenant team <b>"]')).toContain('Budget $0.00200 per request')
  })

  it('shows the history of the log: its end is the state, its sums are the counts', async () => {
    const page = await open()
    const stats = await statsOfLog()
    await page.click('#spend-panel summary')
    const last = page.locator('#spend-panel tbody tr').last().locator('td')
    expect(await last.nth(1).textContent()).toBe(usd(stats.pacer.spendUsd))
    expect(await last.nth(2).textContent()).toBe(usd(stats.account?.allowanceUsd))
    expect(await text(page, '#share-panel .lead')).toBe(`${count(stats.requests)} requests in the whole log.`)
    // All rewards of the log were seen: their mean is that of stats.
    const shown = await page.locator('#reward-panel li').allTextContents()
    for (const model of stats.models)
      expect(shown.some((line) => line.includes(`${plain(model.meanReward)} ±`))).toBe(true)
  })

  it('has every panel, and says plainly what a log does not know', async () => {
    const page = await open()
    for (const id of ALL_PANELS) expect(await page.locator(`#${id} h2`).count()).toBe(1)
    for (const id of ['escalations-panel', 'conversations-panel', 'feedback-panel'])
      expect(await text(page, `#${id} .nothing`)).toMatch(/known to a gateway alone/)
    expect(await page.locator('#admin-panel').count()).toBe(0)
  })

  it('shows what operators changed, as the event that it became', async () => {
    const page = await open()
    expect(await text(page, '[data-mark="model-repriced"]')).toMatch(
      /model-repriced\s*small\s*new prices: \$0.2 in, \$0.5 out per million tokens/,
    )
  })

  it('explains a decision: by the statistics of then, as explain does', async () => {
    const page = await open()
    const row = page.locator('#decisions-panel tbody tr').first()
    const id = (await row.getAttribute('data-decision')) ?? ''
    await row.getByRole('button').click()
    await page.waitForSelector('.explained [data-explained]')
    expect(await text(page, '#explained-title')).toBe(`Why ${id} went where it went`)
    const { explainFrom } = await import('../../src/cli/explain.js')
    const found = await withReader(file, undefined, (reader) => explainFrom(reader, id))
    const cells = await page.locator('.explained tbody tr').allTextContents()
    expect(cells).toHaveLength(3)
    for (const [i, model] of found.models.entries()) {
      expect(cells[i]).toContain(visible(model.model))
      expect(cells[i]).toContain(plain(model.expectedReward))
      expect(cells[i]).toContain(usd(model.expectedCostUsd))
    }
    await page.keyboard.press('Escape')
    expect(await page.locator('.explained').count()).toBe(0)
    expect(await row.getByRole('button').evaluate((button) => button === document.activeElement)).toBe(true)
  })

  it('answers at once what another budget would have done', async () => {
    const page = await open()
    await page.waitForSelector('[data-figure="what-if-cost"]')
    const before = await text(page, '[data-figure="what-if-budget"]')
    await page.focus('#what-if-panel input')
    await page.keyboard.press('End')
    expect(await text(page, '[data-figure="what-if-budget"]')).toBe('$0.100')
    expect(before).toBe('$0.000501')
    await expect.poll(() => text(page, '#what-if-panel [role=status]')).toContain('Money would not be short')
    // Both estimates say which decisions they are of, and these are the same.
    expect(await text(page, '[data-figure="saved"]')).toMatch(/^[\d.]+ % (less|more)$/)
    const spans = await page.locator('[data-figure="estimated-from"]').allTextContents()
    expect(spans).toHaveLength(2)
    expect(spans[0]).toMatch(/^the latest \d+ decisions that are explained, \d.* to \d/)
    expect(spans[1]).toBe(spans[0])
  })

  it('shows what is written to the log meanwhile', async () => {
    const page = await open()
    const before = (await statsOfLog()).requests
    known.play(7)
    await known.router.flush()
    await expect.poll(() => text(page, '[data-tile="requests"]'), { timeout: 20_000 }).toBe(count(before + 7))
    const stats = await statsOfLog()
    await expect.poll(() => text(page, '[data-tile="spend"]')).toBe(usd(stats.pacer.spendUsd))
  })

  it('takes ids for what they are: text, of any length', async () => {
    const page = await open()
    expect(await page.locator('#app script').count()).toBe(0)
    const names = await page.locator('#models-panel tbody th').allTextContents()
    expect(names.map((name) => name.trim())).toEqual(['small', SCRIPT_ID, LONG_ID_SHOWN])
    const width = await page
      .locator(`#models-panel [title^="${JSON.stringify(LONG_ID_SHOWN.slice(0, 20)).slice(1, -1)}"]`)
      .evaluate((name) => name.clientWidth)
    expect(width).toBeLessThan(400)
  })

  it.each([
    [400, 'light'],
    [400, 'dark'],
    [1600, 'light'],
    [1600, 'dark'],
  ] as const)('fits %i px, %s, and axe finds nothing wrong', async (width, colorScheme) => {
    const page = await open({ viewport: { width, height: 900 }, colorScheme, reducedMotion: 'reduce' })
    await page.locator('#decisions-panel tbody button').first().click()
    await page.waitForSelector('.explained [data-explained]')
    const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
    expect(overflow).toBeLessThanOrEqual(0)
    if (width === 400) {
      // No table scrolls sideways: each of its rows is a card, whose cells have labels.
      await page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
      const wide = await page.evaluate(
        "[...document.querySelectorAll('.scroll')].filter((each) => each.scrollWidth > each.clientWidth).map((each) => each.ariaLabel)",
      )
      expect(wide).toEqual([])
      const label = await page.evaluate(
        "getComputedStyle(document.querySelector('#models-panel td[data-cell=spend]'), '::before').content",
      )
      expect(label).toBe('"spend"')
    }
    expect(await axeProblems(page)).toEqual([])
    expect(await unnamedControls(page)).toEqual([])
  })

  // 640: a page of 1,280 px that is zoomed to 200 %; 320: to 400 %.
  it.each([320, 640, 767])(
    'draws no cell of a table over another, nor cuts one off, at %i px',
    async (width) => {
      const page = await open({ viewport: { width, height: 900 } })
      const crowded = await page.evaluate(`[...document.querySelectorAll('.scroll')].flatMap((scroll) => {
      // What is seen of its text: of a very long id the first lines.
      const inner = (cell) => {
        const text = document.createRange()
        text.selectNodeContents(cell)
        let { left, right, top, bottom } = text.getBoundingClientRect()
        for (const each of cell.querySelectorAll('.name')) {
          const seen = each.getBoundingClientRect()
          if (each.scrollHeight > each.clientHeight) bottom = Math.min(bottom, seen.bottom)
          if (each.scrollWidth > each.clientWidth) right = Math.min(right, seen.right)
        }
        return { left, right, top, bottom }
      }
      const edge = scroll.getBoundingClientRect().right
      return [...scroll.querySelectorAll('tbody tr')].flatMap((row) => {
        const boxes = [...row.cells].map(inner)
        return boxes.flatMap((box, i) => [
          ...(box.right > edge + 0.5 ? [scroll.ariaLabel + ': ' + row.cells[i].textContent + ' is cut off'] : []),
          ...boxes.slice(i + 1).filter((other) =>
            box.left < other.right - 0.5 && other.left < box.right - 0.5 && box.top < other.bottom - 0.5 && other.top < box.bottom - 0.5,
          ).map(() => scroll.ariaLabel + ': ' + row.cells[i].textContent + ' is under another'),
        ])
      })
    })`)
      expect(crowded).toEqual([])
      const shortened = await page.evaluate(
        "[...document.querySelectorAll('.scroll td[data-label]')].filter((cell) => getComputedStyle(cell, '::before').textOverflow === 'ellipsis').map((cell) => cell.dataset.label)",
      )
      expect(shortened).toEqual([])
    },
  )

  it.each([320, 640, 1280])('has room for tiny and for large dollars at %i px', async (width) => {
    const page = await open({ viewport: { width, height: 900 } })
    const beyond = await page.evaluate(`[...document.querySelectorAll('.tiles b')].map((figure) => {
      figure.textContent = '$0.00000000222'
      const text = document.createRange()
      text.selectNodeContents(figure)
      return text.getBoundingClientRect().right - figure.getBoundingClientRect().right
    }).filter((px) => px > 0.5)`)
    expect(beyond).toEqual([])
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0)
  })

  it.each([1280, 1400])(
    'has room for means with their intervals in half of a page of %i px',
    async (width) => {
      const page = await open({ viewport: { width, height: 900 } })
      const table = page.locator('#savings-panel .scroll')
      await table.waitFor()
      expect(await table.evaluate((each) => each.scrollWidth - each.clientWidth)).toBeLessThanOrEqual(0)
    },
  )

  /** Labels of the tables that have something out of sight. */
  const cutTables = (page: Page) =>
    page.evaluate(
      "[...document.querySelectorAll('#models-panel .scroll, #savings-panel .scroll, #decisions-panel .scroll')].filter((each) => each.scrollWidth > each.clientWidth).map((each) => each.ariaLabel)",
    )

  it.each([768, 820, 1024, 1200])(
    'has why a model gets what it gets in sight at %i px, however long ids are',
    async (width) => {
      const page = await open({ viewport: { width, height: 900 } })
      expect(await cutTables(page)).toEqual([])
      const right = await page.evaluate(
        "Math.max(...[...document.querySelectorAll('#models-panel td.why .value')].map((each) => each.getBoundingClientRect().right))",
      )
      expect(right).toBeLessThanOrEqual(width)
    },
  )

  it('is whole on paper, with the colours of its marks', async () => {
    const page = await open({ viewport: { width: 1600, height: 900 } })
    await page.waitForSelector('.uplot')
    await page.emulateMedia({ media: 'print' })
    // A4 without its margins, while what is drawn stays as wide as it was. Charts are made again as what they show changes its shape: when all are there
    // they are looked at, before any is drawn for the new width.
    const cut = () =>
      page.evaluate(`(() => {
        const drawn = [...document.querySelectorAll('.uplot canvas')]
        const right = (each) => each.getBoundingClientRect().right
        document.body.style.width = '718px'
        return drawn.length > 2 ? drawn.filter((each) => right(each) > right(each.closest('.card'))).length : 'no charts'
      })()`)
    await expect.poll(() => page.locator('.uplot canvas').count(), { timeout: 30_000 }).toBeGreaterThan(2)
    expect(await cut()).toBe(0)
    for (const mark of ['.legend i', '.bar i', '.dot', '.share i'])
      expect(
        await page
          .locator(mark)
          .first()
          .evaluate((each) => getComputedStyle(each).printColorAdjust),
      ).toBe('exact')
    expect(await page.locator('button:visible').count()).toBe(0)
  })

  it('shows those that are asked most of many models first, and all when asked', async () => {
    const page = await open()
    const data = await (await page.request.get(`${url}/dashboard/data`)).json()
    const [model] = data.stats.models
    const [figure] = data.figures
    const many = Array.from({ length: 500 }, (_, i) => ({ id: `m${i}`, requests: i }))
    data.stats.models = many.map((each) => ({ ...model, ...each }))
    data.figures = many.map(({ id, requests }) => ({
      ...{ ...figure, model: id, rewards: requests },
      reward: { mean: 0.5, low: 0.4, high: 0.6 },
    }))
    await page.route('**/dashboard/events', (route) =>
      route.fulfill({ contentType: 'text/event-stream', body: `data: ${JSON.stringify(data)}\n\n` }),
    )
    await page.reload()
    const rows = page.locator('#models-panel tbody tr')
    await expect.poll(() => rows.count()).toBe(30)
    expect(await rows.first().getAttribute('data-model')).toBe('m499')
    expect(await page.locator('#reward-panel li').count()).toBe(30)
    expect(await text(page, '#reward-panel .lead')).toContain('The 30 models with the most rewards')
    await page.getByRole('button', { name: 'Show all 500 models' }).click()
    expect(await rows.count()).toBe(500)
    expect(await rows.first().getAttribute('data-model')).toBe('m0')
    await page.getByRole('button', { name: 'Show the 30 asked most' }).click()
    expect(await rows.count()).toBe(30)
  })

  it('is for this machine alone, by whatever name it is asked', async () => {
    await open()
    const { request } = await import('node:http')
    const status = await new Promise((resolve, reject) => {
      const headers = { host: 'evil.example' }
      request(`${url}/dashboard/data`, { headers }, (response) => resolve(response.statusCode))
        .on('error', reject)
        .end()
    })
    expect(status).toBe(403)
  })
})
