import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'

export const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
export const HAS_CHROMIUM = existsSync(CHROMIUM)
export const CHROMIUM_ARGUMENTS: readonly string[] = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
/** Of a cold start of the browser on a busy machine; nothing is measured. */
export const START_MS_MAX = 120_000

/** Where there is no browser it says what was not done; where there has to be one (env CI), a test fails. */
export function needsChromium(undone: string): void {
  if (HAS_CHROMIUM) return
  const message = `no Chromium at ${CHROMIUM} (set CHROMIUM_PATH): ${undone}`
  console.warn(`SKIPPED: ${message}`)
  it.runIf(process.env.CI !== undefined)('needs a browser when env CI is set', () => {
    expect.fail(message)
  })
}
