import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'vitest'

const PATH = ['firefox-esr', 'firefox'].find(
  (name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0,
)
const FOUND = process.env.FIREFOX_PATH ?? PATH
export const HAS_FIREFOX = FOUND !== undefined

/** What a first start would ask or load. */
const PREFERENCES = {
  'app.update.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.aboutwelcome.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'toolkit.telemetry.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
}

/** A headless Firefox with a profile of its own. */
export interface Firefox {
  readonly child: ChildProcess
  close(): Promise<void>
}

/** Opens an address: without a driver, so the page itself has to say what it sees. */
export function openFirefox(url: string): Firefox {
  const profile = mkdtempSync(join(tmpdir(), 'paretobandit-firefox-'))
  const lines = Object.entries(PREFERENCES).map(([name, value]) => `user_pref("${name}", ${value});`)
  writeFileSync(join(profile, 'user.js'), lines.join('\n'))
  const child = spawn(FOUND ?? 'firefox', ['--headless', '--no-remote', '--profile', profile, url], {
    stdio: 'ignore',
    env: { ...process.env, HOME: profile },
  })
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  return {
    child,
    async close() {
      child.kill()
      await ended
      rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
    },
  }
}

/** Says that tests are skipped for want of Firefox; where env PARETOBANDIT_REQUIRE_FIREFOX is set that is a failure. */
export function tellOfMissingFirefox(what: string): void {
  if (HAS_FIREFOX) return
  console.warn(`SKIPPED: no Firefox in the path (set FIREFOX_PATH): ${what}`)
  it.runIf(process.env.PARETOBANDIT_REQUIRE_FIREFOX !== undefined)('needs Firefox', ({ expect }) => {
    expect.fail('no Firefox')
  })
}
