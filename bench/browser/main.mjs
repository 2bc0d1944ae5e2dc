// npm run bench:browser -- [--json FILE] [--serve] [--port N]
// Bundles the page to build/bench-browser and runs it in headless Chromium (CHROMIUM_PATH, default /usr/bin/chromium),
// or with --serve only serves it. Exits 1 where there is no Chromium, 2 for a bad flag.
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { bundle } from '../../scripts/bundle-run.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = new URL('../../build/bench-browser/', import.meta.url)
const chromiumPath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
const MINUTES_MAX = 10
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript' }

const flags = readFlags()
if (flags.serve) await serveForPeople()
else if (existsSync(chromiumPath)) await measure()
else fail(`no Chromium at ${chromiumPath}: set CHROMIUM_PATH, or open the page yourself with --serve`, 1)

async function serveForPeople() {
  await bundlePage()
  const { url } = await serve(flags.port)
  console.log(`open ${url} (ctrl-c ends)`)
}

async function measure() {
  await bundlePage()
  const { server, url } = await serve(flags.port)
  const { chromium } = await import('playwright-core')
  const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync']
  const browser = await chromium.launch({
    executablePath: chromiumPath,
    args: [...args, '--disable-background-networking', '--disable-component-update'],
  })
  try {
    const page = await browser.newPage()
    await page.goto(url)
    const isDone = () => window.benchReport !== undefined || window.benchError !== undefined
    await page.waitForFunction(isDone, null, { timeout: MINUTES_MAX * 60_000, polling: 500 })
    const { report, error } = await page.evaluate(() => ({
      report: window.benchReport,
      error: window.benchError,
    }))
    if (report === undefined) return fail(error, 1)
    await print(report)
  } finally {
    await browser.close()
    server.close()
  }
}

async function print(report) {
  const table = await bundle('bench-table', { table: 'bench/table.ts' })
  const { tableHead, tableLine } = await import(new URL('table.mjs', table).href)
  console.log(`${report.machine}\n\n${tableHead()}`)
  for (const row of report.rows) console.log(tableLine(row))
  if (flags.json !== undefined) writeFileSync(flags.json, `${JSON.stringify(report, null, 2)}\n`)
}

async function bundlePage() {
  await build({
    absWorkingDir: root,
    entryPoints: ['bench/browser/page.ts'],
    outdir: fileURLToPath(folder),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'warning',
  })
  copyFileSync(new URL('index.html', import.meta.url), new URL('index.html', folder))
}

/** With the headers that make the page isolated: its clock is finer then. */
async function serve(port) {
  const server = createServer((request, response) => {
    const name = (request.url ?? '/').slice(1).split('?')[0] || 'index.html'
    const type = TYPES[extname(name)]
    if (type === undefined || !/^[\w.-]+$/.test(name) || !existsSync(new URL(name, folder))) {
      response.writeHead(404).end()
      return
    }
    response.writeHead(200, {
      'content-type': type,
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
    })
    response.end(readFileSync(new URL(name, folder)))
  })
  await new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
  return { server, url: `http://127.0.0.1:${server.address().port}/` }
}

function readFlags() {
  try {
    const options = { json: { type: 'string' }, serve: { type: 'boolean' }, port: { type: 'string' } }
    const { values } = parseArgs({ options })
    const port = Number(values.port ?? 0)
    if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error('--port: expected 0 to 65535')
    return { json: values.json, serve: values.serve === true, port }
  } catch (error) {
    const usage = 'usage: npm run bench:browser -- [--json FILE] [--serve] [--port N]'
    fail(`${error.message.split('. ')[0]}; ${usage}`, 2)
    return process.exit()
  }
}

function fail(message, code) {
  console.error(message)
  process.exitCode = code
}
