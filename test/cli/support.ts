import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect } from 'vitest'
import { crc32 } from '../../src/base/checksum.js'
import type { LogInspection } from '../../src/cli/state/log-inspection.js'
import { beginLog } from '../../src/cli/state/new-log.js'
import type { Settings } from '../../src/cli/state/settings.js'
import { createRouter } from '../../src/index.js'
import type { PolicyName } from '../../src/policy/policies.js'
import type { RouterStats } from '../../src/router/stats.js'
import { type Result, runHere } from './run-here.js'

/** The built bin. */
export const BIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
export const GOLDEN = fileURLToPath(new URL('../golden/', import.meta.url))

export const MODELS = [
  { id: 'small', inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.1 },
  { id: 'middle', inputUsdPerMTok: 0.5, outputUsdPerMTok: 1.5 },
  { id: 'large', inputUsdPerMTok: 2.5, outputUsdPerMTok: 10 },
] as const

/** A folder of its own for each test of a file, removed afterwards. */
export class Folder {
  path = ''

  constructor() {
    beforeEach(async () => {
      this.path = await mkdtemp(join(tmpdir(), 'paretobandit-'))
    })
    afterEach(async () => {
      await rm(this.path, { recursive: true, force: true })
    })
  }

  /** Writes a file: text and bytes as they are, anything else as JSON. @returns its path */
  async write(name: string, content: unknown): Promise<string> {
    const path = join(this.path, name)
    const raw = typeof content === 'string' || content instanceof Uint8Array
    await writeFile(path, raw ? content : JSON.stringify(content))
    return path
  }

  read(name: string): Promise<Buffer> {
    return readFile(join(this.path, name))
  }

  /** Runs a command in this folder and this process; one at a time, since they share its output. */
  run(args: readonly string[], input = ''): Promise<Result> {
    return runHere(this.path, args, input)
  }

  /** Runs the bin in this folder, in a process of its own. */
  spawn(args: readonly string[], input = ''): Promise<Result> {
    if (!existsSync(BIN)) throw new Error(`${BIN} is missing: run 'npm run build'`)
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [BIN, ...args], { cwd: this.path })
      const output = { stdout: '', stderr: '' }
      for (const stream of ['stdout', 'stderr'] as const) {
        child[stream].setEncoding('utf8').on('data', (text: string) => {
          output[stream] += text
        })
      }
      child.on('error', reject)
      child.on('close', (code) => resolve({ code, ...output }))
      // A command that reads no input may be gone before it is written.
      child.stdin.on('error', () => {})
      child.stdin.end(input)
    })
  }

  /** `run` that has to succeed, without a word on stderr. @returns what it printed */
  async ok(args: readonly string[], input = ''): Promise<string> {
    return expectOk(await this.run(args, input))
  }

  /** `spawn` that has to succeed, without a word on stderr. @returns what it printed */
  async spawnOk(args: readonly string[], input = ''): Promise<string> {
    return expectOk(await this.spawn(args, input))
  }

  /** `run` that has to be refused: exit code 2, one line on stderr that matches, nothing on stdout. */
  async refused(args: readonly string[], message: RegExp, input = ''): Promise<void> {
    expectRefused(await this.run(args, input), message)
  }

  /** `spawn` that has to be refused likewise. */
  async spawnRefused(args: readonly string[], message: RegExp, input = ''): Promise<void> {
    expectRefused(await this.spawn(args, input), message)
  }

  /** A log as `route` leaves it after `count` prompts, and models.json beside it. @returns its name */
  async kept(count = 1, name = 'router.state', policy: PolicyName = 'dollar'): Promise<string> {
    await this.write('models.json', { models: MODELS })
    const router = await createRouter({ name: 'r', policy, models: MODELS, budget: { usdPerRequest: 0.002 } })
    for (let i = 0; i < count; i++) router.route(`prompt ${i}`)
    const mode = policy === 'paper' ? 'adaptive' : null
    const settings = { policy, mode, alpha: 0.05, seed: 0, epsilon: 0 } as const
    await beginLog(join(this.path, name), router.snapshot(), {}, settings)
    return name
  }

  /** What `inspect` tells of a log. */
  async inspect(log: string, ...flags: string[]): Promise<LogInspection> {
    return JSON.parse(await this.ok(['inspect', log, '--json', ...flags]))
  }

  /** State, settings and events of a log: equal where nothing has happened in between. */
  async contents(log: string): Promise<unknown> {
    const { sha256, positions, settings, latest } = await this.inspect(log)
    return { sha256, positions, settings, latest }
  }

  async stats(state: string): Promise<RouterStats> {
    return JSON.parse(await this.ok(['stats', '--state', state, '--json']))
  }
}

function expectOk(result: Result): string {
  expect(result).toMatchObject({ code: 0, stderr: '' })
  return result.stdout
}

function expectRefused({ code, stdout, stderr }: Result, message: RegExp): void {
  expect({ code, stdout }, stderr).toEqual({ code: 2, stdout: '' })
  expect(stderr).toMatch(/^paretobandit: [^\n]+\n$/)
  expect(stderr).toMatch(message)
}

/** A state file as releases before logs wrote it. */
export function encodeState(settings: Settings, snapshot: Uint8Array): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(settings))
  const bytes = new Uint8Array(16 + json.length + snapshot.length)
  bytes.set(json, 16)
  bytes.set(snapshot, 16 + json.length)
  const view = new DataView(bytes.buffer)
  for (const [i, value] of [0x54534250, 1, json.length].entries()) view.setUint32(4 * i, value, true)
  view.setUint32(12, crc32(bytes.subarray(16), crc32(bytes.subarray(0, 12))), true)
  return bytes
}
