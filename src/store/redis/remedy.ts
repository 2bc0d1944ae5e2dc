import { ParetoBanditError } from '../../base/errors.js'
import { type Connection, command } from './connection.js'
import { firstWord } from './failure.js'
import type { Keys } from './keys.js'
import { lookAtSnapshot } from './snapshots.js'

/** What ends it, where keys of a log are gone or others stand there; for people, to be typed as they are. */
export interface Remedy {
  /** A new log takes its place; pots stay, so that no cap pays twice. */
  readonly begin: string
  /** The log goes on from its latest snapshot, and events after it are lost; null if no snapshot holds enough. */
  readonly resume: string | null
}

/** Answers of Redis that one of the commands ends. */
const ENDED = new Set(['LOGGONE', 'LOGGAP', 'LOGFOREIGN', 'LOGTRIMMED', 'WRONGTYPE'])

export async function remedyFor(connection: Connection, keys: Keys): Promise<Remedy> {
  const hasHead = Number(await connection.send(command('HEXISTS', keys.log, 'header')).catch(() => 0)) === 1
  const all = [keys.log, keys.events, keys.latest, keys.older]
  return {
    begin: `redis-cli DEL ${all.map(quoted).join(' ')}`,
    resume: await resumeFor(connection, keys, hasHead),
  }
}

/** A log goes on from the later of two snapshots that are there: a damaged one has to be taken away first. */
async function resumeFor(connection: Connection, keys: Keys, hasHead: boolean): Promise<string | null> {
  const away: string[] = []
  for (const key of [keys.latest, keys.older]) {
    const { position, hasHeader, isWhole } = await lookAtSnapshot(connection, key)
    if (position === null) continue
    const resume = `redis-cli HSET ${quoted(key)} resume 1`
    if (isWhole) return hasHeader || hasHead ? [...away, resume].join(' && ') : null
    away.push(`redis-cli DEL ${quoted(key)}`)
  }
  return null
}

/** The refusal of an `open`, with the commands that end it. */
export async function withRemedy(
  connection: Connection,
  keys: Keys,
  error: ParetoBanditError,
): Promise<ParetoBanditError> {
  if (!ENDED.has(firstWord(rootOf(error)))) return error
  const { begin, resume } = await remedyFor(connection, keys)
  const on = resume === null ? '' : `to go on from its snapshot, without what came after it: ${resume}; `
  const own = error.code === 'STORE_MISMATCH' ? ' where nobody else needs these keys' : ''
  const message = `${error.message.slice(error.field.length + 2)}; ${on}to start with an empty log${own}: ${begin}`
  return new ParetoBanditError(error.code, error.field, message, { cause: error.cause ?? error })
}

/** What Redis itself said. */
function rootOf(error: ParetoBanditError): unknown {
  let { cause } = error
  while (cause instanceof ParetoBanditError) cause = cause.cause
  return cause
}

/** For a shell. */
export function quoted(key: string): string {
  return `'${key.replaceAll("'", "'\\''")}'`
}
