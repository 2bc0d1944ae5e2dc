import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export function hasRedis() {
  return spawnSync('redis-server', ['--version']).status === 0
}

export async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

const running = new Set()

/** A redis-server of its own that loses nothing it has answered for: appendfsync always. */
export class RedisProcess {
  port
  #folder = mkdtempSync(join(tmpdir(), 'paretobandit-chaos-redis-'))
  #child = null

  static async start() {
    const server = new RedisProcess()
    server.port = await freePort()
    running.add(server)
    await server.restart()
    return server
  }

  get url() {
    return `redis://127.0.0.1:${this.port}`
  }

  async restart() {
    const place = ['--bind', '127.0.0.1', '--port', `${this.port}`, '--dir', this.#folder]
    const safe = [
      '--appendonly',
      'yes',
      '--appendfsync',
      'always',
      '--save',
      '',
      '--repl-diskless-sync-delay',
      '0',
    ]
    this.#child = spawn('redis-server', [...place, ...safe], { stdio: 'ignore' })
    const end = Date.now() + 20_000
    while (!(await this.#answers())) {
      if (Date.now() > end) throw new Error('redis-server did not start')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  signal(name) {
    this.#child?.kill(name)
  }

  async kill() {
    const child = this.#child
    if (child === null) return
    this.#child = null
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }

  async stop() {
    await this.kill()
    running.delete(this)
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** @param args of one command, without spaces. @returns its reply as it came */
  command(...args) {
    return new Promise((resolve, reject) => {
      const socket = connect(this.port, '127.0.0.1', () => socket.write(`${args.join(' ')}\r\n`))
      socket.once('error', reject)
      socket.once('data', (data) => {
        socket.destroy()
        resolve(`${data}`)
      })
    })
  }

  /** A copy of it that is up to date, and follows. */
  async follower() {
    const copy = await RedisProcess.start()
    await copy.command('REPLICAOF', '127.0.0.1', `${this.port}`)
    const end = Date.now() + 20_000
    while (!(await copy.command('INFO', 'replication')).includes('master_link_status:up')) {
      if (Date.now() > end) throw new Error('the copy does not follow')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    return copy
  }

  static async stopAll() {
    await Promise.all([...running].map((server) => server.stop()))
  }

  /** Memory that its data takes. */
  async memoryBytes() {
    const reply = await this.command('INFO', 'memory')
    return Number(/used_memory:(\d+)/.exec(reply)?.[1])
  }

  #answers() {
    return new Promise((resolve) => {
      const socket = connect(this.port, '127.0.0.1', () => socket.write('PING\r\n'))
      const end = (answers) => {
        socket.destroy()
        resolve(answers)
      }
      socket.setTimeout(500, () => end(false))
      socket.once('error', () => end(false))
      socket.once('data', (data) => end(`${data}`.startsWith('+PONG')))
    })
  }
}
