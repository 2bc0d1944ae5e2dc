import { isRecord } from './check.js'
import { isWithoutFiles } from './without-files.js'

/** A proxy on the way wants a user and a password, or others. */
export const PROXY_REFUSES = 'ERR_PROXY_REFUSES'

/** A connection that was used before ended at once, before anything came of an answer: its other side may have closed it just as the request was sent. */
export const CLOSED_IDLE = 'ERR_CONNECTION_CLOSED_IDLE'

/** This process, or its machine, may open no more files and sockets: it is no fault of whoever was to be reached. */
const OUT_OF_FILES = new Set(['EMFILE', 'ENFILE'])
/**
 * What the system is asked when a name is looked up. It needs a file for that, and says one of these where it gets none; of some names, of the
 * first that a process looks up for one, it says that nobody knows them.
 */
export const LOOKUP = 'getaddrinfo'
const LOOKUP_OUT_OF_FILES = new Set(['EINVAL', 'EBUSY'])

/** What codes of connections say that were never there: nothing was sent, so nothing was done. */
const UNREACHED = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  // Bun.
  'ConnectionRefused',
  'FailedToOpenSocket',
])
/** Certificates that are not taken, and servers that speak no TLS. */
const NO_TLS = /^(ERR_TLS_|ERR_SSL_(WRONG_VERSION|.*_ALERT_)|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_)/

const DEPTH_MAX = 8

/** What an error says of a connection. */
export interface ConnectionError {
  /** Empty: it says none. */
  readonly code: string
  /** Whether it is of a limit of ours. */
  readonly isOutOfFiles: boolean
  /** Whether the connection was never there. */
  readonly isUnreached: boolean
}

/**
 * Of an error that came just now, or of what it was made of: clients wrap what Node throws.
 * @param hasNoFiles whether this process gets no more files; asked where a name was not found
 */
export function connectionErrorOf(
  error: unknown,
  hasNoFiles: () => boolean = isWithoutFiles,
): ConnectionError {
  let code = ''
  let isLookup = false
  try {
    let each: unknown = error
    for (let depth = 0; depth <= DEPTH_MAX && isRecord(each) && !isLookup; depth++) {
      const { code: said, syscall, lastError, cause } = each
      isLookup = syscall === LOOKUP
      if (typeof said === 'string' && (isLookup || code === '')) code = said
      each = lastError ?? cause
    }
  } catch {
    // What cannot be read says nothing.
  }
  if (isLookup && !OUT_OF_FILES.has(code) && (LOOKUP_OUT_OF_FILES.has(code) || hasNoFiles())) code = 'EMFILE'
  const isOutOfFiles = OUT_OF_FILES.has(code)
  // Without an address, or a socket, nothing is sent.
  const isUnreached = isLookup || isOutOfFiles || UNREACHED.has(code) || NO_TLS.test(code)
  return { code, isOutOfFiles, isUnreached }
}
