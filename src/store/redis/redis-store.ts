import { randomUUID } from 'node:crypto'
import { isRecord } from '../../base/check.js'
import { expected, ParetoBanditError } from '../../base/errors.js'
import type {
  Batch,
  LogHeader,
  OpenedLog,
  PlacedBatch,
  Position,
  Store,
  StoredSnapshot,
} from '../../log/store.js'
import { START } from '../../log/store.js'
import { checkAccess, isRefusedCommand } from './access.js'
import { importRedis } from './client.js'
import { Confirmation } from './confirmation.js'
import { Connection, command, Target } from './connection.js'
import { batchesOf, entriesOf, entryArguments, idOf, positionOf } from './entry.js'
import { Keys } from './keys.js'
import { RedisLeases } from './lease-broker.js'
import { CLAIM } from './lease-scripts.js'
import { APPEND, APPENDED, CHECK, CHECK_OPENABLE, CONFIRM, JOIN, NOTE, REPLACE_NOTE } from './log-scripts.js'
import { OPEN } from './open-script.js'
import { checkOptions, type RedisSettings, type RedisStoreOptions } from './options.js'
import { withRemedy } from './remedy.js'
import { checkVersion, risksOf } from './server-check.js'
import { keepSnapshot, readSnapshots } from './snapshots.js'

/** Of `keys.ts` and `entry.ts`. */
const FORMAT = 1
/** Who appended the seed: no process, whose names all have a `-` before their number. */
const SEED_ORIGIN = 'seed'
/** Numbers of processes are ms since 2025 in base 36: 8 characters until 2114. */
const NUMBERS_SINCE = Date.UTC(2025, 0)
/** Three signs of life in the time after which a process is taken for gone. */
const BEAT_MS = 3000
/** Bytes that one read is about, and the most entries it takes. */
const READ_BYTES = 2 << 20
const READ_ENTRIES_MAX = 64

/** What `OPEN` did to a log of which keys were gone, and then the place. */
const MENDED: Readonly<Record<string, string>> = {
  entries: 'somebody has deleted entries of the log, and a snapshot covers them: it begins at',
  head: 'somebody has deleted the head of the log with its notes, and it was written again beside the snapshot at',
  resumed: 'as it was told to, the log goes on without what came after',
}

interface OpenLog {
  readonly id: string
  readonly origin: string
  /** Commands that are answered at once. */
  readonly main: Connection
  /** Appends: those that Redis's replicas must have wait for them. */
  readonly writer: Connection
  /** Reads, which may wait for an event. */
  readonly reader: Connection
  /** Snapshots, tens of MB. */
  readonly bulk: Connection
  readonly beat: NodeJS.Timeout
}

/**
 * A log that many processes share, in one stream of Redis 7 or later or of Valkey. The package `redis` is loaded when it
 * is opened. While the server is away everything rejects with STORE_UNREACHABLE at once; connections come back by
 * themselves.
 * @throws INVALID_ARGUMENT, UNKNOWN_OPTION for bad options; `open` rejects with MISSING_DEPENDENCY, STORE_UNREACHABLE,
 *   STORE_MISMATCH
 */
export function redisStore(options: RedisStoreOptions): Store & Required<Pick<Store, 'claim'>> {
  return new RedisStore(checkOptions(options))
}

class RedisStore implements Store {
  readonly description: string
  readonly isShared = true
  readonly leases: RedisLeases
  private readonly settings: RedisSettings
  private readonly keys: Keys
  private log: OpenLog | null = null
  private isClosed = false
  private entriesPerRead = 8
  private readonly confirmation: Confirmation
  /** Stands on the primary, and was not seen on enough replicas. */
  private unconfirmed: { readonly events: readonly Uint8Array[]; readonly position: Position } | null = null

  private snapshotWritten: Promise<void> = Promise.resolve()
  /** How many events the log had up to the place that was read last. */
  private counted = { position: START, total: 0 }

  constructor(settings: RedisSettings) {
    this.settings = settings
    this.description = settings.description
    this.keys = new Keys(settings.stream)
    this.confirmation = new Confirmation(settings.waitReplicas, settings.timeoutMs, settings.description)
    this.leases = new RedisLeases(this.keys, this.confirmation, () => this.opened())
  }

