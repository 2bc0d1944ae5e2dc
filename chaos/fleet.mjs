import { ONE_MODEL } from './models.mjs'
import { setServerAhead } from './shifted-redis.mjs'
import { WorkerProcess } from './worker-process.mjs'

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
/** Leases are looked after four times a second. */
const TICK_MS = 600

/** Replicas whose clocks, and that of their Redis, are moved by hand: hours of caps in seconds. */
export class Fleet {
  workers = []
  #server
  #aheadMs

  /**
   * @param ports where each reaches the Redis
   * @param beginAt the time that clocks show at first, ms since 1970
   */
  static async start(server, { ports, seed, stream, beginAt, options }) {
    const fleet = new Fleet()
    fleet.#server = server
    fleet.#aheadMs = 1000 * Math.round((beginAt - Date.now()) / 1000)
    await setServerAhead(server.url, fleet.#aheadMs / 1000)
    const all = { models: ONE_MODEL, budget: undefined, reserve: 'worst-case', ...options }
    for (const [i, port] of ports.entries()) {
      const redis = { url: `redis://127.0.0.1:${port}`, stream, timeoutMs: 1000 }
      const settings = { redis, seed: seed + i, options: all, aheadMs: fleet.#aheadMs }
      fleet.workers.push(await WorkerProcess.start(settings))
    }
    return fleet
  }

  now() {
    return Date.now() + this.#aheadMs
  }

  /** @param ms a multiple of 1000 */
  async pass(ms) {
    this.#aheadMs += ms
    await setServerAhead(this.#server.url, this.#aheadMs / 1000)
    await this.all('setAhead', { ms: this.#aheadMs })
    await this.tick()
  }

  /** Lets leases be renewed. */
  async tick() {
    await new Promise((resolve) => setTimeout(resolve, TICK_MS))
  }

  all(name, args) {
    return Promise.all(this.workers.map((worker) => worker.call(name, args)))
  }

  async sum(name, args) {
    return (await this.all(name, args)).reduce((sum, each) => sum + (each.usd ?? each), 0)
  }

  async kill() {
    await Promise.all(this.workers.map((worker) => worker.kill()))
  }
}

/** The beginning of the next hour of UTC, and a few minutes. */
export function earlyInAnHour() {
  return Math.ceil(Date.now() / HOUR) * HOUR + 3 * MINUTE
}
