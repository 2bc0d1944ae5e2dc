// Opens a report in headless Chromium and saves pictures of it: two widths, light and dark.
// Usage: node scripts/capture-report.mjs report.html OUT_DIR     (CHROMIUM_PATH overrides /usr/bin/chromium)
//        node scripts/capture-report.mjs report.html FILE.png SELECTOR     one element, for docs/img
import { mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { launchChromium } from './chromium.mjs'

const [file, target, selector] = process.argv.slice(2)
if (file === undefined || target === undefined) {
  console.error('usage: node scripts/capture-report.mjs report.html OUT_DIR | FILE.png SELECTOR')
  process.exit(2)
}
const browser = await launchChromium()
if (selector === undefined) await captureAll(target)
else await captureOne(target, selector)
await browser.close()

async function captureAll(folder) {
  mkdirSync(folder, { recursive: true })
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
}

async function captureOne(path, element) {
  mkdirSync(dirname(path), { recursive: true })
  const page = await browser.newPage({ viewport: { width: 1200, height: 900 }, deviceScaleFactor: 1.5 })
  await page.goto(pathToFileURL(resolve(file)).href)
  await page.locator(element).first().screenshot({ path })
  console.log(path)
}
