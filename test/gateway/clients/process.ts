import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import OpenAI from 'openai'
import { request } from 'undici'
import type { RouterStats } from '../../../src/index.js'
import { BIN } from '../../cli/support.js'
import type { Tree } from '../config/example.js'
import { ADMIN_KEY, CLIENT_KEY, UPSTREAM_KEY } from './gateway.js'

/** A gateway in a process of its own, as operators run it. */
export interface GatewayProcess {
  readonly url: string
  readonly pid: number
  /** All lines that it has written to standard output. */
  readonly lines: readonly Tree[]
  readonly openai: OpenAI
  /** As a crash does. */
  kill(): Promise<void>
  /** As an operator does. @returns its exit code */
  end(): Promise<number | null>
  admin(path: string): Promise<Tree>
  stats(): Promise<RouterStats>
}

/** @param file a config; the store of it is in `folder`, or elsewhere */
export async function startProcess(folder: string, file: string, env: Tree = {}): Promise<GatewayProcess> {
  const child: ChildProcess = spawn(process.execPath, [BIN, 'serve', file], {
    cwd: folder,
    env: { ...process.env, CLIENT_KEY, ADMIN_KEY, UPSTREAM_KEY, ...(env as Record<string, string>) },
  })
  const lines: Tree[] = []
  let output = ''
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (text) => {
      const line = JSON.parse(text) as Tree
      lines.push(line)
      if (line.msg === 'ready') resolve(String(line.url))
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
    child.once('close', () => reject(new Error(`it ended: ${output}${JSON.stringify(lines)}`)))
  })
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const admin = async (path: string) => {
    const headers = { authorization: `Bearer ${ADMIN_KEY}` }
    // No connection stays: tests count them.
    const { body } = await request(`${url}/admin${path}`, { headers, reset: true })
    return (await body.json()) as Tree
  }
  return {
    url,
    pid: child.pid ?? 0,
    lines,
    openai: new OpenAI({ apiKey: CLIENT_KEY, baseURL: `${url}/v1`, maxRetries: 0 }),
    kill: () => {
      child.kill('SIGKILL')
      return exited
    },
    end: () =>
      new Promise((resolve) => {
        child.once('exit', (code) => resolve(code))
        child.kill('SIGTERM')
      }),
    admin,
    stats: async () => (await admin('/stats')) as unknown as RouterStats,
  }
}
