import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'redis'

const START_MS = 10_000
/** Who answers no PING in this time is somebody else, who has taken the port. */
const ANSWER_MS = 2000
const PORTS_MAX = 3

/** Whether redis-server is installed. Where PARETOBANDIT_REQUIRE_REDIS is set it must be. */
export const hasRedis = (() => {
  if (spawnSync('redis-server', ['--version']).status === 0) return true
  if (process.env.PARETOBANDIT_REQUIRE_REDIS) throw new Error('redis-server is required and not installed')
  console.warn('redis-server is not installed (apt-get install redis-server): tests of Redis are skipped')
  return false
})()

/** A redis-server of its own on a free loopback port, on data in a directory of its own. */
export class RedisServer {
  readonly port: number
  readonly url: string
  private readonly folder: string
  private readonly settings: readonly string[]
  private child: ChildProcess | null = null

  private constructor(port: number, folder: string, settings: readonly string[]) {
    this.port = port
    this.url = `redis://127.0.0.1:${port}`
    this.folder = folder
    this.settings = settings
  }

  /** @param settings for example `{ appendfsync: 'everysec' }`; several words of one in a list */
  static async start(
    settings: Readonly<Record<string, string | readonly string[]>> = {},
  ): Promise<RedisServer> {
    // By default the port and 10,000, which may be no valid port.
    const bus = 'cluster-enabled' in settings ? { 'cluster-port': String(await freePort()) } : {}
    const all = { ...bus, appendonly: 'yes', appendfsync: 'always', save: '', ...settings }
    const flags = Object.entries(all).flatMap(([name, value]) => [`--${name}`, value].flat())
    const folder = mkdtempSync(join(tmpdir(), 'paretobandit-redis-'))
    for (let left = PORTS_MAX; ; left--) {
      const server = new RedisServer(await freePort(), folder, flags)
      try {
        await server.restart()
        return server
      } catch (error) {
        // A port that was free may be another's by now: tests run beside each other.
        await server.kill()
        if (left === 1) throw error
      }
    }
  }

  /** Starts it on the data it had. */
  async restart(): Promise<void> {
    const place = ['--bind', '127.0.0.1', '--port', String(this.port), '--dir', this.folder]
    this.child = spawn('redis-server', [...place, ...this.settings], { stdio: 'ignore' })
    const deadline = Date.now() + START_MS
    while (!(await this.answers())) {
      if (Date.now() > deadline || this.child.exitCode !== null)
        throw new Error(`redis-server did not start on port ${this.port}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** Of its process; 0: it does not run. */
  get pid(): number {
    return this.child?.pid ?? 0
  }

  /** Without warning, as a crash does. */
  async kill(): Promise<void> {
    const { child } = this
    this.child = null
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }

  pause(): void {
    this.child?.kill('SIGSTOP')
  }

  resume(): void {
    this.child?.kill('SIGCONT')
  }

  /** One command on a connection of its own; replies are as the client gives them. */
  async command(...args: string[]): Promise<unknown> {
    const client = createClient({ url: this.url, RESP: 2, socket: { reconnectStrategy: false } })
    client.on('error', () => undefined)
    await client.connect()
    try {
      return await client.sendCommand(args)
    } finally {
      client.destroy()
    }
  }

  /** A connection that stays: commands on it are answered where there is no room for another. */
  async held(): Promise<((...args: string[]) => Promise<unknown>) & { close(): void }> {
    const client = createClient({ url: this.url, RESP: 2, socket: { reconnectStrategy: false } })
    client.on('error', () => undefined)
    await client.connect()
    const send = (...args: string[]): Promise<unknown> => client.sendCommand(args)
    return Object.assign(send, { close: () => client.destroy() })
  }

  /** Ends it and removes its data. */
  async stop(): Promise<void> {
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }

  private async answers(): Promise<boolean> {
    const late = new Promise((_, reject) => {
      setTimeout(reject, ANSWER_MS, new Error('no answer')).unref()
    })
    try {
      await Promise.race([this.command('PING'), late])
      return true
    } catch (error) {
      // A password was asked for: it answers.
      return error instanceof Error && error.message.startsWith('NOAUTH')
    }
  }
}

/** Of this machine, a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      probe.close(() => resolve(port))
    })
  })
}
