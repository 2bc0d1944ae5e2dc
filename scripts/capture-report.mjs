// Opens a report in headless Chromium and saves pictures of it: two widths, light and dark.
// Usage: node scripts/capture-report.mjs report.html OUT_DIR     (CHROMIUM_PATH overrides /usr/bin/chromium)
import { mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'

const [file, folder] = process.argv.slice(2)
if (file === undefined || folder === undefined) {
  console.error('usage: node scripts/capture-report.mjs report.html OUT_DIR')
  process.exit(2)
}
mkdirSync(folder, { recursive: true })
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
})
for (const width of [1200, 420]) {
  for (const colorScheme of ['light', 'dark']) {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme })
    const requests = []
    page.on('request', (request) => requests.push(request.url()))
    await page.goto(pathToFileURL(resolve(file)).href)
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    const path = resolve(folder, `report-${width}-${colorScheme}.png`)
    await page.screenshot({ path, fullPage: true })
    console.log(`${path}: ${requests.length} request, ${overflow > 0 ? `${overflow} px too wide` : 'fits'}`)
    await page.close()
  }
}
await browser.close()
