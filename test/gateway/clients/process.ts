import { type ChildProcess, spawn } from 'node:child_process'
import OpenAI from 'openai'
import { BIN } from '../../cli/support.js'
import type { Tree } from '../config/example.js'
import { ADMIN_KEY, CLIENT_KEY, UPSTREAM_KEY } from './gateway.js'

/** A gateway in a process of its own, as operators run it. */
export interface GatewayProcess {
  readonly url: string
  readonly openai: OpenAI
  /** As a crash does. */
  kill(): Promise<void>
  /** As an operator does. @returns its exit code */
  end(): Promise<number | null>
  admin(path: string): Promise<Tree>
}

/** @param file a config; the store of it is in `folder`, or elsewhere */
export async function startProcess(folder: string, file: string, env: Tree = {}): Promise<GatewayProcess> {
  const child: ChildProcess = spawn(process.execPath, [BIN, 'serve', file], {
    cwd: folder,
    env: { ...process.env, CLIENT_KEY, ADMIN_KEY, UPSTREAM_KEY, ...(env as Record<string, string>) },
  })
  let output = ''
  const url = await new Promise<string>((resolve, reject) => {
    const read = (text: string) => {
      output += text
      const ready = output.split('\n').find((line) => line.includes('"ready"'))
      if (ready !== undefined) resolve(String((JSON.parse(ready) as Tree).url))
    }
    child.stdout?.setEncoding('utf8').on('data', read)
    child.stderr?.setEncoding('utf8').on('data', read)
    child.once('close', () => reject(new Error(`it ended: ${output}`)))
  })
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()))
  return {
    url,
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
    admin: async (path) => {
      const response = await fetch(`${url}/admin${path}`, {
        headers: { authorization: `Bearer ${ADMIN_KEY}` },
      })
      return (await response.json()) as Tree
    },
  }
}
