import { ParetoBanditError } from '../../base/errors.js'
import { type Command, type Connection, command } from './connection.js'

/** What was written, and whether as many of Redis's replicas as were asked for have it. */
interface Written {
  readonly reply: unknown
  /** Null: enough have it. */
  readonly shortage: ParetoBanditError | null
}

/**
 * Lets Redis's own replicas have what is written before it counts as written (WAIT). It is on the primary in any case.
 */
export class Confirmation {
  /** Replicas of Redis; 0: none is waited for. */
  readonly replicas: number
  private readonly timeoutMs: number
  private readonly description: string

  constructor(replicas: number, timeoutMs: number, description: string) {
    this.replicas = replicas
    this.timeoutMs = timeoutMs
    this.description = description
  }

  async write(connection: Connection, one: Command): Promise<Written> {
    const { replicas, timeoutMs } = this
    if (replicas === 0) return { reply: await connection.send(one), shortage: null }
    const wait = command('WAIT', String(replicas), String(timeoutMs))
    const [reply, count] = await connection.sendAll([one, wait], timeoutMs)
    if (Number(count) >= replicas) return { reply, shortage: null }
    const text = `expected ${replicas} replicas of Redis to have what was written, ${count} had after ${timeoutMs} ms`
    return { reply, shortage: new ParetoBanditError('STORE_UNREACHABLE', this.description, text) }
  }

  /** @throws STORE_UNREACHABLE when too few have it in time */
  async send(connection: Connection, one: Command): Promise<unknown> {
    const { reply, shortage } = await this.write(connection, one)
    if (shortage !== null) throw shortage
    return reply
  }
}
