// Makes docs/img/dashboard.png: the dashboard of the demo after two minutes. `--all FOLDER` makes whole pages besides, at 400, 900 and
// 1,600 px, in light and in dark, to be looked at.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { chromium } from 'playwright-core'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const { values: flags } = parseArgs({
  options: { all: { type: 'string' }, seconds: { type: 'string', default: '115' } },
})
const OUT = 'docs/img/dashboard.png'
const SIZE = { width: 1440, height: 1290 }

const demo = spawn(process.execPath, ['dist/cli/main.js', 'serve', '--demo', '--port', '0'], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
let said = ''
demo.stdout.setEncoding('utf8').on('data', (text) => {
  said += text
})
while (!/admin key +\S+\n/.test(said)) await wait(100)
const [, url] = /dashboard +(\S+)/.exec(said)
const [, key] = /admin key +(\S+)/.exec(said)
console.log(`the demo plays for ${flags.seconds} s ...`)

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu'],
})
try {
  const watching = await open(1440, 'light')
  await wait(1000 * Number(flags.seconds))
  await watching.screenshot({ path: OUT, clip: { x: 0, y: 0, ...SIZE } })
  console.log(`wrote ${OUT}`)
  if (flags.all !== undefined) {
    await mkdir(flags.all, { recursive: true })
    for (const width of [400, 900, 1600])
      for (const scheme of ['light', 'dark']) {
        const page = await open(width, scheme)
        await page.waitForSelector('[data-figure="what-if-cost"]')
        await page.locator('#decisions-panel tbody button').first().click()
        await page.waitForSelector('[data-explained]')
        await page.screenshot({ path: join(flags.all, `${width}-${scheme}.png`), fullPage: true })
        await page.context().close()
      }
    console.log(`wrote ${flags.all}`)
  }
} finally {
  await browser.close()
  demo.kill('SIGTERM')
  await once(demo, 'close')
}

async function open(width, colorScheme) {
  const context = await browser.newContext({ viewport: { width, height: SIZE.height }, colorScheme })
  const page = await context.newPage()
  await page.goto(url)
  await page.fill('input[name=key]', key)
  await page.click('button[type=submit]')
  await page.waitForSelector('#decisions-panel')
  return page
}
