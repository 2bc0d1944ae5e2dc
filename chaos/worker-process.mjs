import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const SCRIPT = fileURLToPath(new URL('worker.mjs', import.meta.url))
const CALL_MS_MAX = 300_000
const alive = new Set()

/** A worker (worker.mjs) as its parent sees it. */
export class WorkerProcess {
  /** What it gave away and then gave as feedback, in order; feedback that it was told is durable. */
  gave = []
  acks = []
  /** Feedback that it was told is not. */
  lost = []
  failures = []
  recovery = null
  #child
  #calls = new Map()
  #next = 1
  #stderr = ''
  #exited

  /** Resolves when its router is open. */
  static async start(settings) {
    const worker = new WorkerProcess(settings)
    await worker.#wait('ready')
    return worker
  }

  constructor(settings) {
    this.#child = spawn(process.execPath, [SCRIPT, JSON.stringify(settings)], {
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.#child.stderr.on('data', (data) => {
      this.#stderr = (this.#stderr + data).slice(-4000)
    })
    // Not 'exit': lines that a process wrote before it died may still be in the pipe then.
    this.#exited = new Promise((resolve) => this.#child.once('close', resolve))
    alive.add(this)
    this.#exited.then(() => alive.delete(this))
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#hear(line))
    this.#exited.then(() => {
      for (const { reject } of this.#calls.values())
        reject(new Error(`the worker is gone: ${this.#stderr.trim()}`))
      this.#calls.clear()
    })
  }

  /** @returns what the command answers; rejects with its error, or when the worker dies */
  call(name, args = {}) {
    const call = this.#next++
    this.#child.stdin.write(`${JSON.stringify({ call, name, ...args })}\n`, () => {})
    return this.#wait(call)
  }

  signal(name) {
    this.#child.kill(name)
  }

  async kill() {
    this.#child.kill('SIGKILL')
    await this.#exited
  }

  /** Those that a check which failed has left behind would keep this process from ending. */
  static async killAll() {
    await Promise.all([...alive].map((worker) => worker.kill()))
  }

  async close() {
    await this.call('close')
    await this.#exited
  }

  #wait(key) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`no answer in ${CALL_MS_MAX} ms: ${this.#stderr}`)),
        CALL_MS_MAX,
      )
      const end = (settle) => (value) => {
        clearTimeout(timer)
        this.#calls.delete(key)
        settle(value)
      }
      this.#calls.set(key, { resolve: end(resolve), reject: end(reject) })
    })
  }

  #hear(text) {
    let line
    try {
      line = JSON.parse(text)
    } catch {
      // The last line of a process that was killed may be cut.
      return
    }
    if (line.gave !== undefined) this.gave.push(line)
    else if (line.ack !== undefined) this.acks.push(line)
    else if (line.lost !== undefined) this.lost.push(line)
    else if (line.failure !== undefined) this.failures.push(line.failure)
    else if (line.ready) {
      this.recovery = line.recovery
      this.#calls.get('ready')?.resolve(line)
    } else if (line.error !== undefined) this.#calls.get(line.call)?.reject(new Error(line.error))
    else this.#calls.get(line.call)?.resolve(line.result)
  }
}

/** Waits until all workers are at one position of the log. @returns their digest; throws when they differ */
export async function agreedDigest(workers, msMax = 60_000) {
  await Promise.all(workers.map((worker) => worker.call('flush')))
  const end = Date.now() + msMax
  for (;;) {
    const digests = await Promise.all(workers.map((worker) => worker.call('digest')))
    if (new Set(digests.map(({ position }) => position)).size === 1) {
      const different = new Set(digests.map(({ sha256 }) => sha256))
      if (different.size > 1) throw new Error(`${different.size} digests at position ${digests[0].position}`)
      return digests[0].sha256.slice(0, 12)
    }
    if (Date.now() > end)
      throw new Error(`they never come to one position: ${digests.map(({ position }) => position)}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/**
 * Waits until all workers show the same of their state: one whose own event was refused at its place shows it until it has
 * rebuilt its state, about a second.
 * @returns what each shows; the last of it where they never agree
 */
export async function agreedStats(workers, of, msMax = 20_000) {
  const end = Date.now() + msMax
  for (;;) {
    const stats = await Promise.all(workers.map((worker) => worker.call('stats')))
    if (new Set(stats.map(of)).size === 1 || Date.now() > end) return stats
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
