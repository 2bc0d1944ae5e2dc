import { cp, readdir, readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PartialPlan } from '../../src/gateway/node/simulated/plan.js'
import type { Upstream } from '../../src/gateway/node/simulated/upstream.js'
import { Application, PACK_MS_MAX } from '../packaging/packed.js'
import { HAS_CHROMIUM, launchChromium, START_MS_MAX, tellOfMissingChromium } from '../support/chromium.js'
import { startProvider } from './provider.js'

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url))
tellOfMissingChromium('the page of examples/browser was not opened')

describe('examples/browser, built by Vite without a config', () => {
  let application: Application
  const files = new Map<string, Buffer>()
  let plan: PartialPlan = {}
  let upstream: Upstream
  let server: Server | undefined
  let browser: Browser | undefined
  let page: Page
  const problems: string[] = []

  beforeAll(async () => {
    application = new Application()
    await cp(EXAMPLES, application.path('examples'), { recursive: true })
    const root = application.path('examples/browser')
    await build({ root, configFile: false, logLevel: 'error' })
    for (const name of await readdir(`${root}/dist`, { recursive: true }))
      if (name.includes('.')) files.set(`/${name}`, await readFile(`${root}/dist/${name}`))
    upstream = await startProvider(() => plan)
    if (HAS_CHROMIUM) await open()
  }, START_MS_MAX + PACK_MS_MAX)
  afterAll(async () => {
    await browser?.close()
    server?.closeAllConnections()
    server?.close()
    await upstream?.close()
    application?.remove()
  })

  async function open(): Promise<void> {
    const site = pageServer(files, upstream)
    server = site
    await new Promise<void>((resolve) => {
      site.listen(0, '127.0.0.1', resolve)
    })
    browser = await launchChromium()
    page = await browser.newPage()
    page.on('pageerror', (error) => problems.push(error.message))
    await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`)
  }

  it('is a page with all that it needs, and nothing of Node’s', () => {
    const page = String(files.get('/index.html'))
    const scripts = [...page.matchAll(/src="(\/assets\/[^"]+\.js)"/g)].map(([, src]) => src)
    expect(scripts).toHaveLength(1)
    expect(files.has(scripts[0])).toBe(true)
    const chunks = [...files.keys()].filter((name) => name.endsWith('.js'))
    expect(chunks.some((name) => basename(name).startsWith('default-encoder-'))).toBe(true)
    for (const name of chunks) expect(String(files.get(name))).not.toMatch(/from\s*"node:|require\(["'`]/)
  })

  async function spentUsd(): Promise<number> {
    const [, usd] =
      /^spent \$([\d.e-]+)$/.exec(String(await page.locator('[name=spent]').textContent())) ?? []
    return Number(usd)
  }

  it.runIf(HAS_CHROMIUM)('is answered, books what the provider counts, and gives a reward', async () => {
    await page.getByRole('button', { name: 'Ask' }).click()
    await page.getByText(/^(small|large): ./).waitFor()
    await page.getByText(/^spent/).waitFor()
    expect(upstream.entries.map(({ ended }) => ended)).toEqual(['answered'])
    expect(Math.abs((await spentUsd()) - upstream.costUsd())).toBeLessThan(1e-9)
    await page.getByRole('button', { name: 'Good' }).click()
    await page.getByText('Thank you').waitFor()
    expect(await page.getByRole('button', { name: 'Bad' }).isDisabled()).toBe(true)
    expect(problems).toEqual([])
  })

  it.runIf(HAS_CHROMIUM)(
    'breaks a call off and books it, and asks another model where one fails',
    async () => {
      const before = await spentUsd()
      plan = { fault: { kind: 'stall-before-headers' } }
      await page.getByRole('button', { name: 'Ask' }).click()
      await upstream.until(({ isStalled }) => isStalled)
      await page.getByRole('button', { name: 'Stop' }).click()
      await page.getByText(/AbortError/).waitFor()
      await upstream.idle()
      const booked = await spentUsd()
      expect(booked).toBeGreaterThan(before)
      plan = { fault: { kind: 'status', status: 500 } }
      await page.getByRole('button', { name: 'Ask' }).click()
      await page.getByText(/^Error: /).waitFor()
      plan = {}
      expect(new Set(upstream.entries.slice(-2).map(({ request }) => request.model)).size).toBe(2)
      expect(await spentUsd()).toBe(booked)
      expect(problems).toEqual([])
    },
  )

  it.runIf(HAS_CHROMIUM)('goes on with what it has learned when it is opened again', async () => {
    const before = await spentUsd()
    await page.reload()
    await page.getByRole('button', { name: 'Ask' }).click()
    await page.getByText(/^(small|large): ./).waitFor()
    expect((await spentUsd()) - before).toBeCloseTo(upstream.entries.at(-1)?.costUsd ?? 0, 12)
    expect(problems).toEqual([])
  })
})

/** The server of a page: its files, and `/v1`, which it passes on to the provider with the key. */
function pageServer(files: ReadonlyMap<string, Buffer>, upstream: Upstream): Server {
  const types: Readonly<Record<string, string>> = { js: 'text/javascript', html: 'text/html' }
  return createServer(async (request, response) => {
    const path = request.url === '/' ? '/index.html' : (request.url ?? '')
    const file = files.get(path)
    if (file !== undefined) {
      const type = types[path.slice(path.lastIndexOf('.') + 1)] ?? 'application/octet-stream'
      return response.writeHead(200, { 'content-type': type }).end(file)
    }
    if (!path.startsWith('/v1/')) return response.writeHead(404).end()
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const left = new AbortController()
    response.once('close', () => left.abort())
    const headers = { 'content-type': 'application/json', authorization: 'Bearer sk-test' }
    const body = Buffer.concat(chunks)
    try {
      const answer = await fetch(upstream.origin + path, {
        method: 'POST',
        headers,
        body,
        signal: left.signal,
      })
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
    } catch {
      response.destroy()
    }
  })
}
