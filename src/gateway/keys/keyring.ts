import type { GatewayConfig, KeyRights } from '../config/config.js'
import { equalInConstantTime, sha256Hex } from './digest.js'
import type { RecordStore } from './records.js'
import type { Refusal } from './refusal.js'
import { keysIn } from './stored-key.js'

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

function held(
  id: string,
  key: KeyRights & { readonly name: string; readonly sha256: string },
  revokedAt: number | null,
): HeldKey {
  const { name, tenant, groups, requestsPerMinute, tokensPerMinute, expiresAt, sha256 } = key
  const client = Object.freeze({ id, name, tenant, groups, requestsPerMinute, tokensPerMinute, expiresAt })
  return { client, sha256, revokedAt }
}

export interface KeyringOptions {
  /** The config in force. */
  readonly config: () => GatewayConfig
  readonly records: RecordStore
  /** Milliseconds since 1970 UTC. */
  readonly now?: () => number
  /** SHA-256 as hexadecimal; Node's own is faster than the web's. */
  readonly digest?: (text: string) => string | Promise<string>
  /** Told of what went wrong with the store of keys, once until it is well again. */
  readonly onProblem?: (message: string) => void
}

/** Longer than any key is: it is not hashed. */
const KEY_LENGTH_MAX = 512

/**
 * Who may come in: keys of the config, and those made at run time, which are read from their store again whenever it has
 * changed. A key that another process revokes is refused here within `keyStore.refreshMs` and the time of one read.
 */
export class Keyring {
  private readonly options: KeyringOptions
  private readonly now: () => number
  private stored: ReadonlyMap<string, HeldKey> = new Map()
  private ofConfig: { readonly keys: GatewayConfig['keys']; readonly byHash: ReadonlyMap<string, HeldKey> }
  private version: string | null = null
  /** When what is stored was last known to be so. */
  private freshAt = Number.NEGATIVE_INFINITY
  private isUnwell = false
  private running: Promise<void> | null = null
  private timer: ReturnType<typeof setInterval> | null = null

  private constructor(options: KeyringOptions) {
    this.options = options
    this.now = options.now ?? Date.now
    this.ofConfig = { keys: [], byHash: new Map() }
  }

  /** @throws (the promise is rejected with) what the store throws */
  static async open(options: KeyringOptions): Promise<Keyring> {
    const keyring = new Keyring(options)
    await keyring.reread()
    return keyring
  }

  /** Looks for changes from now on. */
  start(): void {
    this.timer ??= setInterval(() => void this.refresh(), this.options.config().keyStore.refreshMs)
    if (typeof this.timer === 'object' && 'unref' in this.timer) this.timer.unref()
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer)
    this.timer = null
  }

  /** Looks for changes now. Resolves whatever comes of it: while the store is away, what is known holds for `staleMs`. */
  refresh(): Promise<void> {
    this.running ??= this.reread()
      .then(
        () => {
          this.isUnwell = false
        },
        (error: unknown) =>
          this.tell(`keys cannot be read: ${error instanceof Error ? error.message : String(error)}`),
      )
      .finally(() => {
        this.running = null
      })
    return this.running
  }

  /** @param text what a client sent as its key; null: nothing */
  async authenticate(text: string | null): Promise<Authentication> {
    if (text === null || text === '')
      return refused(401, 'missing_api_key', 'expected a key: authorization: Bearer KEY, or x-api-key: KEY')
    if (text.length > KEY_LENGTH_MAX) return refused(401, 'invalid_api_key', 'this key is not known')
    const sha256 = await (this.options.digest ?? sha256Hex)(text)
    const { refreshMs, staleMs } = this.options.config().keyStore
    // Where no timer runs, as on the edge, requests look for changes themselves.
    if (this.timer === null && this.now() - this.freshAt > refreshMs) await this.refresh()
    const fixed = this.fixed().get(sha256)
    if (fixed !== undefined) return this.accept(fixed, sha256)
    const stored = this.stored.get(sha256)
    if (this.now() - this.freshAt > staleMs)
      return refused(503, 'keys_unavailable', 'keys cannot be checked at the moment', 1000)
    if (stored === undefined) return refused(401, 'invalid_api_key', 'this key is not known')
    return this.accept(stored, sha256)
  }

  private accept({ client, sha256, revokedAt }: HeldKey, given: string): Authentication {
    // The map has found it by its hash, which no client can steer; this keeps even that from being measured.
    if (!equalInConstantTime(sha256, given)) return refused(401, 'invalid_api_key', 'this key is not known')
    if (revokedAt !== null) return refused(401, 'revoked_api_key', 'this key was revoked')
    if (client.expiresAt !== null && client.expiresAt <= this.now())
      return refused(401, 'expired_api_key', 'this key has expired')
    return { ok: true, key: client }
  }

  /** Keys of the config in force: another list, after a reload. */
  private fixed(): ReadonlyMap<string, HeldKey> {
    const { keys } = this.options.config()
    if (this.ofConfig.keys !== keys) {
      const byHash = new Map(keys.map((key) => [key.sha256, held(`config:${key.name}`, key, null)]))
      this.ofConfig = { keys, byHash }
    }
    return this.ofConfig.byHash
  }

  private async reread(): Promise<void> {
    const { records } = this.options
    // The time before the read: what changes during it is seen the next time.
    const at = this.now()
    const version = await records.version()
    if (version !== this.version) {
      const { keys, unreadable } = keysIn(await records.read())
      this.stored = new Map(keys.map((key) => [key.sha256, held(key.id, key, key.revokedAt)]))
      this.version = version
      if (unreadable > 0) this.tell(`${unreadable} stored keys cannot be read, and are refused`)
    }
    this.freshAt = at
  }

  private tell(message: string): void {
    if (!this.isUnwell) this.options.onProblem?.(message)
    this.isUnwell = true
  }
}

function refused(
  status: number,
  code: string,
  message: string,
  retryAfterMs: number | null = null,
): Authentication {
  return { ok: false, refusal: { status, code, message, retryAfterMs } }
}

/** The key of a request: `authorization: Bearer KEY` (OpenAI), or `x-api-key: KEY` (Anthropic). */
export function keyTextOf(headers: Headers): string | null {
  const bearer = /^bearer +([!-~]+)$/i.exec(headers.get('authorization') ?? '')
  return bearer?.[1] ?? headers.get('x-api-key')
}
