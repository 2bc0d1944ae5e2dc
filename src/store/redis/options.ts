import { checkInteger, checkString } from '../../base/check.js'
import { expected, ParetoBanditError } from '../../base/errors.js'
import { readOptions } from '../../base/read-once.js'
import type { RedisModule } from './client.js'
import { checkTlsParameters, isTlsParameter } from './tls.js'

export interface RedisStoreOptions {
  /**
   * `redis://[user[:password]@]host[:port][/database]`, `rediss://...` for TLS, or `unix:///path/to/socket`. One of TLS takes paths of PEM files
   * and the name that the server's certificate has: `?caFile=&certFile=&keyFile=&serverName=`. They are read for each connection.
   */
  readonly url: string
  /** Names the log: all its keys begin with `{stream}:`. `paretobandit` by default. */
  readonly stream?: string | undefined
  /** How many events at least stay when snapshots cover them, 200,000 by default. */
  readonly retainEvents?: number | undefined
  /** First part of what this process calls itself, `r` by default: letters, digits, `_` and `-`, 32 at most. */
  readonly name?: string | undefined
  /** A command without an answer for so long, ms, is given up and its connection with it; 5000 by default. */
  readonly timeoutMs?: number | undefined
  /**
   * How many of Redis's own replicas must have an event before it counts as written, and a slice of a cap before it is
   * spent; 0 by default. So a failover to one of these loses nothing that was acknowledged.
   */
  readonly waitReplicas?: number | undefined
  /** Brings the package, for example another client of the same face. Default: a dynamic import of `redis`. */
  readonly load?: (() => Promise<RedisModule>) | undefined
}

export interface RedisSettings {
  readonly url: string
  readonly stream: string
  readonly retainEvents: number
  readonly name: string
  readonly timeoutMs: number
  readonly waitReplicas: number
  readonly load: (() => Promise<RedisModule>) | null
  /** Without the password. */
  readonly description: string
}

const OPTION_NAMES = ['url', 'stream', 'retainEvents', 'name', 'timeoutMs', 'waitReplicas', 'load'] as const
const URL_SHAPE = 'redis://host:port, rediss://host:port or unix:///path'

/** @throws INVALID_ARGUMENT, UNKNOWN_OPTION; no message repeats a URL's password */
export function checkOptions(given: RedisStoreOptions): RedisSettings {
  const options = readOptions(given, OPTION_NAMES)
  const url = checkString(options.url, 'url')
  const stream = checkString(options.stream ?? 'paretobandit', 'stream')
  // Braces end the hash tag early: the keys would lie on several nodes of a cluster.
  if (!/^[^{}\s]{1,200}$/.test(stream)) {
    throw expected('INVALID_ARGUMENT', 'stream', 'at most 200 characters, no braces or spaces', stream)
  }
  const name = checkString(options.name ?? 'r', 'name')
  if (!/^[A-Za-z0-9_-]{1,32}$/.test(name)) {
    throw expected('INVALID_ARGUMENT', 'name', 'at most 32 letters, digits, _ or -', name)
  }
  if (options.load !== undefined && typeof options.load !== 'function') {
    throw expected('INVALID_ARGUMENT', 'load', 'a function', options.load)
  }
  return Object.freeze({
    url,
    stream,
    name,
    retainEvents: checkInteger(options.retainEvents ?? 200_000, 0, Number.MAX_SAFE_INTEGER, 'retainEvents'),
    timeoutMs: checkInteger(options.timeoutMs ?? 5000, 10, 3_600_000, 'timeoutMs'),
    waitReplicas: checkInteger(options.waitReplicas ?? 0, 0, 100, 'waitReplicas'),
    load: options.load ?? null,
    description: `${withoutPassword(url)} stream ${stream}`,
  })
}

function isDecoded(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

/** Of an address whose password has no `/ ? #`, with parameters: what follows `?`. */
const PARAMETERS_OF = /^(?:[^@/?#]*@)?(?:\[[0-9a-f:.]+\]|[\w.-]+)?(?::\d+)?(?:\/\d*)?\?(.*)$/is

/** Whether `/ ? #` stand where a user or password would be; paths of files may have an `@`. */
function hasBareMark(rest: string): boolean {
  if (rest.includes('#')) return true
  const query = PARAMETERS_OF.exec(rest)?.[1]
  // `1?secret` of `user:1?secret@host` is a password.
  if (query?.split('&').every((part) => isTlsParameter(part.split('=', 1)[0]))) return false
  return /[/?].*@/s.test(rest)
}

function withoutPassword(url: string): string {
  const unix = /^unix:\/\/(?:[^@/]*@)?(\/[^?#]+)/.exec(url)
  if (unix !== null) return `unix://${unix[1]}`
  const [, rest = ''] = /^rediss?:\/\/(.+)$/s.exec(url) ?? []
  // What follows the first of these is no password any more: it would be asked for as a host, and stand in errors.
  if (hasBareMark(rest) || !isDecoded(/^(.*)@/s.exec(rest)?.[1] ?? ''))
    throw new ParetoBanditError(
      'INVALID_ARGUMENT',
      'url',
      'expected / ? # and % of a user or password as %2F %3F %23 and %25 (encodeURIComponent), got one as it is',
    )
  if (rest === '' || !URL.canParse(url)) {
    throw new ParetoBanditError('INVALID_ARGUMENT', 'url', `expected ${URL_SHAPE}`)
  }
  const parsed = new URL(url)
  if (!/^(\/\d*)?$/.test(parsed.pathname))
    throw expected('INVALID_ARGUMENT', 'url', 'a number of a database at its end', parsed.pathname)
  checkTlsParameters(url)
  parsed.password = ''
  parsed.search = ''
  parsed.hash = ''
  return parsed.href
}
