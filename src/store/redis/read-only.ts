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
  /** How many events lay from `start` to `end`. */
  readonly events: number
  /** The events after a position, some thousands at most, those that were written since among them; none: no more. */
  read(after: Position): Promise<readonly PlacedBatch[]>
  /** The batches that hold the latest events that are still there, at least `count` of them where there are. */
  latest(count: number): Promise<readonly PlacedBatch[]>
  /** Where the latest `count` events up to `end` begin, or a little before; `start` where there are no more. */
  tail(count: number): Promise<Position>
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
      return batchesOf([[keys.events, [...(entries as unknown[])].reverse()]], description, true)
    }
    const from = (id: string) => placeFrom(connection, keys, description, id)
    const { batches, total } = await newest(1)
    const end = batches[0]?.position ?? start
    const first = await from('-')
    const before = first === null ? total : first.total - first.events
    return {
      description,
      header,
      start,
      end,
      events: total - before,
      read: async (after) => {
        const from = idOf(after)
        const [reply] = await connection.sendAll([
          command('XREAD', 'COUNT', String(READ_ENTRIES), 'STREAMS', keys.events, from),
          CHECK.call([keys.log, keys.events], [id, from]),
        ])
        return batchesOf(reply, description).batches
      },
      latest: async (count) => (await newest(checkInteger(count, 1, 1000, 'count'))).batches,
      tail: async (count) => {
        const most = total - checkInteger(count, 1, Number.MAX_SAFE_INTEGER, 'count')
        return most <= before ? start : placeWith(most, start, end, from)
      },
      snapshots: () => readSnapshots(connection, keys, id),
      close: async () => connection.close(),
    }
  } catch (error) {
    connection.close()
    throw error
  }
}

/** An entry's place, its events, and how many the log has up to its end. */
interface Place {
  readonly position: Position
  readonly events: number
  readonly total: number
}

/** The first entry from an id on; null if no entry follows. */
async function placeFrom(
  connection: Connection,
  { events }: Keys,
  description: string,
  id: string,
): Promise<Place | null> {
  const entries = await connection.send(command('XRANGE', events, id, '+', 'COUNT', '1'))
  const { batches, total } = batchesOf([[events, entries]], description, true)
  const [batch] = batches
  return batch === undefined ? null : { position: batch.position, events: batch.events.length, total }
}

/**
 * The last entry up to whose end the log has at most this many events: entries are found by their time, halving the time between.
 * Of entries of one millisecond the first is found.
 */
async function placeWith(
  most: number,
  start: Position,
  end: Position,
  from: (id: string) => Promise<Place | null>,
): Promise<Position> {
  let found = start
  let [low, high] = [timeOf((await from('-'))?.position ?? start), timeOf(end)]
  while (low <= high) {
    const middle = Math.floor((low + high) / 2)
    const place = await from(`${middle}-0`)
    if (place !== null && place.total <= most) {
      found = place.position
      low = timeOf(place.position) + 1
    } else high = middle - 1
  }
  return found
}

/** Milliseconds since 1970 UTC, by the clock of Redis. */
function timeOf(position: Position): number {
  return Number(idOf(position).split('-')[0])
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
  if (id === null || text === null) throw mismatch(`expected a log, found none at ${log}`)
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
