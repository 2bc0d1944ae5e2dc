import { importRedis } from './client.js'
import { Connection, command, Target } from './connection.js'
import { Keys } from './keys.js'
import { checkOptions, type RedisStoreOptions } from './options.js'
import { quoted, type Remedy, remedyFor } from './remedy.js'

/** Keys that one SCAN looks at. */
const SCAN_COUNT = 1000
/** Pots that are looked for one by one. */
const POTS_SHOWN = 1000

interface KeptSnapshot {
  readonly key: string
  readonly position: string
  readonly bytes: number
  /** Id of its log, and how many events that had there; null: of release 0.1.0. */
  readonly log: string | null
  readonly events: number | null
}

/** What there is of a log in Redis, whole or not. */
export interface RedisKeyReport {
  readonly description: string
  /** How many there are in all. */
  readonly keys: number
  /** Null: not there. What it lacks is null. */
  readonly head: {
    readonly id: string | null
    readonly events: number | null
    readonly trimmed: string | null
  } | null
  readonly entries: {
    readonly count: number
    readonly first: string | null
    readonly last: string | null
  } | null
  readonly snapshots: readonly KeptSnapshot[]
  /** As they are recorded, and those of them that are gone. */
  readonly pots: { readonly recorded: number; readonly there: number; readonly missing: readonly string[] }
  /** Snapshots that were on their way in; ttlSeconds -1: it stays. */
  readonly uploads: readonly { readonly key: string; readonly bytes: number; readonly ttlSeconds: number }[]
  readonly processes: number
  readonly wrong: readonly string[]
  readonly remedy: Remedy
}

/**
 * Looks at the keys of a log one by one, also where they are no log any more; writes nothing.
 * @throws (rejects) STORE_UNREACHABLE, MISSING_DEPENDENCY and bad options as `openRedisReadOnly`
 */
export async function reportRedisKeys(options: RedisStoreOptions): Promise<RedisKeyReport> {
  const { url, stream, timeoutMs, load, description } = checkOptions(options)
  const keys = new Keys(stream)
  const connection = new Connection(new Target(await (load ?? importRedis)(), url, timeoutMs, description))
  try {
    return await new KeyReader(connection, keys, description).report()
  } finally {
    connection.close()
  }
}

class KeyReader {
  private readonly connection: Connection
  private readonly keys: Keys
  private readonly description: string
  private readonly wrong: string[] = []

  constructor(connection: Connection, keys: Keys, description: string) {
    this.connection = connection
    this.keys = keys
    this.description = description
  }

  async report(): Promise<RedisKeyReport> {
    const head = await this.head()
    const entries = await this.entries()
    const snapshots = [...(await this.snapshot(this.keys.latest)), ...(await this.snapshot(this.keys.older))]
    const found = await this.scan()
    const pots = await this.pots(found)
    const uploads = await this.uploads(found)
    this.judge(head, entries, snapshots)
    const processes = (await this.typeOf(this.keys.processes)) === 'zset'
    return {
      description: this.description,
      keys: found.length,
      head,
      entries,
      snapshots,
      pots,
      uploads,
      processes: processes ? Number(await this.ask('ZCARD', this.keys.processes)) : 0,
      wrong: this.wrong,
      remedy: await remedyFor(this.connection, this.keys),
    }
  }

  private ask(...words: string[]): Promise<unknown> {
    return this.connection.send(command(...words))
  }

  private async typeOf(key: string): Promise<string> {
    return String(await this.ask('TYPE', key))
  }

  /** Whether the key is there and of that type. */
  private async has(key: string, type: string): Promise<boolean> {
    const found = await this.typeOf(key)
    if (found !== 'none' && found !== type) this.wrong.push(`${key} is a ${found}, expected a ${type}`)
    return found === type
  }

  private async head(): Promise<RedisKeyReport['head']> {
    const { log } = this.keys
    if (!(await this.has(log, 'hash'))) return null
    const names = ['format', 'id', 'header', 'events', 'trimmed']
    const reply = (await this.ask('HMGET', log, ...names)) as readonly (Buffer | null)[]
    const [format, id, header, events, trimmed] = reply.map((value) => value?.toString() ?? null)
    const lacking = names.slice(0, 3).filter((_, i) => [format, id, header][i] === null)
    if (lacking.length > 0) this.wrong.push(`${log} is no head of a log: it has no ${lacking.join(', ')}`)
    return { id, events: events === null ? null : Number(events), trimmed }
  }