  async open(header: LogHeader, seed: readonly Uint8Array[]): Promise<OpenedLog> {
    if (this.log !== null) throw this.error('STORE_LOCKED', 'expected a store that is not open, it is')
    const { url, timeoutMs } = this.settings
    const module = await (this.settings.load ?? (() => importRedis()))()
    const target = new Target(module, url, timeoutMs, this.description)
    const main = new Connection(target)
    try {
      await checkVersion(main, this.description).catch((error: unknown) => {
        // One that may not ask for it hears below what else it may not.
        if (!isRefusedCommand(error)) throw error
      })
      await checkAccess(main, this.keys.nothing, this.description, this.settings.waitReplicas > 0)
      const found = await this.findOrMake(main, header, seed)
      const joined = await main.send(JOIN.call([this.keys.log], [found.id, String(NUMBERS_SINCE)]))
      const origin = `${this.settings.name}-${Number(String(joined)).toString(36)}`
      const repairs = [...found.repairs, ...(await risksOf(main))]
      // A sign of life that fails is late; what is wrong with the server, appends and reads will say.
      const beat = setInterval(() => this.leases.processes().catch(() => undefined), BEAT_MS).unref()
      const [reader, bulk] = [new Connection(target, true), new Connection(target)]
      const writer = this.settings.waitReplicas > 0 ? new Connection(target) : main
      this.log = { id: found.id, origin, main, writer, reader, bulk, beat }
      this.unconfirmed = null
      await this.leases.processes()
      this.isClosed = false
      return { isNew: found.isNew, header: found.header, origin, firstNumber: 1, end: found.end, repairs }
    } catch (error) {
      clearInterval(this.log?.beat)
      this.log = null
      main.close()
      throw error
    }
  }

  async append(batch: Batch, previous: Position = START): Promise<Position> {
    const { id, writer } = this.opened()
    const entries = entriesOf(batch)
    if (entries.length === 0)
      throw expected('INVALID_ARGUMENT', 'batch.events', 'at least one event', batch.events)
    const { log, events } = this.keys
    const before = this.unconfirmed?.events === batch.events ? this.unconfirmed.position : null
    this.unconfirmed = null
    const call =
      before === null
        ? APPEND.call([log, events], [id, batch.origin, previous, ...entryArguments(entries)])
        : APPENDED.call([log, events], [id, batch.origin, before])
    const { reply, shortage } = await this.confirmation.write(writer, call)
    const position = String(reply)
    if (shortage === null) return position
    this.unconfirmed = { events: batch.events, position }
    throw shortage
  }

  async read(after: Position, waitMs: number, previous: Position = START): Promise<readonly PlacedBatch[]> {
    const { id, origin, reader } = this.opened()
    const from = idOf(after)
    const { log, events } = this.keys
    const wait = waitMs > 0 ? ['BLOCK', String(Math.ceil(waitMs))] : []
    // Trimming notes how far it goes before it does, so what was dropped in between is known by the second command.
    const [reply] = await reader.sendAll(
      [
        command('XREAD', 'COUNT', String(this.entriesPerRead), ...wait, 'STREAMS', events, from),
        CHECK.call([log, events], [id, from, previous, origin]),
      ],
      Math.max(0, waitMs),
    )
    const { batches, total } = batchesOf(reply, this.description)
    const end = batches.at(-1)?.position
    if (end !== undefined) this.counted = { position: end, total }
    this.adjustRead(batches)
    return batches
  }

  async confirm(end: Position): Promise<void> {
    const { id, writer } = this.opened()
    if (this.confirmation.replicas === 0) return
    const { log, events } = this.keys
    await this.confirmation.send(writer, CONFIRM.call([log, events], [id, idOf(end)]))
  }

  snapshots(): AsyncIterable<StoredSnapshot> {
    const { bulk, id } = this.opened()
    return readSnapshots(bulk, this.keys, id)
  }

  /** One at a time: they go by the same key. */
  writeSnapshot(snapshot: StoredSnapshot): Promise<void> {
    const written = this.snapshotWritten.then(() => this.writeNextSnapshot(snapshot))
    this.snapshotWritten = written.catch(() => undefined)
    return written
  }

  async checkOpenable(): Promise<void> {
    const { id, main } = this.opened()
    const { log, events, latest } = this.keys
    await main.send(CHECK_OPENABLE.call([log, events, latest], [id]))
  }

  async withRemedy(error: ParetoBanditError): Promise<ParetoBanditError> {
    return withRemedy(this.opened().bulk, this.keys, error)
  }

  async readNote(name: string): Promise<string | null> {
    const { main } = this.opened()
    const text = await main.send(command('HGET', this.keys.log, `note:${name}`))
    return text === null ? null : String(text)
  }

