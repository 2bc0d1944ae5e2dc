import { isRecord } from '../../base/check.js'
import { object, orNull, required } from '../config/compound-shapes.js'
import type { KeyRights } from '../config/key-config.js'
import { keyName, keyRights, RIGHTS, sha256 } from '../config/key-shapes.js'
import { hintOf, type Mistake, pathText } from '../config/mistake.js'
import { time } from '../config/scalar-shapes.js'
import { type Reading, type Shape, WRONG } from '../config/shape.js'
import { hexOf, sha256Hex } from './digest.js'
import type { RecordStore } from './records.js'

/** A key that was made at run time, as it is kept: its text is known to whoever made it alone. */
export interface StoredKey extends KeyRights {
  /** `key_` and the first 16 digits of its hash: logs and commands call it so. */
  readonly id: string
  readonly name: string
  readonly sha256: string
  /** Milliseconds since 1970 UTC. */
  readonly createdAt: number
  readonly revokedAt: number | null
}

type KeyRecord = Omit<StoredKey, 'id'>

const keyRecord: Shape<KeyRecord> = object<KeyRecord>({
  name: required(keyName, 'its name'),
  sha256: required(sha256, 'its hash'),
  createdAt: required(time, 'when it was made'),
  revokedAt: required(orNull(time), 'when it was revoked'),
  ...RIGHTS,
})

const PREFIX = 'key:'
const KEY_BYTES = 32

/** What a new key may do; what is left out has its default. `expiresAt` is an ISO 8601 time. */
export type NewKey = { readonly name: string } & {
  readonly [R in keyof KeyRights]?: R extends 'expiresAt' ? string | null : KeyRights[R]
}

/** A wish that cannot be granted: what the caller must mend. */
export class KeyError extends Error {
  override readonly name = 'KeyError'
  readonly code: 'invalid_key_request' | 'duplicate_key' | 'unknown_key' | 'key_in_config'

  /** Of a wish, where in it; empty for a key that is not there. */
  readonly mistakes: readonly Mistake[]

  constructor(code: KeyError['code'], message: string, mistakes: readonly Mistake[] = []) {
    super(message)
    this.code = code
    this.mistakes = mistakes
  }
}

/** What a key may be given: groups and tenants that there are. */
export interface Known {
  /** The file that has all of them; left out: all that the gateway has. */
  readonly file?: string
  readonly groups: readonly string[]
  readonly tenants: readonly string[]
  /** Names of the keys of the config: no other key gets one of them. */
  readonly inConfig: readonly string[]
}

/** Under which id a key of the config is known. */
export function configKeyId(name: string): string {
  return `config:${name}`
}

/**
 * Makes a key of 256 random bits and keeps its hash.
 * @param known null: what is named is taken as it is
 * @returns the text of the key, which nobody can find out again
 * @throws KeyError naming what is wrong
 */
export async function createKey(
  records: RecordStore,
  wish: unknown,
  known: Known | null,
  now: number,
): Promise<{ readonly text: string; readonly key: StoredKey }> {
  const { name, rights } = readWish(wish)
  if (known !== null) {
    const where = known.file === undefined ? '' : ` in ${known.file}`
    const group = rights.groups?.find((each) => !known.groups.includes(each))
    if (group !== undefined)
      throw wrongWish([
        { path: ['groups'], message: `no model is in group ${group}${where}${oneOf(group, known.groups)}` },
      ])
    const { tenant } = rights
    if (tenant !== null && !known.tenants.includes(tenant)) {
      const message = `there is no tenant ${JSON.stringify(tenant)}${where}${oneOf(tenant, known.tenants)}`
      throw wrongWish([{ path: ['tenant'], message }])
    }
  }
  if (rights.expiresAt !== null && rights.expiresAt <= now)
    throw wrongWish([
      { path: ['expiresAt'], message: `is over already: ${new Date(rights.expiresAt).toISOString()}` },
    ])
  if (known?.inConfig.includes(name) === true)
    throw duplicate(name, `which a key of ${known.file ?? 'the config'} has`)
  const [other] = await namesakes(records, name, now)
  if (other !== undefined) throw duplicate(name, `which key ${other.id} has: revoke that one first`)
  const text = `pb-${hexOf(crypto.getRandomValues(new Uint8Array(KEY_BYTES)))}`
  const hash = await sha256Hex(text)
  const id = idOf(hash)
  const key: StoredKey = { id, name, sha256: hash, createdAt: now, revokedAt: null, ...rights }
  await records.put(PREFIX + id, written(key))
  // Another process may have looked at the same time: whoever finds both gives up its own, which nobody has seen.
  const isOnly = (await namesakes(records, name, now)).every((each) => each.id === id)
  if (isOnly) return { text, key }
  await records.put(PREFIX + id, written({ ...key, revokedAt: now }))
  throw duplicate(name, 'which another key was given at the same time')
}

