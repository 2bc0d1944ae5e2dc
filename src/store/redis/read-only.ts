import { checkInteger, isRecord } from '../../base/check.js'
import { ParetoBanditError } from '../../base/errors.js'
import type { LogHeader, PlacedBatch, Position, StoredSnapshot } from '../../log/store.js'
import { importRedis } from './client.js'
import { Connection, command, Target } from './connection.js'
import { batchesOf, idOf, positionOf } from './entry.js'
import { Keys } from './keys.js'
import { CHECK } from './log-scripts.js'
import { checkOptions, type RedisStoreOptions } from './options.js'
import { checkVersion } from './server-check.js'
import { readSnapshots } from './snapshots.js'

/** Of up to a MB each. */
const READ_ENTRIES = 16

/** A log that others write. */
export interface RedisReader {
  /** How messages call it. */
  readonly description: string
  /** What it began with. */
  readonly header: LogHeader
  /** Events up to here are no longer there; START: all are. */
  readonly start: Position
  /** Position of the latest event when it was opened. */
  readonly end: Position
  /** The events after a position, some thousands at most, those that were written since among them; none: no more. */
  read(after: Position): Promise<readonly PlacedBatch[]>
  /** The batches that hold the latest events that are still there, at least `count` of them where there are. */
  latest(count: number): Promise<readonly PlacedBatch[]>
  /** The snapshots kept, latest first. */
  snapshots(): AsyncIterable<StoredSnapshot>
  /** Ends the connection. */
  close(): Promise<void>
}

/**
 * Opens a log to look at it: it takes no part in it, and writes nothing.
 * @throws (rejects) as `redisStore`'s `open` does; STORE_MISMATCH where there is no log
 */
export async function openRedisReadOnly(options: RedisStoreOptions): Promise<RedisReader> {
  const { url, stream, timeoutMs, load, description } = checkOptions(options)
  const keys = new Keys(stream)
  const connection = new Connection(new Target(await (load ?? importRedis)(), url, timeoutMs, description))
  try {
    await checkVersion(connection, description)
    const { id, header, start } = await findLog(connection, keys, description)
    const newest = async (count: number) => {
      const entries = await connection.send(
        command('XREVRANGE', keys.events, '+', '-', 'COUNT', String(count)),
      )
      return batchesOf([[keys.events, [...(entries as unknown[])].reverse()]], description, true).batches
    }
    const end = (await newest(1))[0]?.position ?? start
    return {
      description,
      header,
      start,
      end,
      read: async (after) => {
        const from = idOf(after)
        const [reply] = await connection.sendAll([
          command('XREAD', 'COUNT', String(READ_ENTRIES), 'STREAMS', keys.events, from),
          CHECK.call([keys.log, keys.events], [id, from]),
        ])
        return batchesOf(reply, description).batches
      },
      latest: (count) => newest(checkInteger(count, 1, 1000, 'count')),
      snapshots: () => readSnapshots(connection, keys, id),
      close: async () => connection.close(),
    }
  } catch (error) {
    connection.close()
    throw error
  }
}

async function findLog(
  connection: Connection,
  { log }: Keys,
  description: string,
): Promise<{ readonly id: string; readonly header: LogHeader; readonly start: Position }> {
  const mismatch = (message: string, cause?: unknown) =>
    new ParetoBanditError('STORE_MISMATCH', description, message, { cause })
  const reply = await connection.send(command('HMGET', log, 'id', 'header', 'trimmed'))
  const [id, text, trimmed] = (reply as readonly (Buffer | null)[]).map((value) => value?.toString() ?? null)
  if (id === null || text === null) throw mismatch(`expected a log, there is none at ${log}`)
  let header: unknown
  try {
    header = JSON.parse(text)
  } catch (cause) {
    throw mismatch('expected a header as JSON, got other text', cause)
  }
  if (!isRecord(header) || typeof header.version !== 'number' || !isRecord(header.settings))
    throw mismatch('expected a header with a version and settings')
  const { version, settings } = header
  return {
    id,
    header: { version, settings: settings as LogHeader['settings'] },
    start: positionOf(trimmed ?? '0-0'),
  }
}