  async writeNote(name: string, text: string): Promise<void> {
    const { id, main } = this.opened()
    await main.send(NOTE.call([this.keys.log], [id, name, text]))
  }

  async replaceNote(name: string, before: string | null, text: string): Promise<boolean> {
    const { id, main } = this.opened()
    const was = before === null ? [] : [before]
    return Number(await main.send(REPLACE_NOTE.call([this.keys.log], [id, name, text, ...was]))) === 1
  }

  async claim(task: string, ttlMs: number): Promise<boolean> {
    const { id, origin, main } = this.opened()
    const keys = [this.keys.log, this.keys.task(task)]
    return Number(await main.send(CLAIM.call(keys, [id, origin, String(Math.ceil(ttlMs))]))) === 1
  }

  async close(): Promise<void> {
    const { log } = this
    this.isClosed = true
    if (log === null) return
    this.log = null
    clearInterval(log.beat)
    if (log.writer !== log.main) log.writer.close()
    log.reader.close()
    log.bulk.close()
    // Where Redis cannot be asked, the sign of life ends by itself.
    await log.main.send(command('ZREM', this.keys.processes, log.origin)).catch(() => undefined)
    log.main.close()
  }

  private async writeNextSnapshot(snapshot: StoredSnapshot): Promise<void> {
    const { id, origin, bulk } = this.opened()
    const { retainEvents } = this.settings
    const counted = this.counted.position === snapshot.position ? this.counted.total : null
    await keepSnapshot(bulk, this.keys, { id, origin, retainEvents, counted }, snapshot)
  }

  private async findOrMake(
    main: Connection,
    header: LogHeader,
    seed: readonly Uint8Array[],
  ): Promise<{ isNew: boolean; id: string; header: LogHeader; end: Position; repairs: readonly string[] }> {
    const { keys } = this
    const entries = entryArguments(entriesOf({ firstNumber: 1, events: seed }))
    const args = [String(FORMAT), randomUUID(), JSON.stringify(header), SEED_ORIGIN, ...entries]
    const places = [keys.log, keys.events, keys.latest, keys.older]
    const reply = await main.send(OPEN.call(places, args)).catch(async (error: unknown) => {
      throw error instanceof ParetoBanditError ? await withRemedy(main, keys, error) : error
    })
    const [isNew, format, id, found, last, mended, from] = (reply as readonly unknown[]).map(String)
    if (!(Number(format) <= FORMAT)) {
      throw this.error('STORE_MISMATCH', `expected a log of format ${FORMAT} or before, got ${format}`)
    }
    return {
      isNew: isNew === '1',
      id,
      header: this.checkHeader(found, header),
      end: positionOf(last),
      repairs: mended === '' ? [] : [`${MENDED[mended]} ${from}`],
    }
  }

  private checkHeader(text: string, ours: LogHeader): LogHeader {
    let found: unknown
    try {
      found = JSON.parse(text)
    } catch (cause) {
      throw this.error('STORE_MISMATCH', 'expected a header as JSON, got other text', cause)
    }
    if (!isRecord(found) || typeof found.version !== 'number' || !isRecord(found.settings)) {
      throw this.error('STORE_MISMATCH', 'expected a header with a version and settings')
    }
    if (found.version > ours.version) {
      const text = `expected a log of version ${ours.version} or before, got ${found.version}`
      throw this.error('STORE_MISMATCH', text)
    }
    return { version: found.version, settings: found.settings as LogHeader['settings'] }
  }

  /** Many small entries at a time, few large ones. */
  private adjustRead(batches: readonly PlacedBatch[]): void {
    if (batches.length < this.entriesPerRead) return
    let bytes = 0
    for (const { events } of batches) for (const event of events) bytes += event.length
    if (2 * bytes <= READ_BYTES) this.entriesPerRead = Math.min(READ_ENTRIES_MAX, 2 * this.entriesPerRead)
    else if (bytes > 2 * READ_BYTES) this.entriesPerRead = Math.max(1, this.entriesPerRead >> 1)
  }

  private opened(): OpenLog {
    if (this.log !== null) return this.log
    throw this.error(
      'STORE_CLOSED',
      this.isClosed ? 'the store was closed' : 'expected a store that was opened',
    )
  }

  private error(code: 'STORE_CLOSED' | 'STORE_MISMATCH' | 'STORE_LOCKED', message: string, cause?: unknown) {
    return new ParetoBanditError(code, this.description, message, { cause })
  }
}