/** Keys in force of that name. */
async function namesakes(records: RecordStore, name: string, now: number): Promise<readonly StoredKey[]> {
  const { keys } = await listKeys(records)
  return keys.filter((key) => key.name === name && isInForce(key, now))
}

/** Neither revoked nor expired. */
export function isInForce({ revokedAt, expiresAt }: StoredKey, now: number): boolean {
  return revokedAt === null && (expiresAt === null || expiresAt > now)
}

function duplicate(name: string, why: string): KeyError {
  const message = `expected a name that no other key has, got ${JSON.stringify(name)}, ${why}`
  return new KeyError('duplicate_key', `name: ${message}`, [{ path: ['name'], message }])
}

/**
 * From then on the key is refused; it stays in the list. One that is revoked already stays as it was.
 * @param id its id, or its name where no other key that is in force has it
 * @param inConfig names of the keys of the config
 * @throws KeyError for one that is not there, or stands in the config
 */
export async function revokeKey(
  records: RecordStore,
  id: string,
  now: number,
  inConfig: readonly string[] = [],
): Promise<StoredKey> {
  const { keys, unreadable } = await listKeys(records)
  const inForce = keys.filter(({ name, revokedAt }) => name === id && revokedAt === null)
  const found = keys.find((key) => key.id === id) ?? (inForce.length === 1 ? inForce[0] : undefined)
  if (found === undefined) {
    const fixed = inConfig.find((name) => id === name || id === configKeyId(name))
    if (fixed !== undefined && inForce.length === 0)
      throw new KeyError(
        'key_in_config',
        `key ${JSON.stringify(fixed)} stands in the config: take it out there`,
      )
    if (unreadable.includes(id))
      throw new KeyError('unknown_key', `the record of key ${id} cannot be read, and it is refused already`)
    const why =
      inForce.length > 1
        ? `${inForce.length} keys are called ${JSON.stringify(id)}: give the id`
        : `there is no key ${JSON.stringify(id)}`
    throw new KeyError('unknown_key', why)
  }
  if (found.revokedAt !== null) return found
  const revoked = { ...found, revokedAt: now }
  await records.put(PREFIX + found.id, written(revoked))
  return revoked
}

/** Keys in the order they were made, and ids of the records that could not be read: those are in force nowhere. */
export async function listKeys(records: RecordStore): Promise<KeyList> {
  return keysIn(await records.read())
}

export interface KeyList {
  readonly keys: readonly StoredKey[]
  readonly unreadable: readonly string[]
}

export function keysIn(records: ReadonlyMap<string, unknown>): KeyList {
  const found: StoredKey[] = []
  const unreadable = new Set<string>()
  for (const [id, value] of records) {
    const isKey = id.startsWith(PREFIX)
    // Of other kinds none has a hash: this one's id is damaged.
    if (!isKey && !(isRecord(value) && 'sha256' in value)) continue
    const reading: Reading = { env: null, mistakes: [] }
    const read = keyRecord.read(value, [], reading)
    if (read !== WRONG && PREFIX + idOf(read.sha256) === id) {
      found.push({ id: idOf(read.sha256), ...read })
      continue
    }
    unreadable.add(isKey ? id.slice(PREFIX.length) : id)
    // Under a wrong id it may be the later word on the key that it names.
    if (read !== WRONG) unreadable.add(idOf(read.sha256))
  }
  const keys = found.filter(({ id }) => !unreadable.has(id))
  keys.sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1))
  return { keys, unreadable: [...unreadable] }
}

function idOf(hash: string): string {
  return `key_${hash.slice(0, 16)}`
}

function written({ id: _, createdAt, revokedAt, expiresAt, ...others }: StoredKey): object {
  const iso = (at: number | null) => (at === null ? null : new Date(at).toISOString())
  return { ...others, createdAt: iso(createdAt), revokedAt: iso(revokedAt), expiresAt: iso(expiresAt) }
}

function readWish(wish: unknown): { readonly name: string; readonly rights: KeyRights } {
  const reading: Reading = { env: null, mistakes: [] }
  const { name: given, ...others } =
    typeof wish === 'object' && wish !== null ? { name: undefined, ...wish } : { name: undefined }
  const name = keyName.read(given, ['name'], reading)
  const rights = keyRights.read(others, [], reading)
  if (name === WRONG || rights === WRONG) throw wrongWish(reading.mistakes)
  return { name, rights }
}

/** What there is in place of a word that is not known. */
function oneOf(word: string, known: readonly string[]): string {
  const names = [...new Set(known)]
  return (
    hintOf(word, names) ||
    `; ${names.length === 0 ? 'none are known' : `known are ${names.slice(0, 10).join(', ')}`}`
  )
}

function wrongWish(mistakes: readonly Mistake[]): KeyError {
  const all = mistakes.map(({ path, message }) => `${pathText(path)}: ${message}`)
  return new KeyError('invalid_key_request', all.join('; '), mistakes)
}
