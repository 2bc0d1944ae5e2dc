import { checkInRange, checkInteger, checkOneOf, checkRecord } from '../../check.js'
import { crc32 } from '../../checksum.js'
import { EPSILON_MAX, POLICY_NAMES, type PolicyName } from '../../options.js'
import { PACER_MODES, type PacerMode } from '../../pacing/dual-ascent.js'
import { CommandError } from '../command-error.js'

/**
 * State file, version 1: what a router's snapshot leaves to its options, and the snapshot. Little-endian.
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

/** Options that every later command must make its router with. */
export interface Settings {
  readonly policy: PolicyName
  /** How the budget acts under policy `paper`; null under another. */
  readonly mode: PacerMode | null
  readonly alpha: number
  readonly seed: number
  /** Share of requests left to chance; 0 in files of before it was an option. */
  readonly epsilon: number
}

export interface StoredState {
  readonly settings: Settings
  readonly snapshot: Uint8Array
}

export function encodeState({ settings, snapshot }: StoredState): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(settings))
  const bytes = new Uint8Array(HEADER_BYTES + json.length + snapshot.length)
  bytes.set(json, HEADER_BYTES)
  bytes.set(snapshot, HEADER_BYTES + json.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, MAGIC, true)
  view.setUint32(4, VERSION, true)
  view.setUint32(8, json.length, true)
  view.setUint32(CHECKSUM_OFFSET, checksum(bytes), true)
  return bytes
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
  return { settings: readSettings(text, path), snapshot: bytes.slice(end) }
}

function readSettings(text: string, path: string): Settings {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw refused(path, 'its settings are not JSON')
  }
  const record = checkRecord(value, `${path}: settings`)
  // Files without a name for it were written when policy `paper` was the default.
  const policy = checkOneOf(record.policy ?? 'paper', POLICY_NAMES, `${path}: settings.policy`)
  return {
    policy,
    mode: policy === 'paper' ? checkOneOf(record.mode, PACER_MODES, `${path}: settings.mode`) : null,
    alpha: checkInRange(record.alpha, 0, 1e6, `${path}: settings.alpha`),
    seed: checkInteger(record.seed, 0, 0xffffffff, `${path}: settings.seed`),
    epsilon: checkInRange(record.epsilon ?? 0, 0, EPSILON_MAX, `${path}: settings.epsilon`),
  }
}

function checksum(bytes: Uint8Array): number {
  return crc32(bytes.subarray(CHECKSUM_OFFSET + 4), crc32(bytes.subarray(0, CHECKSUM_OFFSET)))
}

function refused(path: string, why: string): CommandError {
  return new CommandError('FILE_UNREADABLE', `${path}: not a state file this release can read: ${why}`)
}
