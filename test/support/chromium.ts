import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'
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
