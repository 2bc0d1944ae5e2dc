import { connect, createServer, type Socket } from 'node:net'
import type { Browser, CDPSession, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { count, usd } from '../../web/shared/format.js'
import {
  ADMIN_KEY,
  closeAll,
  type GatewayServer,
  gatewayServer,
  HELLO,
} from '../gateway/surfaces/gateway-server.js'
import { axeProblems } from '../support/axe.js'
import {
  emptyPage,
  HAS_CHROMIUM,
  launchChromium,
  START_MS_MAX,
  tellOfMissingChromium,
} from '../support/chromium.js'

tellOfMissingChromium("the gateway's dashboard was not looked at")

const TREE = {
  admin: { key: '$ADMIN_KEY' },
  budget: { usdPerRequest: 0.01 },
  caps: [{ usd: 5, per: 'day' }],
  rewards: { windowMs: 0 },
}
/** PARETOBANDIT_DASHBOARD_MINUTES=10 makes the session a long one. */
const SESSION_MS = 60_000 * Number(process.env.PARETOBANDIT_DASHBOARD_MINUTES ?? 0.25)
/** What a page may hold more at the end of a session than after its first seconds: caches of the engine, compiled code. */
const GROWTH_BYTES_MAX = 6_000_000

describe.runIf(HAS_CHROMIUM)("the gateway's dashboard", () => {
  let browser: Browser
  let server: GatewayServer
  let page: Page
  const problems: string[] = []

  beforeAll(async () => {
    browser = await launchChromium(['--js-flags=--expose-gc'])
    page = await browser.newPage()
    page.on('pageerror', (error) => problems.push(error.message))
    page.on('console', (message) => {
      // The browser tells of every answer that is no success: of a missing key there is one.
      if (!/status of 4\d\d/.test(message.text())) problems.push(message.text())
    })
    page.on('request', (request) => {
      if (!request.url().startsWith(`${server.url}/`) && !request.url().startsWith('data:'))
        problems.push(`a request to ${request.url()}`)
    })
  }, START_MS_MAX)
  afterAll(() => browser?.close())

  beforeEach(async () => {
    server = await gatewayServer({ tree: TREE, hasDashboard: true })
    await emptyPage(page)
    await page.goto(`${server.url}/dashboard`)
    await page.waitForSelector('input[name=key]')
  }, START_MS_MAX)
  afterEach(async () => {
    await page.goto('about:blank')
    await closeAll()
    expect(problems.splice(0)).toEqual([])
  })

  const enter = async (key = ADMIN_KEY) => {
    await page.fill('input[name=key]', key)
    await page.click('button[type=submit]')
    await page.waitForSelector('#decisions-panel')
  }
  const ask = async (times = 1) => {
    for (let i = 0; i < times; i++) {
      const answer = await server.post('/v1/chat/completions', { model: 'auto', messages: HELLO })
      await answer.arrayBuffer()
    }
  }
  const text = (selector: string) => page.locator(selector).first().textContent()
  const becomes = (selector: string, expected: string | RegExp) =>
    expect.poll(() => text(selector), { timeout: 20_000 }).toMatch(expected)

  it('asks for the admin key, and says why another is refused', async () => {
    await page.fill('input[name=key]', 'wrong')
    await page.click('button[type=submit]')
    await becomes('[role=alert]', 'this is not the admin key')
    expect(await axeProblems(page)).toEqual([])
    await enter()
    expect(await page.evaluate('sessionStorage.length + localStorage.length')).toBe(1)
    await page.getByRole('button', { name: 'Forget the key' }).click()
    await page.waitForSelector('input[name=key]')
    expect(await page.evaluate('sessionStorage.length + localStorage.length')).toBe(0)
  })

  it.each([
    ['a letter of another script', 'ключ'],
    ['a quotation mark that an editor made', '“key”'],
  ])('says of %s in a key that it is not the admin key, and asks again', async (_, key) => {
    await page.fill('input[name=key]', key)
    await page.click('button[type=submit]')
    await becomes('[role=alert]', 'this is not the admin key')
    await page.reload()
    await page.waitForSelector('input[name=key]')
    await enter(`  ${ADMIN_KEY}\t`)
    expect(await text('[data-tile="requests"]')).toBe('0')
  })

  it('shows what happens as it happens', async () => {
    await enter()
    await becomes('[data-tile="requests"]', /^0$/)
    await ask(3)
    await becomes('[data-tile="requests"]', /^3$/)
    const { pacer } = server.router.stats()
    await expect.poll(() => text('[data-tile="spend"]')).toBe(usd(pacer.spendUsd))
    expect(await page.locator('#decisions-panel tbody tr').count()).toBe(3)
    const answer = await server.post('/v1/chat/completions', { model: 'auto', messages: HELLO })
    const decision = answer.headers.get('x-paretobandit-decision') ?? ''
    await answer.arrayBuffer()
    await server.post('/v1/feedback', { decision_id: decision, value: 0.75, source: 'person' })
    await becomes('[data-source="person"]', /^person10.750$/)
    await becomes(`[data-decision="${decision}"]`, /0\.75/)
    await page.locator(`[data-decision="${decision}"] button`).click()
    await page.waitForSelector('[data-explained]')
    expect(await axeProblems(page)).toEqual([])
  })

  it('has the list of decisions stand still while it is pointed at or has the focus', async () => {
    await enter()
    await ask(3)
    await becomes('[data-tile="requests"]', /^3$/)
    const rows = page.locator('#decisions-panel tbody tr')
    const ids = () => rows.evaluateAll((all) => all.map((row) => row.getAttribute('data-decision')))
    await expect.poll(() => rows.count()).toBe(3)
    const before = await ids()
    await rows.first().getByRole('button').hover()
    await ask(2)
    await becomes('[data-tile="requests"]', /^5$/)
    expect(await ids()).toEqual(before)
    await page.mouse.move(0, 0)
    await expect.poll(() => rows.count()).toBe(5)
    await page.getByRole('link', { name: 'Decisions' }).focus()
    const look = rows.first().getByRole('button')
    await page.keyboard.press('Tab')
    await look.focus()
    const focused = await ids()
    await ask(1)
    await becomes('[data-tile="requests"]', /^6$/)
    expect(await ids()).toEqual(focused)
    // It says what became of those that it holds.
    await server.post('/v1/feedback', { decision_id: focused[0], value: 0.25, source: 'person' })
    await becomes(`[data-decision="${focused[0]}"]`, /ms0\.2\d/)
    await page.getByRole('link', { name: 'Decisions' }).focus()
    await expect.poll(() => rows.count()).toBe(6)
  })

  it('reprices, disables, enables, sets the budget: each is shown as the event that it becomes', async () => {
    await enter()
    const form = (id: string) => page.locator(`#${id}-form`)
    await form('prices').getByLabel('Model').selectOption('sim-small')
    await form('prices').getByLabel('USD per million input tokens').fill('0.3')
    await form('prices').getByLabel('USD per million output tokens').fill('1.5')
    await form('prices').getByRole('button', { name: 'Reprice' }).click()
    await becomes('[data-mark="model-repriced"]', /sim-small.*new prices: \$0.3 in, \$1.5 out/)
    expect(server.router.stats().models[0]).toMatchObject({ inputUsdPerMTok: 0.3, outputUsdPerMTok: 1.5 })

    await form('switch').getByLabel('Model').selectOption('sim-middle')
    await form('switch').getByRole('button', { name: 'Disable' }).click()
    await becomes('[data-mark="model-disabled"]', /sim-middle/)
    expect(server.router.stats().models[1].enabled).toBe(false)
    await form('switch').getByRole('button', { name: 'Enable' }).click()
    await becomes('[data-mark="model-enabled"]', /sim-middle/)
    expect(server.router.stats().models[1].enabled).toBe(true)

    await form('budget').getByLabel('USD per request, on average').fill('0.02')
    await form('budget').getByRole('button').click()
    await becomes('[data-mark="budget-set"]', /budget: \$0.02 per request/)
    await becomes('.tiles', /each request adds its budget, now \$0.0200/)
  })

  it('asks before a price that is 100 times another, and sets it when it is said again', async () => {
    await enter()
    const form = page.locator('#prices-form')
    const output = () => server.router.stats().models[0].outputUsdPerMTok
    const before = output()
    const reprice = async (usd: number) => {
      await form.getByLabel('USD per million output tokens').fill(String(usd))
      await form.getByRole('button', { name: 'Reprice' }).click()
    }
    await form.getByLabel('Model').selectOption('sim-small')
    await reprice(1000 * before)
    await becomes('#prices-form [role=alert]', /price of output would be 1,000 times what it is now/)
    expect(output()).toBe(before)
    await reprice(1000 * before)
    await expect.poll(output, { timeout: 20_000 }).toBe(1000 * before)
    await becomes('#prices-form', new RegExp(`\\$${1000 * before} out per million`))
    await reprice(before)
    await becomes('#prices-form [role=alert]', /1,000 times less than it is now/)
    await reprice(before)
    await expect.poll(output, { timeout: 20_000 }).toBe(before)
  })

  it('makes a key that works, shows it once, and revokes it', async () => {
    await enter()
    const form = page.locator('#keys-form')
    await form.getByLabel('Name').fill('a new one')
    await form.getByRole('button', { name: 'Make a key' }).click()
    await page.waitForSelector('code.key')
    const key = (await text('code.key')) ?? ''
    const models = () =>
      fetch(`${server.url}/v1/models`, { headers: { authorization: `Bearer ${key}` } }).then(
        ({ status }) => status,
      )
    expect(await models()).toBe(200)
    await form.getByRole('button', { name: 'Revoke a new one' }).click()
    await becomes('#keys-form [role=status]', /revoked/)
    expect(await page.locator('code.key').count()).toBe(0)
    await expect.poll(models).toBe(401)
  })

  it('says in the words of the gateway what it refuses, and nothing has changed', async () => {
    await enter()
    await page.route('**/admin/budget', (route) =>
      route.continue({ postData: JSON.stringify({ usdPerRequest: -1 }) }),
    )
    await page.locator('#budget-form').getByLabel('USD per request, on average').fill('0.5')
    await page.locator('#budget-form button').click()
    await becomes('#budget-form [role=alert]', /usdPerRequest/)
    expect(server.router.stats().pacer.usdPerRequest).toBe(0.01)
  })

  it('can be used by keyboard alone', async () => {
    await ask(2)
    await page.keyboard.press('Tab')
    await page.keyboard.type(ADMIN_KEY)
    await page.keyboard.press('Enter')
    await page.waitForSelector('#decisions-panel tbody tr')
    const focused = () =>
      page.evaluate<string>(
        "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent",
      )
    /** Presses Tab until something has the focus. */
    const tabTo = async (name: RegExp) => {
      for (let i = 0; i < 200; i++) {
        await page.keyboard.press('Tab')
        if (name.test(await focused())) return
      }
      expect.fail(`Tab never comes to ${name}`)
    }
    await tabTo(/^Skip to the figures/)
    await page.keyboard.press('Enter')
    await tabTo(/^why /)
    await page.keyboard.press('Enter')
    await page.waitForSelector('[data-explained]')
    expect(await focused()).toMatch(/^Why .* went where it went$/)
    await page.keyboard.press('Escape')
    expect(await focused()).toMatch(/^why /)
    await tabTo(/^Disable$/)
    await page.keyboard.press('Enter')
    await becomes('[data-mark="model-disabled"]', /sim-small/)
  })

  it.each([400, 1280])(
    'shows ids to their last letter at %i px: models often differ in it alone',
    async (width) => {
      await page.setViewportSize({ width, height: 900 })
      const id = 'bedrock/anthropic.claude-3-5-sonnet-20241022-v2:0'
      server.router.addModel({ id, inputUsdPerMTok: 3, outputUsdPerMTok: 15 })
      await enter()
      for (const place of ['models', 'time-line']) {
        const name = page.locator(`#${place}-panel .name[title="${id}"]`).first()
        const cut = await name.evaluate((each) => [
          each.scrollWidth > each.clientWidth,
          each.scrollHeight > each.clientHeight,
        ])
        expect([place, ...cut]).toEqual([place, false, false])
      }
    },
  )

  it('keeps short ids on one line where the page is wide', async () => {
    server.router.addModel({ id: 'birch-flash-mini', inputUsdPerMTok: 3, outputUsdPerMTok: 15 })
    await enter()
    const name = page.locator('#models-panel .name[title="birch-flash-mini"]')
    const lines = await name.evaluate((each) => {
      const { lineHeight } = getComputedStyle(each)
      return each.clientHeight / Number.parseFloat(lineHeight)
    })
    expect(lines).toBeLessThan(1.5)
  })

  it('changes nothing of another model where the one that was chosen is removed meanwhile', async () => {
    await enter()
    const form = page.locator('#prices-form')
    const choice = form.getByLabel('Model')
    await choice.selectOption('sim-middle')
    await form.getByLabel('USD per million output tokens').fill('3')
    server.router.removeModel('sim-middle')
    await becomes('#models-panel', /^(?!.*sim-middle)/)
    expect(await choice.inputValue()).not.toBe('sim-small')
    await becomes('#prices-form', /sim-middle is no model of the router any more/)
    const reprice = form.getByRole('button', { name: 'Reprice' })
    expect(await reprice.isDisabled()).toBe(true)
    const others = () => server.router.stats().models.map(({ outputUsdPerMTok }) => outputUsdPerMTok)
    expect(others()).not.toContain(3)
    await choice.selectOption('sim-small')
    expect(await reprice.isDisabled()).toBe(false)
    expect(await axeProblems(page)).toEqual([])
  })

  it('asks again where it gets no answer', async () => {
    await page.route('**/dashboard/events', (route) => route.abort())
    await page.fill('input[name=key]', ADMIN_KEY)
    await page.click('button[type=submit]')
    await becomes('[role=status]', 'No answer. It is asked again.')
    await page.unroute('**/dashboard/events')
    await becomes('header [role=status]', /^live/)
    expect(problems.splice(0).every((problem) => problem.includes('ERR_FAILED'))).toBe(true)
  })

  it('does not call figures live when nothing comes any more, and shows new ones when something does', async () => {
    const wire = await wireTo(server.url)
    const clocked = await browser.newPage()
    await clocked.clock.install()
    await clocked.goto(`${wire.url}/dashboard`)
    await clocked.fill('input[name=key]', ADMIN_KEY)
    await clocked.click('button[type=submit]')
    const state = () => clocked.locator('header [role=status]').textContent()
    await expect.poll(state).toMatch(/^live/)
    // Neither side hears that the other is gone: a cable, a sleeping laptop, a proxy.
    wire.cut()
    await clocked.clock.fastForward(30_000)
    expect(await state()).toMatch(/^live/)
    await clocked.clock.fastForward(60_000)
    await expect.poll(state).toMatch(/^connection lost: showing what was/)
    await ask(2)
    wire.mend()
    await clocked.clock.fastForward(60_000)
    await expect.poll(state, { timeout: 20_000 }).toMatch(/^live/)
    expect(await clocked.locator('[data-tile="requests"]').textContent()).toBe('2')
    await clocked.close()
    await wire.close()
  })

  it('says why it shows nothing where the server says it', async () => {
    const body = JSON.stringify({ error: { message: 'too many dashboards are open' } })
    await page.route('**/dashboard/events', (route) => route.fulfill({ status: 503, body }))
    await page.fill('input[name=key]', ADMIN_KEY)
    await page.click('button[type=submit]')
    await becomes('[role=status]', 'too many dashboards are open. It is asked again.')
    await page.unroute('**/dashboard/events')
    await becomes('header [role=status]', /^live/)
    expect(problems.splice(0).every((problem) => problem.includes('503'))).toBe(true)
  })

  it(
    'does not grow while it is watched',
    async () => {
      await enter()
      // So cheap that the cap of the day lasts for a long session.
      const settle = () => server.router.settle(server.router.route('hello').id, { costUsd: 0.00001 })
      const session = await page.context().newCDPSession(page)
      // Until rings and lists are full, they grow: that is what they are for.
      for (let i = 0; i < 1100; i++) settle()
      await becomes('[data-tile="requests"]', new RegExp(`^${count(1100)}$`))
      const before = await heapOf(page, session)
      const end = Date.now() + SESSION_MS
      while (Date.now() < end) {
        for (let i = 0; i < 40; i++) settle()
        await page.waitForTimeout(500)
      }
      const after = await heapOf(page, session)
      expect(after - before).toBeLessThan(GROWTH_BYTES_MAX)
    },
    SESSION_MS + START_MS_MAX,
  )
})

/** A way to a server that can be cut without either side hearing of it. */
async function wireTo(url: string) {
  const sockets = new Set<Socket>()
  let isCut = false
  const wire = createServer((near) => {
    const far = connect(Number(new URL(url).port), '127.0.0.1')
    const pass = (to: Socket) => (bytes: Buffer) => {
      if (!isCut) to.write(bytes)
    }
    near.on('data', pass(far))
    far.on('data', pass(near))
    for (const [one, other] of [
      [near, far],
      [far, near],
    ]) {
      sockets.add(one)
      one.on('error', () => {})
      one.on('close', () => other.destroy())
    }
  })
  await new Promise<void>((resolve) => wire.listen(0, '127.0.0.1', resolve))
  const address = wire.address()
  if (address === null || typeof address === 'string') throw new Error('expected an address with a port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    cut: () => {
      isCut = true
    },
    mend: () => {
      isCut = false
    },
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => wire.close(resolve))
    },
  }
}

/** Bytes of the page's heap that are in use. */
async function heapOf(page: Page, session: CDPSession): Promise<number> {
  await page.evaluate('gc()')
  await session.send('HeapProfiler.collectGarbage')
  const { usedSize } = await session.send('Runtime.getHeapUsage')
  return usedSize
}
