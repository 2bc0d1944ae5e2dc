import { existsSync } from 'node:fs'
import { type Browser, chromium, type Page } from 'playwright-core'
import { expect, it } from 'vitest'

const PATH = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
export const HAS_CHROMIUM = existsSync(PATH)
/** Of a cold start of the browser on a busy machine; nothing is measured. */
export const START_MS_MAX = 120_000

const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** @param more arguments than the usual ones: `--js-flags=--expose-gc` */
export function launchChromium(more: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: PATH, args: [...ARGUMENTS, ...more], timeout: START_MS_MAX })
}

/** Says that tests are skipped for want of a browser; where env CI is set that is a failure. */
export function tellOfMissingChromium(what: string): void {
  if (HAS_CHROMIUM) return
  const message = `no Chromium at ${PATH} (set CHROMIUM_PATH): ${what}`
  console.warn(`SKIPPED: ${message}`)
  it.runIf(process.env.CI !== undefined)('needs a browser when env CI is set', () => {
    expect.fail(message)
  })
}

export interface Look {
  readonly viewport?: { readonly width: number; readonly height: number }
  readonly colorScheme?: 'light' | 'dark'
  readonly reducedMotion?: 'reduce' | 'no-preference'
}

/**
 * Makes a page as good as new, for a test that loads it: a page of its own would have another process and compile its
 * script again, which takes most of the time of a test. What is in its storage, and who listens to it, stays.
 */
export async function emptyPage(page: Page, look: Look = {}): Promise<void> {
  const { viewport = { width: 1280, height: 900 }, colorScheme = 'light' } = look
  await page.unrouteAll({ behavior: 'ignoreErrors' })
  await page.goto('about:blank')
  await page.setViewportSize(viewport)
  await page.emulateMedia({
    media: 'screen',
    colorScheme,
    reducedMotion: look.reducedMotion ?? 'no-preference',
  })
  await page.mouse.move(0, 0)
}
