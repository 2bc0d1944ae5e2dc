import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { renderEvaluation } from '../../src/evaluate/report.js'
import { renderReport } from '../../src/replay/report/page.js'
import { runReplay } from '../../src/replay/runner.js'
import { coursesOf } from '../../src/replay/scenarios.js'
import { buildTable } from '../../src/replay/table.js'
import { makeRows } from '../replay/helpers.js'
import { HAS_CHROMIUM, launchChromium, START_MS_MAX, tellOfMissingChromium } from '../support/chromium.js'

tellOfMissingChromium('the report of replay was not looked at')

/** Without a place to break at. */
const LONG = 'x'.repeat(200)
const MODELS = [
  { id: 'small', inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.4 },
  { id: LONG, inputUsdPerMTok: 0.15 * 1.1, outputUsdPerMTok: 1234.5678 },
  { id: '<img src=x onerror=alert(1)>', inputUsdPerMTok: 5, outputUsdPerMTok: 20 },
]

describe.runIf(HAS_CHROMIUM)('the report of replay', () => {
  let browser: Browser
  let html = ''

  beforeAll(async () => {
    browser = await launchChromium()
    const data = buildTable(makeRows(120, 7, MODELS), MODELS, null, 'rows')
    const courses = coursesOf('stationary', MODELS)
    const settings = { scenario: 'stationary', courses, data, train: null, budgetsUsd: [1e-4, 1e-3] } as const
    const result = await runReplay({ ...settings, policy: 'paper', seeds: 2, cold: false, kernel: 'js' })
    html = renderReport({ dataName: LONG, features: 'stored', models: MODELS, results: [result] })
  }, START_MS_MAX)
  afterAll(() => browser?.close())

  it.each([320, 1200])('is no wider than a page of %i px, however long ids and names are', async (width) => {
    const page = await browser.newPage({ viewport: { width, height: 900 } })
    await page.setContent(html)
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0)
    expect(await page.locator('img, script').count()).toBe(0)
    await page.close()
  })

  it.each(['screen', 'print'] as const)(
    'has what missed a target in sight where a page is narrow, on a %s',
    async (media) => {
      // A4 without its margins.
      const page = await browser.newPage({ viewport: { width: 718, height: 900 } })
      await page.emulateMedia({ media })
      await page.setContent(html)
      const cut = await page.evaluate(
        "[...document.querySelectorAll('.scroll')].filter((each) => each.scrollWidth > each.clientWidth).map((each) => each.textContent.slice(0, 60))",
      )
      expect(await page.locator('.targets td').count()).toBeGreaterThan(0)
      expect(cut).toEqual([])
      if (media === 'print')
        expect(
          await page
            .locator('.bar i')
            .first()
            .evaluate((each) => getComputedStyle(each).printColorAdjust),
        ).toBe('exact')
      await page.close()
    },
  )

  it.each([320, 1200])('of evaluate has room for long names at %i px too', async (width) => {
    const mean = { mean: 0.5, standardError: 0.05, ci95: [0.4, 0.6] } as const
    const all = { ips: mean, snips: mean, doublyRobust: mean }
    const policy = (name: string) => ({
      ...{
        policy: name,
        reward: all,
        rewardLack: null,
        costUsd: all,
        costLack: null,
        rewardOverLogged: mean,
      },
      ...{ effectiveSampleSize: 9, largestWeight: 2, meanWeight: 1, matchedShare: 1, unsupportedShare: 0 },
    })
    const evaluation = {
      ...{ log: LONG, models: [LONG], requests: 9, evaluated: 9, rewarded: 9, settled: 9, failed: 0 },
      ...{
        leftOut: { forced: 0, certain: 0, unknown: 0 },
        assumedEligible: 0,
        assumedPropensities: 0,
        orphans: 0,
      },
      policies: [policy('logged'), policy(`model:${LONG}`)],
    }
    const page = await browser.newPage({ viewport: { width, height: 900 } })
    await page.setContent(renderEvaluation(evaluation, []))
    const names = await page.evaluate(`[...document.querySelectorAll('svg text.panel')].flatMap((name) => {
      const [own, plot] = [name.getBoundingClientRect(), name.ownerSVGElement.getBoundingClientRect()]
      return own.width > 0 ? [own.right <= plot.right] : []
    })`)
    expect(names).toEqual([true, true, true, true])
    const table = await page.evaluate("document.querySelector('table.names').getBoundingClientRect().width")
    expect(table).toBeLessThan(1150)
    expect(await page.locator('svg title', { hasText: LONG }).count()).toBeGreaterThan(0)
    await page.close()
  })

  it('has prices with the digits that they have', () => {
    expect(html).toContain('$0.165 in, $1234.57 out')
  })
})
