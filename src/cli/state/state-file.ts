import { crc32 } from '../../base/checksum.js'
import { CommandError } from '../command-error.js'
import { parseSettings, type Settings } from './settings.js'

/**
 * State files from before there were logs, version 1: what a router's snapshot leaves to its options, and the snapshot. They are
 * read, and no longer written. Little-endian.
 *
 *     0   4  magic "PBST"
 *     4   4  version, uint32
 *     8   4  length of the settings in bytes, uint32
 *     12  4  CRC-32 of everything but these four bytes
 *     16     settings: JSON {policy, mode, alpha, seed, epsilon}
 *            the router's snapshot
 */
const MAGIC = 0x54534250
const VERSION = 1
const HEADER_BYTES = 16
const CHECKSUM_OFFSET = 12

interface StoredState {
  readonly settings: Settings
  readonly snapshot: Uint8Array
}

/** Whether a file that begins so is one of these. */
export function isStateFile(start: Uint8Array): boolean {
  return (
    start.length >= 4 &&
    new DataView(start.buffer, start.byteOffset, start.length).getUint32(0, true) === MAGIC
  )
}

/** @throws FILE_UNREADABLE naming the file: not a state file, cut, altered, or from a later version */
export function decodeState(bytes: Uint8Array, path: string): StoredState {
  if (bytes.length < HEADER_BYTES)
    throw refused(path, `it has ${bytes.length} bytes, a header has ${HEADER_BYTES}`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(0, true) !== MAGIC) throw refused(path, 'it does not start as one')
  const version = view.getUint32(4, true)
  if (version !== VERSION)
    throw refused(path, `it has format version ${version}, this release reads ${VERSION}`)
  if (view.getUint32(CHECKSUM_OFFSET, true) !== checksum(bytes)) throw refused(path, 'its checksum is wrong')
  const end = HEADER_BYTES + view.getUint32(8, true)
  if (end > bytes.length) throw refused(path, 'its settings are cut')
  const text = new TextDecoder().decode(bytes.subarray(HEADER_BYTES, end))
  try {
    return { settings: parseSettings(text, path), snapshot: bytes.slice(end) }
  } catch (error) {
    if (error instanceof SyntaxError) throw refused(path, 'its settings are not JSON')
    throw error
  }
}

function checksum(bytes: Uint8Array): number {
  return crc32(bytes.subarray(CHECKSUM_OFFSET + 4), crc32(bytes.subarray(0, CHECKSUM_OFFSET)))
}

function refused(path: string, why: string): CommandError {
  return new CommandError('FILE_UNREADABLE', `${path}: not a state file this release can read: ${why}`)
}
