import { plural, someOf } from '../../base/format.js'
import { LatestMap } from '../../base/latest-map.js'
import type { GatewayConfig } from '../config/config.js'
import type { KeyRights } from '../config/key-config.js'
import type { HeaderReader } from '../doors/client-request.js'
import { equalInConstantTime, sha256Hex } from './digest.js'
import { type Refusal, refused } from './refusal.js'
import type { SharedRecords } from './shared-records.js'
import { configKeyId, isInForce, type KeyList, keysIn } from './stored-key.js'

/** A client that is known. */
export interface ClientKey extends KeyRights {
  /** `key_5f0c...` of a key made at run time, `config:NAME` of one in the config. */
  readonly id: string
  readonly name: string
}

export type Authentication =
  | { readonly ok: true; readonly key: ClientKey }
  | { readonly ok: false; readonly refusal: Refusal }

interface HeldKey {
  readonly client: ClientKey
  readonly sha256: string
  readonly revokedAt: number | null
}

export interface KeyringOptions {
  /** The config in force. */
  readonly config: () => GatewayConfig
  readonly records: SharedRecords
  /** Milliseconds since 1970 UTC. */
  readonly now: () => number
  /** SHA-256 as hexadecimal; Node's own is faster than the web's. */
  readonly digest?: (text: string) => string | Promise<string>
  /** Called when other stored keys than before cannot be read, or some are gone. */
  readonly onProblem: (message: string) => void
}

/** Longer than any key is: it is not hashed. */
const KEY_LENGTH_MAX = 512
/** Keys whose hashes are remembered: those that came in lately. A key that is refused is forgotten. */
const HASHES_MAX = 1000
/** Keys that cannot be read, of which no more are named. */
const IDS_SHOWN_MAX = 10
/** While the store of keys is away, clients may ask again so soon. */
const AWAY_RETRY_MS = 1000
const UNCHECKED = refused(503, 'keys_unavailable', 'keys cannot be checked at the moment', AWAY_RETRY_MS)
/** What keys of the store look like. Whatever else is not known is no key. */
const MADE_HERE = /^pb-[0-9a-f]{64}$/

/**
 * Who may come in: keys of the config, and those made at run time. A key that another process has made comes in at once, and one that
 * it revokes is refused here as soon as the records are read again. While they cannot be read, what is known holds for `keyStore.staleMs`.
 */
export class Keyring {
  private readonly options: KeyringOptions
  private stored: {
    readonly records: ReadonlyMap<string, unknown> | null
    readonly byHash: ReadonlyMap<string, HeldKey>
  } = { records: null, byHash: new Map() }
  private fixed: {
    readonly keys: GatewayConfig['keys'] | null
    readonly byHash: ReadonlyMap<string, HeldKey>
  } = { keys: null, byHash: new Map() }
  private unreadable = ''
  private namesakes = ''
  /** Ids of all stored keys that were ever read: none is ever taken out, revoked ones stay. */
  private readonly seen = new Set<string>()
  private missing = 0
  private readonly hashes = new LatestMap<string, string>(HASHES_MAX)

  constructor(options: KeyringOptions) {
    this.options = options
  }

  /** @param text what a client sent as its key; null: nothing */
  authenticate(text: string | null): Authentication | Promise<Authentication> {
    if (text === null || text === '')
      return refused(401, 'missing_api_key', 'expected a key: authorization: Bearer KEY, or x-api-key: KEY')
    if (text.length > KEY_LENGTH_MAX) return refused(401, 'invalid_api_key', 'this key is not known')
    const { digest = sha256Hex, records } = this.options
    const known = this.hashes.get(text)
    if (known !== undefined && !records.isDue) return this.ofHash(text, known)
    return this.looked(text, known ?? digest(text))
  }

  private async looked(text: string, digest: string | Promise<string>): Promise<Authentication> {
    const sha256 = await digest
    const { records } = this.options
    await records.refreshIfDue()
    const authentication = this.ofHash(text, sha256)
    if (authentication.ok || authentication.refusal.code !== 'invalid_api_key' || !MADE_HERE.test(text))
      return authentication
    // Another process may have made it a moment ago.
    return (await records.catchUp()) ? this.ofHash(text, sha256) : UNCHECKED
  }

  private ofHash(text: string, sha256: string): Authentication {
    const authentication = this.found(text, sha256)
    // It is no longer a key: its text is not to stay in memory. Of a store that is away it may be one again.
    if (!authentication.ok && authentication.refusal.status === 401) this.hashes.delete(text)
    return authentication
  }

