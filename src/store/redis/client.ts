import { ParetoBanditError } from '../../base/errors.js'

/** What RESP calls a string of bytes: such replies come as Buffers. */
const BLOB_STRING = 36

/** What is used of a client of the package `redis`. */
export interface RedisClient {
  /** Resolves when it is connected. */
  connect(): Promise<unknown>
  /** Sends a command as it is. */
  sendCommand(args: readonly (string | Uint8Array)[]): Promise<unknown>
  /** Tells of a connection that is lost. */
  on(event: 'error', listener: (error: unknown) => void): unknown
  /** Whether its connection keeps the process alive. */
  ref(): void
  /** The opposite. */
  unref(): void
  /** Rejects what waits for a reply. */
  destroy(): void
}

/** What is used of the package `redis`. */
export interface RedisModule {
  /** Makes a client, not connected yet. */
  createClient(options: Record<string, unknown>): RedisClient
}

/** @throws MISSING_DEPENDENCY when the package is not installed */
export async function importRedis(specifier = 'redis'): Promise<RedisModule> {
  // Through a variable: bundlers and the type checker must not look for a package that may be absent.
  try {
    const module: { default?: RedisModule } & Partial<RedisModule> = await import(
      /* @vite-ignore */ /* webpackIgnore: true */ specifier
    )
    return module.createClient === undefined ? (module.default as RedisModule) : (module as RedisModule)
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND'
    if (!isMissing) throw cause
    const message = `expected the package to be installed: npm install ${specifier}`
    throw new ParetoBanditError('MISSING_DEPENDENCY', specifier, message, { cause })
  }
}

/** Options of one attempt to connect: whether there is another is the connection's to say, and nothing is queued. */
export function clientOptions(
  url: string,
  connectTimeoutMs: number,
  tls: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return {
    url,
    RESP: 2,
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    // Batches go one at a time; what remains are heartbeats, leases and claims.
    commandsQueueMaxLength: 1000,
    commandOptions: { typeMapping: { [BLOB_STRING]: Buffer } },
    socket: { ...tls, connectTimeout: connectTimeoutMs, reconnectStrategy: false },
  }
}
