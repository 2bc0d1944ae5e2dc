/** A proxy on the way wants a user and a password, or others. */
export const PROXY_REFUSES = 'ERR_PROXY_REFUSES'

/** A connection that was used before ended at once, before anything came of an answer: its other side may have closed it just as the request was sent. */
export const CLOSED_IDLE = 'ERR_CONNECTION_CLOSED_IDLE'

/** This process, or its machine, may open no more files and sockets: it is no fault of whoever was to be reached. */
const OUT_OF_FILES = new Set(['EMFILE', 'ENFILE'])

/** Whether an error with this code is of a limit of ours. */
export function isOutOfFiles(code: string): boolean {
  return OUT_OF_FILES.has(code)
}

/** What codes of connections say that were never there: nothing was sent, so nothing was done. */
const UNREACHED = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  ...OUT_OF_FILES,
  // Bun.
  'ConnectionRefused',
  'FailedToOpenSocket',
])
/** Certificates that are not taken, and servers that speak no TLS. */
const NO_TLS = /^(ERR_TLS_|ERR_SSL_(WRONG_VERSION|.*_ALERT_)|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_)/

/** Whether an error with this code is of a connection that was never there. */
export function isUnreached(code: string): boolean {
  return UNREACHED.has(code) || NO_TLS.test(code)
}
