import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a script of the checkout with Node. */
export async function runScript(script: string, ...args: readonly string[]): Promise<Ran> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [join(ROOT, script), ...args])
    return { code: 0, stdout, stderr }
  } catch (error) {
    const { code = 1, stdout = '', stderr = String(error) } = error as Partial<Ran>
    return { code, stdout, stderr }
  }
}

let site: Promise<string> | null = null

/** The site as `npm run site` builds it: once a process, in a folder that goes with it. @returns the folder */
export function builtSite(): Promise<string> {
  site ??= build()
  return site
}

async function build(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'paretobandit-site-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const { code, stderr } = await runScript('scripts/site.mjs', '--out', join(folder, 'site'))
  if (code !== 0) throw new Error(`npm run site: ${stderr}`)
  return join(folder, 'site')
}

/** Runs `npm run playground` without opening a browser until `use` is done. @param use gets the address that it prints */
export async function withPlayground(use: (url: string) => Promise<void>): Promise<void> {
  const child = spawn(process.execPath, [join(ROOT, 'scripts/playground.mjs'), '--no-open'])
  try {
    const url = await new Promise<string>((resolve, reject) => {
      let printed = ''
      child.stdout.on('data', (data) => {
        printed += data
        const found = /^playground: (\S+)/m.exec(printed)
        if (found !== null) resolve(found[1])
      })
      child.once('exit', (code) => reject(new Error(`ended with ${code}: ${printed}`)))
    })
    await use(url)
  } finally {
    child.kill()
  }
}

/** Serves a folder under a path, as a static host does. */
export async function serveSite(folder: string): Promise<{ readonly server: Server; readonly url: string }> {
  const { serveFolder } = await import(new URL('../../scripts/static-server.mjs', import.meta.url).href)
  return serveFolder(folder, 0, '/some/where/')
}
