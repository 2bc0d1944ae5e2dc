// npm run bench:playground
// Plays in headless Chromium at several speeds, and says how many requests a second were played and how long frames took.
// Two routers decide on each request: policy dollar and policy paper.
import { fileURLToPath } from 'node:url'
import { launchChromium } from '../../scripts/chromium.mjs'
import { buildPlayground } from '../../scripts/site/playground.mjs'
import { serveFolder } from '../../scripts/static-server.mjs'

const SPEEDS = [1000, 10_000, 1_000_000]
const WARM_MS = 2000
const MEASURED_MS = 6000
const folder = fileURLToPath(new URL('../../build/bench-playground', import.meta.url))

/** Runs in the page: requests shown at both ends of the span, and the times between frames. */
const MEASURE = `new Promise((resolve) => {
  const shown = () => Number(document.querySelector('#requests').textContent.replaceAll(',', ''))
  const before = shown()
  const start = performance.now()
  const gaps = []
  let last = start
  const frame = () => {
    const now = performance.now()
    gaps.push(now - last)
    last = now
    if (now - start < ${MEASURED_MS}) requestAnimationFrame(frame)
    else resolve({ perSecond: ((shown() - before) * 1000) / (now - start), gaps: gaps.sort((a, b) => a - b) })
  }
  requestAnimationFrame(frame)
})`

await buildPlayground(folder)
const { server, url } = await serveFolder(folder)
const browser = await launchChromium()
try {
  console.log('asked, requests/s   played, requests/s   frame, median ms   95 %   99 %')
  for (const speed of SPEEDS) {
    const page = await browser.newPage({ viewport: { width: 1200, height: 900 } })
    await page.goto(`${url}#rate=${speed}`)
    await page.locator('#requests').waitFor()
    await page.waitForTimeout(WARM_MS)
    const { perSecond, gaps } = await page.evaluate(MEASURE)
    const at = (share) => gaps[Math.min(gaps.length - 1, Math.floor(share * gaps.length))].toFixed(1)
    const asked = speed === 1_000_000 ? 'as fast as it goes' : speed.toLocaleString('en')
    const cells = [
      asked.padStart(18),
      Math.round(perSecond).toLocaleString('en').padStart(21),
      at(0.5).padStart(18),
    ]
    console.log(`${cells.join('')}${at(0.95).padStart(7)}${at(0.99).padStart(7)}`)
    await page.close()
  }
} finally {
  await browser.close()
  server.closeAllConnections()
  server.close()
}
