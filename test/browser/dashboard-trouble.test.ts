import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ADMIN_KEY, closeAll, type GatewayServer, gatewayServer } from '../gateway/surfaces/gateway-server.js'
import {
  emptyPage,
  HAS_CHROMIUM,
  launchChromium,
  START_MS_MAX,
  tellOfMissingChromium,
} from '../support/chromium.js'

tellOfMissingChromium("the gateway's dashboard was not looked at in trouble")

const TREE = { admin: { key: '$ADMIN_KEY' }, budget: { usdPerRequest: 0.01 } }
const WAIT = { timeout: 20_000 }
/** Connections that a browser has to one server over HTTP/1.1. */
const CONNECTIONS = 6

describe.runIf(HAS_CHROMIUM)("the gateway's dashboard in trouble", () => {
  let browser: Browser
  let server: GatewayServer
  let context: BrowserContext
  let page: Page

  beforeAll(async () => {
    browser = await launchChromium()
    context = await browser.newContext()
    await context.addInitScript(`sessionStorage.setItem('paretobandit admin key', '${ADMIN_KEY}')`)
    page = await context.newPage()
  }, START_MS_MAX)
  afterAll(() => browser?.close())
  beforeEach(async () => {
    server = await gatewayServer({ tree: TREE, hasDashboard: true })
    await emptyPage(page)
  }, START_MS_MAX)
  afterEach(async () => {
    for (const each of context.pages()) if (each !== page) await each.close()
    await page.goto('about:blank')
    await closeAll()
  })

  const open = (of = page) => of.goto(`${server.url}/dashboard`)
  const state = async (of = page) => (await of.textContent('header [role=status]')) ?? ''
  const said = async (form: string) =>
    (await page.textContent(`#${form}-form :is([role=alert], p[role=status])`)) ?? ''
  const admin = (method: string, path: string, body?: unknown) =>
    fetch(`${server.url}/admin/${path}`, {
      method,
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    })
  const model = () => server.router.stats().models[0]
  const see = (of: Page, how: 'hidden' | 'visible') =>
    of.evaluate(
      `Object.defineProperty(document, 'visibilityState', { value: '${how}', configurable: true }); document.dispatchEvent(new Event('visibilitychange'))`,
    )

  it('takes no connection while nobody sees it: more tabs than those would keep each other from every answer', async () => {
    const pages: Page[] = [page]
    for (let i = 0; i < CONNECTIONS; i++) {
      const each = pages[i]
      await open(each)
      await expect.poll(() => state(each), WAIT).toMatch(/^live/)
      await see(each, 'hidden')
      pages.push(await context.newPage())
    }
    const last = pages[CONNECTIONS]
    await last.goto(`${server.url}/dashboard`, { timeout: 40_000 })
    await expect.poll(() => state(last), WAIT).toMatch(/^live/)
    server.router.route('hello')
    await see(pages[0], 'visible')
    await expect.poll(() => state(pages[0]), WAIT).toMatch(/^live/)
    expect(await pages[0].textContent('[data-tile="requests"]')).toBe('1')
  }, 90_000)

  it.each([401, 404])(
    'asks again where a proxy before a gateway that restarts answers %i',
    async (status) => {
      await page.route('**/dashboard/events', (route) => route.fulfill({ status, body: 'page not found' }))
      await open()
      await expect
        .poll(() => page.textContent('[role=status]'), WAIT)
        .toMatch(`the server answered ${status}`)
      await page.unroute('**/dashboard/events')
      await expect.poll(() => state(), WAIT).toMatch(/^live/)
    },
  )

  it('takes the half of an update that a cut connection leaves for nothing, and comes back', async () => {
    const answer = await fetch(`${server.url}/dashboard/data`, {
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
    })
    const body = `data: ${await answer.text()}\n\ndata: {"kind":"gateway","stats":{"requests":7`
    await page.route('**/dashboard/events', (route) =>
      route.fulfill({ status: 200, contentType: 'text/event-stream', body }),
    )
    await open()
    await expect.poll(() => state(), WAIT).toMatch(/^connection lost/)
    expect(await page.textContent('[data-tile="requests"]')).toBe('0')
    server.router.route('hello')
    await page.unroute('**/dashboard/events')
    await expect.poll(() => state(), WAIT).toMatch(/^live/)
    expect(await page.textContent('[data-tile="requests"]')).toBe('1')
  })

  it('does not say of a gateway that ends that too many pages are open', async () => {
    await open()
    await expect.poll(() => state(), WAIT).toMatch(/^live/)
    server.gateway.drain()
    await expect.poll(() => state(), WAIT).toMatch(/^connection lost.*the server is ending/)
  })

  it('shows nothing from before a restart beside what is now: not where a decision is open either', async () => {
    const ids = [server.router.route('hello').id, server.router.route('hello').id]
    await open()
    await page.locator(`[data-decision="${ids[1]}"] button`).click()
    await page.waitForSelector('[data-explained]')
    const next = await gatewayServer({ tree: TREE, hasDashboard: true })
    next.router.route('hello')
    await page.route('**/dashboard/events', (route) =>
      route.continue({ url: `${next.url}/dashboard/events` }),
    )
    server.gateway.drain()
    await expect.poll(() => page.textContent('[data-tile="requests"]'), WAIT).toBe('1')
    expect(await page.locator('#decisions-panel tbody tr').count()).toBe(1)
    expect(await page.locator('[data-explained]').count()).toBe(0)
  })

  it('keeps the price that another admin has set since, where only the other one is changed', async () => {
    await open()
    const form = page.locator('#prices-form')
    const fill = (which: string, usd: number) =>
      form.getByLabel(`USD per million ${which} tokens`).fill(String(usd))
    await fill('input', 0.3)
    await form.getByRole('button').click()
    await expect.poll(() => model().inputUsdPerMTok, WAIT).toBe(0.3)
    await admin('PUT', 'models/sim-small/prices', { inputUsdPerMTok: 0.5, outputUsdPerMTok: 0.6 })
    await expect.poll(() => form.textContent(), WAIT).toMatch(/Now \$0\.5 in/)
    await fill('output', 1.5)
    await form.getByRole('button').click()
    await expect.poll(() => model().outputUsdPerMTok, WAIT).toBe(1.5)
    expect(model().inputUsdPerMTok).toBe(0.5)
  })

  it('keeps it too where the page has not heard of it', async () => {
    await open()
    await expect.poll(() => state(), WAIT).toMatch(/^live/)
    await page.route('**/dashboard/events', (route) => route.abort())
    server.gateway.drain()
    await expect.poll(() => state(), WAIT).toMatch(/^connection lost/)
    await admin('PUT', 'models/sim-small/prices', { inputUsdPerMTok: 0.5, outputUsdPerMTok: 0.6 })
    const form = page.locator('#prices-form')
    await form.getByLabel('USD per million output tokens').fill('1.5')
    await form.getByRole('button').click()
    await expect.poll(() => model().outputUsdPerMTok, WAIT).toBe(1.5)
    expect(model().inputUsdPerMTok).toBe(0.5)
  })

  it('takes a double click for one: it answers no question that it has just asked', async () => {
    await open()
    const before = model().outputUsdPerMTok
    const form = page.locator('#prices-form')
    await form.getByLabel('USD per million output tokens').fill(String(1000 * before))
    await form.getByRole('button').dblclick()
    await expect.poll(() => said('prices'), WAIT).toMatch(/press again/)
    await page.locator('#budget-form').getByLabel('USD per request').fill('50')
    await page.locator('#budget-form button').dblclick()
    await expect.poll(() => said('budget'), WAIT).toMatch(/press again/)
    await page.waitForTimeout(300)
    expect(model().outputUsdPerMTok).toBe(before)
    expect(server.router.stats().pacer.usdPerRequest).toBe(0.01)
    await form.getByRole('button').click()
    await expect.poll(() => model().outputUsdPerMTok, WAIT).toBe(1000 * before)
  })

  it('asks again where what is in force has become another since it asked', async () => {
    await open()
    await page.locator('#budget-form').getByLabel('USD per request').fill('50')
    await page.locator('#budget-form button').click()
    await expect.poll(() => said('budget'), WAIT).toMatch(/5,000 times/)
    await admin('PUT', 'budget', { usdPerRequest: 0.0001 })
    await expect.poll(() => page.textContent('#budget-form'), WAIT).toMatch(/Now \$0\.0001/)
    await page.locator('#budget-form button').click()
    await expect.poll(() => said('budget'), WAIT).toMatch(/500,000 times/)
    expect(server.router.stats().pacer.usdPerRequest).toBe(0.0001)
  })

  it('does not take a lost answer for a refusal', async () => {
    await open()
    await page.route('**/admin/budget', async (route) => {
      await route.fetch()
      await route.abort()
    })
    await page.locator('#budget-form').getByLabel('USD per request').fill('0.02')
    await page.locator('#budget-form button').click()
    await expect.poll(() => said('budget'), WAIT).toMatch(/whether it was done is not known/)
    expect(server.router.stats().pacer.usdPerRequest).toBe(0.02)
    await page.unroute('**/admin/budget')
    await page.route('**/admin/budget', (route) => route.fulfill({ status: 504, body: 'gateway time-out' }))
    await page.locator('#budget-form button').click()
    await expect.poll(() => said('budget'), WAIT).toMatch(/answered 504.*whether it was done is not known/)
  })

  it('makes one key of two quick presses, and shows it', async () => {
    await page.route('**/admin/keys', async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 300))
      await route.continue()
    })
    await open()
    await page.locator('#keys-form').getByLabel('Name').fill('twice')
    await page.locator('#keys-form').getByLabel('Name').press('Enter')
    await page.locator('#keys-form').getByLabel('Name').press('Enter')
    await page.waitForSelector('code.key')
    await page.waitForTimeout(700)
    expect(await said('keys')).toMatch(/The key was made/)
  })

  it('says that it does not know the keys where they cannot be read, and which have expired', async () => {
    await page.route('**/admin/keys', (route) =>
      route.fulfill({ status: 503, json: { error: { message: 'the store of keys cannot be reached' } } }),
    )
    await open()
    await expect
      .poll(() => page.textContent('#keys-form'), WAIT)
      .toMatch(/The keys cannot be read: the store of keys cannot be reached/)
    await page.unroute('**/admin/keys')
    const expiresAt = new Date(Date.now() + 1000).toISOString()
    expect((await admin('POST', 'keys', { name: 'short', expiresAt })).status).toBe(201)
    await new Promise((resolve) => setTimeout(resolve, 1100))
    await open()
    await expect.poll(() => page.textContent('#keys-form'), WAIT).toMatch(/short\s*expired/)
  })
})
