import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type OutputFile } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HAS_CHROMIUM, launchChromium, START_MS_MAX, tellOfMissingChromium } from '../support/chromium.js'
import { type Outcome, runLoop } from './scenario.js'

const HERE = fileURLToPath(new URL('.', import.meta.url))

tellOfMissingChromium('the loop was not run in a browser')

const OPTIONS = {
  outdir: HERE,
  bundle: true,
  platform: 'browser',
  target: 'es2022',
  write: false,
  logLevel: 'error',
} as const

/** The core as a browser gets it: no shims, so anything of Node's would fail to bundle. */
async function bundle(): Promise<OutputFile[]> {
  const entryPoints = [join(HERE, 'scenario.ts')]
  const { outputFiles } = await build({ ...OPTIONS, entryPoints, format: 'esm', splitting: true })
  return outputFiles
}

/** A service worker that runs the loop. Such workers may import nothing later, so it is one file. */
async function serviceWorker(): Promise<Uint8Array> {
  const contents = `
    import { runLoop } from './scenario.js'
    addEventListener('message', (event) =>
      event.waitUntil(runLoop(event.data).then((outcome) => event.source.postMessage(outcome))))`
  const stdin = { contents, resolveDir: HERE, sourcefile: 'service-worker.js' }
  const { outputFiles } = await build({ ...OPTIONS, stdin, format: 'iife' })
  return outputFiles[0].contents
}

/** What a page may run, and the kernel that it gets. */
const SECURITY_POLICIES = [
  ['no code that is compiled', "default-src 'none'; script-src 'self'", 'js'],
  ['compiled WebAssembly alone', "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'", 'wasm'],
] as const

describe('the core bundled for a browser', () => {
  it('keeps the default encoder in a chunk of its own', async () => {
    const files = await bundle()
    const scenario = files.find(({ path }) => path.endsWith('scenario.js'))
    const entry = scenario?.text ?? ''
    expect(entry).toMatch(/import\("\.\/default-encoder-[A-Z0-9]+\.js"\)/)
    const encoder = files.find(({ path }) => basename(path).startsWith('default-encoder-'))
    expect(encoder?.contents.length).toBeGreaterThan(entry.length / 4)
    expect(entry).not.toContain('DEFAULT_PCA_BASE64')
    for (const { text } of files) expect(text).not.toMatch(/from\s*"node:|require\("/)
  })
})

describe.runIf(HAS_CHROMIUM)('in headless Chromium', () => {
  let server: Server
  let browser: Browser
  let page: Page
  const problems: string[] = []

  beforeAll(async () => {
    const files = new Map((await bundle()).map(({ path, contents }) => [`/${basename(path)}`, contents]))
    files.set('/service-worker.js', await serviceWorker())
    const pages = new Map<string, Record<string, string>>([['/', {}]])
    for (const [, policy, kernel] of SECURITY_POLICIES)
      pages.set(`/${kernel}`, { 'content-security-policy': policy })
    server = createServer((request, response) => {
      const contents = files.get(request.url ?? '')
      const headers = pages.get(request.url ?? '')
      if (contents !== undefined) response.writeHead(200, { 'content-type': 'text/javascript' }).end(contents)
      else if (headers !== undefined)
        response.writeHead(200, { ...headers, 'content-type': 'text/html' }).end('<!doctype html>')
      else response.writeHead(404).end()
    })
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    const { port } = server.address() as AddressInfo
    browser = await launchChromium()
    page = await browser.newPage()
    page.on('pageerror', (error) => problems.push(error.message))
    await page.goto(`http://127.0.0.1:${port}/`)
  }, START_MS_MAX)

  afterAll(async () => {
    await browser?.close()
    await new Promise((resolve) => {
      server?.close(resolve)
    })
  })

  it.each(['js', 'wasm'] as const)(
    'the loop gives what it gives in Node, kernel %s',
    async (kernel) => {
      // As text: a function would be sent as the test runner has rewritten it.
      const outcome: Outcome = await page.evaluate(
        `import('/scenario.js').then((scenario) => scenario.runLoop('${kernel}'))`,
      )
      expect(outcome).toEqual(await runLoop(kernel))
      expect(outcome).toMatchObject({ kernel, chosenByExplanation: 'the best', errorCode: 'ALREADY_SETTLED' })
      expect(new Set(outcome.vectorModels).size).toBe(4)
      expect(problems).toEqual([])
    },
    START_MS_MAX,
  )

  it.each(SECURITY_POLICIES.map(([what, , kernel]) => [what, kernel] as const))(
    'the loop runs under a security policy that allows %s, by kernel %s',
    async (_, kernel) => {
      const guarded = await browser.newPage()
      await guarded.goto(`${new URL(`/${kernel}`, page.url())}`)
      const outcome: Outcome = await guarded.evaluate(
        `import('/scenario.js').then((scenario) => scenario.runLoop('auto'))`,
      )
      await guarded.close()
      expect(outcome).toEqual(await runLoop(kernel))
    },
    START_MS_MAX,
  )

  it(
    'the loop runs in a service worker, bundled as one file',
    async () => {
      const outcome: Outcome = await page.evaluate(`(async () => {
        await navigator.serviceWorker.register('/service-worker.js')
        const { active } = await navigator.serviceWorker.ready
        const answer = new Promise((resolve) => {
          navigator.serviceWorker.onmessage = ({ data }) => resolve(data)
        })
        active.postMessage('wasm')
        return answer
      })()`)
      expect(outcome).toEqual(await runLoop('wasm'))
      expect(problems).toEqual([])
    },
    START_MS_MAX,
  )
})
