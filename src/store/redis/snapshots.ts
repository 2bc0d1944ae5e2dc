import { crc32 } from '../../base/checksum.js'
import type { StoredSnapshot } from '../../log/store.js'
import { isDamagedSnapshot } from '../../state/snapshot/snapshot.js'
import { type Connection, command } from './connection.js'
import { idOf, positionOf } from './entry.js'
import type { Keys } from './keys.js'
import { KEEP_SNAPSHOT } from './log-scripts.js'

/** A snapshot that was sent and never kept goes away by itself. */
const UPLOAD_SECONDS = 120
/** A slow line: a snapshot may take its size over this longer than other commands. */
const BYTES_PER_MS = 1000

/** More than a snapshot's own checksum and what is before it: it says which bytes these are. */
const HEAD_BYTES = 64

/** That these bytes are the state at this position, and no other: the bytes have a checksum of their own. */
function checksumOf(position: string, bytes: Uint8Array): string {
  return String(crc32(bytes.subarray(0, HEAD_BYTES), crc32(Buffer.from(`${position} ${bytes.length} `))))
}

/** Whether these are the bytes that were written for this position. Release 0.1.0 leaves no mark. */
function isIntact(position: string, bytes: Uint8Array, mark: Buffer | null): boolean {
  return mark === null || mark.toString() === checksumOf(position, bytes)
}

/** What a snapshot is beside its bytes. */
export interface SnapshotFound {
  /** Null: the key is no snapshot. */
  readonly position: string | null
  readonly hasHeader: boolean
  /** Whether its bytes are those that were written, to the last. */
  readonly isWhole: boolean
}

/** Reads all of it, tens of MB: to be asked where a log cannot be opened, or somebody looks for what is wrong with it. */
export async function lookAtSnapshot(connection: Connection, key: string): Promise<SnapshotFound> {
  const fields = command('HMGET', key, 'position', 'header', 'bytes', 'mark')
  // It may be of another type.
  const reply = await connection.send(fields, 60_000).catch(() => [null, null, null, null])
  const [position, header, bytes, mark] = reply as readonly (Buffer | null)[]
  const at = position?.toString() ?? null
  const isWhole = at !== null && bytes !== null && isIntact(at, bytes, mark) && !isDamagedSnapshot(bytes)
  return { position: at, hasHeader: header !== null, isWhole }
}

/**
 * The latest snapshot first. A third read before the second is given: the same one is not given twice. One that was
 * written for another position, or of another log, comes without its bytes, so that whoever reads it passes it over and says so.
 */
export async function* readSnapshots(
  connection: Connection,
  keys: Keys,
  log: string,
): AsyncGenerator<StoredSnapshot> {
  let given: string | null = null
  for (const key of [keys.latest, keys.older]) {
    // Tens of MB, at BYTES_PER_MS.
    const reply = await connection.send(command('HMGET', key, 'position', 'bytes', 'mark', 'log'), 60_000)
    const [id, bytes, mark, of] = reply as readonly (Buffer | null)[]
    if (id === null || bytes === null || id.toString() === given) continue
    given = id.toString()
    const isWhole = isIntact(given, bytes, mark) && (of === null || of.toString() === log)
    yield { position: positionOf(given), bytes: isWhole ? bytes : new Uint8Array() }
  }
}

/** Sent first, beside what there is, then put in its place and the log trimmed by one script. */
export async function keepSnapshot(
  connection: Connection,
  keys: Keys,
  log: {
    readonly id: string
    readonly origin: string
    readonly retainEvents: number
    /** Events up to its position, where they were read; else what the log says. */
    readonly counted: number | null
  },
  snapshot: StoredSnapshot,
): Promise<void> {
  const { buffer, byteOffset, byteLength } = snapshot.bytes
  const bytes = Buffer.from(buffer, byteOffset, byteLength)
  const upload = keys.upload(log.origin)
  const id = idOf(snapshot.position)
  // Together, so that none is ever there that stays.
  await connection.sendAll(
    [
      command('MULTI'),
      command('HSET', upload, 'position', id, 'bytes', bytes, 'mark', checksumOf(id, bytes)),
      command('EXPIRE', upload, String(UPLOAD_SECONDS)),
      command('EXEC'),
    ],
    byteLength / BYTES_PER_MS,
  )
  const places = [keys.log, keys.events, keys.latest, keys.older, upload]
  const args = [log.id, id, String(log.retainEvents), String(log.counted ?? '')]
  try {
    await connection.send(KEEP_SNAPSHOT.call(places, args), byteLength / BYTES_PER_MS)
  } catch (error) {
    // Where it cannot be asked, it goes away by itself.
    await connection.send(command('DEL', upload)).catch(() => undefined)
    throw error
  }
}