  private async entries(): Promise<RedisKeyReport['entries']> {
    const { events } = this.keys
    if (!(await this.has(events, 'stream'))) return null
    const idOf = (reply: unknown) => {
      const [entry] = reply as readonly (readonly unknown[])[]
      return entry === undefined ? null : String(entry[0])
    }
    return {
      count: Number(await this.ask('XLEN', events)),
      first: idOf(await this.ask('XRANGE', events, '-', '+', 'COUNT', '1')),
      last: idOf(await this.ask('XREVRANGE', events, '+', '-', 'COUNT', '1')),
    }
  }

  private async snapshot(key: string): Promise<readonly KeptSnapshot[]> {
    if (!(await this.has(key, 'hash'))) return []
    const fields = (await this.ask('HMGET', key, 'position', 'log', 'events')) as readonly (Buffer | null)[]
    const [position, log, events] = fields.map((value) => value?.toString() ?? null)
    if (position === null) {
      this.wrong.push(`${key} is no snapshot: it has no position`)
      return []
    }
    const bytes = Number(await this.ask('HSTRLEN', key, 'bytes'))
    return [{ key, position, bytes, log, events: events === null ? null : Number(events) }]
  }

  /** All keys of the log. */
  private async scan(): Promise<readonly string[]> {
    const { log } = this.keys
    const prefix = log.slice(0, -'log'.length)
    const pattern = `${prefix.replace(/[\\*?[\]]/g, '\\$&')}*`
    const found = new Set<string>()
    let cursor = '0'
    do {
      const reply = await this.ask('SCAN', cursor, 'MATCH', pattern, 'COUNT', String(SCAN_COUNT))
      const [next, keys] = reply as [unknown, readonly unknown[]]
      for (const key of keys) found.add(String(key))
      cursor = String(next)
    } while (cursor !== '0')
    return [...found].sort()
  }

  private async pots(found: readonly string[]): Promise<RedisKeyReport['pots']> {
    const there = new Set(found.filter((key) => key.startsWith(this.keys.lease(''))))
    if (!(await this.has(this.keys.pots, 'zset'))) {
      if (there.size > 0) this.wrong.push(`${this.keys.pots} is not there, ${there.size} pots are`)
      return { recorded: 0, there: there.size, missing: [] }
    }
    const [seconds] = (await this.ask('TIME')) as readonly unknown[]
    const now = String(Number(String(seconds)) * 1000)
    const recorded = Number(await this.ask('ZCOUNT', this.keys.pots, now, '+inf'))
    const some = await this.ask(
      'ZRANGEBYSCORE',
      this.keys.pots,
      now,
      '+inf',
      'LIMIT',
      '0',
      String(POTS_SHOWN),
    )
    const missing = (some as readonly unknown[]).map(String).filter((key) => !there.has(key))
    if (missing.length > 0)
      this.wrong.push(
        `${missing.length} pots are gone, of which nothing more will be handed out: ${missing.join(', ')}`,
      )
    return { recorded, there: there.size, missing }
  }

  private async uploads(found: readonly string[]): Promise<RedisKeyReport['uploads']> {
    const uploads: { key: string; bytes: number; ttlSeconds: number }[] = []
    for (const key of found) {
      if (!key.startsWith(this.keys.upload(''))) continue
      const ttlSeconds = Number(await this.ask('TTL', key))
      uploads.push({ key, bytes: Number(await this.ask('HSTRLEN', key, 'bytes')), ttlSeconds })
    }
    const staying = uploads.filter(({ ttlSeconds }) => ttlSeconds === -1)
    for (const { key } of staying)
      this.wrong.push(`${key} was left behind by a process that died: redis-cli DEL ${quoted(key)}`)
    return uploads
  }

  private judge(
    head: RedisKeyReport['head'],
    entries: RedisKeyReport['entries'],
    snapshots: readonly KeptSnapshot[],
  ): void {
    const { wrong, keys } = this
    const [kept] = snapshots
    if (head === null && (entries !== null || kept !== undefined))
      wrong.push(`${keys.log}, the head of the log, is not there, and keys of it are`)
    if (head === null) return
    const { events, trimmed } = head
    if (events !== null && events > 0 && (entries?.count ?? 0) === 0 && trimmed !== kept?.position)
      wrong.push(`${keys.events} has no entries, and ${events} events were appended`)
    if (trimmed !== null && kept === undefined)
      wrong.push(`entries up to ${trimmed} were dropped, and there is no snapshot of them`)
    for (const { key, log } of snapshots)
      if (log !== null && head.id !== null && log !== head.id)
        wrong.push(`${key} is of log ${log}, and not of ${head.id}`)
    if (kept !== undefined && kept.events !== null && events !== null && kept.events > events)
      wrong.push(`the snapshot has ${kept.events} events, and the log ${events}`)
  }
}
