// Draws docs/img/playground.png: the playground after a price has dropped and a model has broken. Always the same
// requests: a page where less motion is asked for plays only what is asked of it.
import { fileURLToPath } from 'node:url'
import { launchChromium } from './chromium.mjs'
import { buildPlayground } from './site/playground.mjs'
import { serveFolder } from './static-server.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const WIDTH = 1120
/** Thousands of requests before the price drop, after it, and after the model broke. */
const ACTS = [
  [4, '#drop-price'],
  [3, '#break-model'],
  [4, null],
]

const folder = `${root}build/playground-picture`
await buildPlayground(folder)
const { server, url } = await serveFolder(folder)
const browser = await launchChromium()
try {
  const options = {
    viewport: { width: WIDTH, height: 1800 },
    deviceScaleFactor: 1.25,
    reducedMotion: 'reduce',
  }
  const page = await browser.newPage(options)
  await page.goto(url)
  let played = 0
  for (const [thousands, button] of ACTS) {
    for (let i = 0; i < thousands; i++) {
      await page.click('#step')
      played += 1000
      await page.getByText(played.toLocaleString('en'), { exact: true }).first().waitFor()
    }
    if (button !== null) await page.click(button)
  }
  await page.evaluate('document.activeElement.blur(); scrollTo(0, 0)')
  await page.mouse.move(0, 0)
  const next = await page.locator('.charts figure').nth(4).boundingBox()
  const path = `${root}docs/img/playground.png`
  await page.screenshot({
    path,
    clip: { x: 0, y: 0, width: WIDTH, height: Math.floor(next.y - 12) },
  })
  console.log(path)
} finally {
  await browser.close()
  server.closeAllConnections()
  server.close()
}
