import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { linkResponse } from '../../../src/rewards/links/link-page.js'
import { type LinkClaim, thumbLinks } from '../../../src/rewards/links/links.js'
import { THUMBS_SCRIPT, thumbsHtml } from '../../../src/rewards/links/thumbs.js'
import { HAS_CHROMIUM, launchChromium, START_MS_MAX, tellOfMissingChromium } from '../../support/chromium.js'

const LINKS = { secret: 'x'.repeat(32) }
const bytes = (text: string) => Buffer.byteLength(text)

describe('the snippet of a page', () => {
  it('is under 1 KB, as a script and as a whole', async () => {
    expect(bytes(THUMBS_SCRIPT)).toBeLessThan(1024)
    const links = await thumbLinks('r1.1234567', 'https://llm.example.com/f/', LINKS)
    expect(bytes(thumbsHtml(links, { nonce: 'r4nd0m' }))).toBeLessThan(1024)
    expect(bytes(thumbsHtml(links, { src: 'https://llm.example.com/f/thumbs.js' }))).toBeLessThan(512)
  })

  it('makes no style, evaluates nothing and writes no HTML', () => {
    expect(THUMBS_SCRIPT).not.toMatch(/style|eval|innerHTML|document\.write|insertAdjacent|<\//)
  })

  it('escapes whatever it is given, and takes addresses alone', () => {
    const up = `/f/"><img src=x onerror='alert(1)'>&`
    const html = thumbsHtml({ up, down: '/f/b' }, { nonce: '"><b>' })
    expect(html).not.toMatch(/<img|<b>|'alert/)
    expect(html).toContain('data-thumb-up="/f/&quot;&gt;&lt;img src=x onerror=&#39;alert(1)&#39;&gt;&amp;"')
    for (const bad of ['javascript:alert(1)', '//other.example.com/f', 'data:text/html,x', '', 7, null])
      for (const links of [
        { up: bad, down: '/f/b' },
        { up: '/f/a', down: bad },
      ])
        expect(() => thumbsHtml(links as never)).toThrow(
          expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
        )
    expect(() => thumbsHtml(null as never)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    expect(() => thumbsHtml({ up: '/a', down: '/b' }, { src: 'javascript:1' })).toThrow(
      expect.objectContaining({ field: 'src' }),
    )
  })
})

tellOfMissingChromium('thumbs were not pressed in a browser')
describe.skipIf(!HAS_CHROMIUM)('a page with thumbs, under a strict content security policy', () => {
  const claims: LinkClaim[] = []
  const problems: string[] = []
  let browser: Browser
  let page: Server
  let gateway: Server

  beforeAll(async () => {
    gateway = createServer(async ({ url = '', method = '' }, response) => {
      const answer = await linkResponse(method, url.slice('/f/'.length), LINKS, Date.now(), async (claim) => {
        claims.push(claim)
        return true
      })
      response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text())
    })
    const origin = await listening(gateway)
    page = createServer(async ({ url }, response) => {
      const policy = `default-src 'none'; script-src 'nonce-n1' 'self'; connect-src ${origin}`
      if (url === '/thumbs.js') {
        response.writeHead(200, { 'content-type': 'text/javascript' }).end(THUMBS_SCRIPT)
        return
      }
      const links = await thumbLinks(`d${url}`, `${origin}/f/`, LINKS)
      const html = thumbsHtml(links, url === '/src' ? { src: '/thumbs.js' } : { nonce: 'n1' })
      response.writeHead(200, {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': policy,
      })
      response.end(`<!doctype html><title>x</title>${html}`)
    })
    await listening(page)
    browser = await launchChromium()
  }, 1.25 * START_MS_MAX)
  afterAll(async () => {
    await browser.close()
    for (const server of [page, gateway]) server.close()
  })

  it.each([
    ['/src', 'Good answer', 1],
    ['/nonce', 'Bad answer', 0],
  ])('posts the thumb that is pressed, once: %s', async (path, name, value) => {
    const { port } = page.address() as AddressInfo
    const shown = await browser.newPage()
    shown.on('console', (message) => problems.push(message.text()))
    shown.on('pageerror', (error) => problems.push(String(error)))
    await shown.goto(`http://127.0.0.1:${port}${path}`)
    await shown.getByRole('button', { name }).click()
    await shown.getByText('Thank you.').waitFor()
    expect(await shown.getByRole('button').count()).toBe(0)
    expect(claims).toContainEqual({ decision: `d${path}`, value })
    expect(problems.filter((text) => !text.includes('favicon'))).toEqual([])
    await shown.close()
  })

  it('counts what was posted alone', () => {
    expect(claims).toHaveLength(2)
  })
})

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
