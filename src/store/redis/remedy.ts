import { ParetoBanditError } from '../../base/errors.js'
import { type Connection, command } from './connection.js'
import { firstWord } from './failure.js'
import type { Keys } from './keys.js'

/** What ends it, where keys of a log are gone or others stand there; for people, to be typed as they are. */
export interface Remedy {
  /** A new log takes its place; pots stay, so that no cap pays twice. */
  readonly begin: string
  /** The log goes on from its latest snapshot, and events after it are lost; null if no snapshot holds enough. */
  readonly resume: string | null
}

/** Answers of `OPEN` that one of the commands ends. */
const ENDED = new Set(['LOGGONE', 'LOGGAP', 'LOGFOREIGN', 'WRONGTYPE'])

export async function remedyFor(connection: Connection, keys: Keys): Promise<Remedy> {
  let resumable: string | null = null
  for (const key of [keys.older, keys.latest]) {
    const fields = command('HMGET', key, 'position', 'header')
    const replies = (await connection.send(fields).catch(() => [null, null])) as readonly unknown[]
    const hasHead = await connection.send(command('HEXISTS', keys.log, 'header')).catch(() => 0)
    if (replies[0] !== null && (replies[1] !== null || Number(hasHead) === 1)) resumable = key
    else if (replies[0] !== null) resumable = null
  }
  const all = [keys.log, keys.events, keys.latest, keys.older]
  return {
    begin: `redis-cli DEL ${all.map(quoted).join(' ')}`,
    resume: resumable === null ? null : `redis-cli HSET ${quoted(resumable)} resume 1`,
  }
}

/** The refusal of an `open`, with the commands that end it. */
export async function withRemedy(
  connection: Connection,
  keys: Keys,
  error: ParetoBanditError,
): Promise<ParetoBanditError> {
  if (!ENDED.has(firstWord(error.cause))) return error
  const { begin, resume } = await remedyFor(connection, keys)
  const on = resume === null ? '' : `to go on from its snapshot, without what came after it: ${resume}; `
  const own = error.code === 'STORE_MISMATCH' ? ' where nobody else needs these keys' : ''
  const message = `${error.message.slice(error.field.length + 2)}; ${on}to start with an empty log${own}: ${begin}`
  return new ParetoBanditError(error.code, error.field, message, { cause: error.cause ?? error })
}

/** For a shell. */
export function quoted(key: string): string {
  return `'${key.replaceAll("'", "'\\''")}'`
}