  private found(text: string, sha256: string): Authentication {
    const { records, config } = this.options
    const { keys, keyStore } = config()
    const fixed = this.fixedKeys(keys).get(sha256)
    if (fixed !== undefined) return this.accept(fixed, text, sha256)
    if (records.ageMs > keyStore.staleMs) return UNCHECKED
    const stored = this.storedKeys().get(sha256)
    if (stored === undefined) return refused(401, 'invalid_api_key', 'this key is not known')
    return this.accept(stored, text, sha256)
  }

  private accept({ client, sha256, revokedAt }: HeldKey, text: string, given: string): Authentication {
    // The map has found it by its hash, which no client can steer; this keeps even that from being measured.
    if (!equalInConstantTime(sha256, given)) return refused(401, 'invalid_api_key', 'this key is not known')
    if (revokedAt !== null) return refused(401, 'revoked_api_key', 'this key was revoked')
    if (client.expiresAt !== null && client.expiresAt <= this.options.now())
      return refused(401, 'expired_api_key', 'this key has expired')
    this.hashes.set(text, given)
    return { ok: true, key: client }
  }

  /** Keys of the config in force: another list, after a reload. */
  private fixedKeys(keys: GatewayConfig['keys']): ReadonlyMap<string, HeldKey> {
    if (this.fixed.keys !== keys) {
      const byHash = new Map(keys.map((key) => [key.sha256, held(configKeyId(key.name), key, null)]))
      this.fixed = { keys, byHash }
    }
    return this.fixed.byHash
  }

  private storedKeys(): ReadonlyMap<string, HeldKey> {
    const records = this.options.records.current
    if (this.stored.records !== records) {
      const { keys, unreadable } = keysIn(records)
      const byHash = new Map(keys.map((key) => [key.sha256, held(key.id, key, key.revokedAt)]))
      this.stored = { records, byHash }
      this.tell(keys, unreadable)
    }
    return this.stored.byHash
  }

  private tell(keys: KeyList['keys'], unreadable: KeyList['unreadable']): void {
    const { onProblem } = this.options
    const all = unreadable.join(', ')
    if (all !== this.unreadable && all !== '')
      onProblem(
        `${plural(unreadable.length, 'stored key')} cannot be read, and no client comes in with such a one: ${someOf(unreadable, IDS_SHOWN_MAX)}; make others in their place`,
      )
    this.unreadable = all
    this.tellNamesakes(keys)
    const there = new Set([...unreadable, ...keys.map(({ id }) => id)])
    const missing = [...this.seen].filter((id) => !there.has(id)).length
    if (missing > this.missing)
      onProblem(
        `${plural(missing, 'stored key')} that this process knew are gone from the store of keys, and are refused: put back what it had`,
      )
    this.missing = missing
    for (const id of there) this.seen.add(id)
  }

  /** Stores of earlier releases, and a config that names a key as one of the store is named, may have them. */
  private tellNamesakes(keys: KeyList['keys']): void {
    const { onProblem, now, config } = this.options
    const inForce = keys.filter((key) => isInForce(key, now()))
    const all = twice([...config().keys, ...inForce].map(({ name }) => name))
    const text = all
      .slice(0, IDS_SHOWN_MAX)
      .map((name) => JSON.stringify(name))
      .join(', ')
    if (text !== this.namesakes && text !== '')
      onProblem(
        `several keys in force are called ${text}: all of them work, and metrics count those of one name together; revoke all but one by their ids`,
      )
    this.namesakes = text
  }
}

/** Names that several have. */
function twice(names: readonly string[]): readonly string[] {
  const seen = new Set<string>()
  const again = new Set<string>()
  for (const name of names) (seen.has(name) ? again : seen).add(name)
  return [...again]
}

function held(
  id: string,
  key: KeyRights & { readonly name: string; readonly sha256: string },
  revokedAt: number | null,
): HeldKey {
  const { name, tenant, groups, requestsPerMinute, tokensPerMinute, expiresAt, teaches, sha256 } = key
  const client = { id, name, tenant, groups, requestsPerMinute, tokensPerMinute, expiresAt, teaches }
  return { client: Object.freeze(client), sha256, revokedAt }
}

/** The key of a request: `authorization: Bearer KEY` (OpenAI), or `x-api-key: KEY` (Anthropic). */
export function keyTextOf(headers: HeaderReader): string | null {
  const bearer = /^bearer +([!-~]+)$/i.exec(headers.get('authorization') ?? '')
  return bearer?.[1] ?? headers.get('x-api-key')
}
