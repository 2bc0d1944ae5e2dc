import { createClient } from 'redis'

/** What a redis-server has used so far. */
export class RedisMeter {
  #client

  static async connect(url) {
    const meter = new RedisMeter()
    meter.#client = createClient({ url })
    await meter.#client.connect()
    return meter
  }

  /** @returns bytes of memory, bytes that came in and went out, and us of CPU of the thread that commands run on */
  async read() {
    const info = String(await this.#client.sendCommand(['INFO', 'everything']))
    const number = (name) => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1])
    return {
      memory: number('used_memory'),
      received: number('total_net_input_bytes'),
      sent: number('total_net_output_bytes'),
      cpuUs: 1e6 * (number('used_cpu_user_main_thread') + number('used_cpu_sys_main_thread')),
    }
  }

  async fsync(policy) {
    await this.#client.sendCommand(['CONFIG', 'SET', 'appendfsync', policy])
  }

  async close() {
    await this.#client.close()
  }
}

/** What was used between two readings, a piece. */
export function usedEach(before, after, pieces) {
  return Object.fromEntries(Object.keys(after).map((name) => [name, (after[name] - before[name]) / pieces]))
}
