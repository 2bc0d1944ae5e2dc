import { type ErrorCode, ParetoBanditError } from '../../base/errors.js'
import { tlsAdvice } from './tls.js'

/** What the first word of an error reply means: those of our scripts, then those of Redis. */
const CODE_OF_REPLY: Readonly<Record<string, ErrorCode>> = {
  LOGGONE: 'STORE_CORRUPT',
  LOGBACKWARDS: 'STORE_CORRUPT',
  LOGGAP: 'STORE_CORRUPT',
  LOGPOT: 'STORE_CORRUPT',
  LOGFOREIGN: 'STORE_MISMATCH',
  LOGTRIMMED: 'LOG_TRIMMED',
  OOM: 'STORE_FULL',
  READONLY: 'STORE_READ_ONLY',
  MISCONF: 'STORE_READ_ONLY',
  NOREPLICAS: 'STORE_READ_ONLY',
  WRONGTYPE: 'STORE_MISMATCH',
  NOAUTH: 'STORE_UNREACHABLE',
  WRONGPASS: 'STORE_UNREACHABLE',
  NOPERM: 'STORE_UNREACHABLE',
  LOADING: 'STORE_UNREACHABLE',
  BUSY: 'STORE_UNREACHABLE',
  MASTERDOWN: 'STORE_UNREACHABLE',
  CLUSTERDOWN: 'STORE_UNREACHABLE',
  TRYAGAIN: 'STORE_UNREACHABLE',
  MOVED: 'STORE_UNREACHABLE',
  ASK: 'STORE_UNREACHABLE',
  UNBLOCKED: 'STORE_UNREACHABLE',
  EXECABORT: 'STORE_UNREACHABLE',
  ERR: 'STORE_MISMATCH',
  CROSSSLOT: 'STORE_MISMATCH',
}

/** Whether the server answered with an error: the command had no effect then. */
export function isReply(error: unknown): error is Error {
  // Told by its words: the package may be another copy than ours, so `instanceof` would not do.
  return error instanceof Error && (error.message.match(/^[A-Z]+(?= )/)?.[0] ?? '') in CODE_OF_REPLY
}

export function firstWord(error: unknown): string {
  return error instanceof Error ? error.message.split(' ', 1)[0] : ''
}

/** What Redis says of a script that failed where it ran. Any other ERR came from a server, or a proxy before it, that ran nothing. */
const OF_SCRIPT = /script: [0-9a-f]{40}|user_script:|compiling script/
/** A script that somebody ended had written nothing: one that has cannot be ended. And what a user may not call in one is for the operator to mend. */
const OF_OPERATOR = /script killed by user|executing the script|ACL failure/i

function isRefusal(word: string, message: string): boolean {
  return word === 'ERR' && (!OF_SCRIPT.test(message) || OF_OPERATOR.test(message))
}

/** Any failure of a command or a connection as a typed error that names the store. */
export function storeError(error: unknown, description: string): ParetoBanditError {
  if (error instanceof ParetoBanditError) return error
  const message = messageOf(error)
  const [, word, rest] = /^([A-Z]+) (.*)$/s.exec(message) ?? []
  const code = word === undefined || isRefusal(word, message) ? undefined : CODE_OF_REPLY[word]
  if (code === undefined || code === 'STORE_UNREACHABLE') {
    const text = `expected an answer of Redis, got: ${message}${tlsAdvice(error)}`
    return new ParetoBanditError('STORE_UNREACHABLE', description, text, { cause: error })
  }
  return new ParetoBanditError(code, description, word.startsWith('LOG') ? rest : message, { cause: error })
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  // Node tries every address of a host name and gives one error for each.
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ')
  return error.message === '' && 'code' in error ? String(error.code) : error.message
}
