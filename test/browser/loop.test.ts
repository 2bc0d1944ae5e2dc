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

/** The core as a browser gets it: no shims, so anything of Node's would fail to bundle. */
async function bundle(): Promise<OutputFile[]> {
  const { outputFiles } = await build({
    entryPoints: [join(HERE, 'scenario.ts')],
    outdir: HERE,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    splitting: true,
    write: false,
    logLevel: 'error',
  })
  return outputFiles
}

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
    server = createServer((request, response) => {
      const contents = files.get(request.url ?? '')
      if (contents !== undefined) response.writeHead(200, { 'content-type': 'text/javascript' }).end(contents)
      else if (request.url === '/')
        response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>')
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
})
