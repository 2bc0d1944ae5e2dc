import { ParetoBanditError } from '../../base/errors.js'
import { type Command, type Connection, command, Script } from './connection.js'
import { firstWord } from './failure.js'

/**
 * What scripts of a store call, with arguments that Redis refuses or that find nothing, on a key that is not there: nothing is written.
 * A permission is asked about before the arguments are looked at.
 */
export const CALLS: Readonly<Record<string, readonly string[]>> = {
  DEL: [],
  EXISTS: [],
  GET: [],
  HDEL: ['f'],
  HGET: ['f'],
  HGETALL: [],
  HINCRBY: ['f', 'no number'],
  HMGET: ['f'],
  HSET: ['f', 'v', 'no value'],
  PERSIST: [],
  PEXPIRE: ['no number'],
  PEXPIREAT: ['no number'],
  RENAME: ['KEY'],
  SET: ['v', 'no option'],
  TYPE: [],
  XADD: ['no id', 'f', 'v'],
  XINFO: ['STREAM', 'KEY'],
  XRANGE: ['-', '+'],
  XREVRANGE: ['+', '-'],
  XSETID: ['no id'],
  XTRIM: ['MAXLEN', 'no number'],
  ZADD: ['no number', 'm'],
  ZCARD: [],
  ZRANGEBYSCORE: ['no number', '0'],
  ZREM: ['m'],
  ZREMRANGEBYSCORE: ['no number', '0'],
  ZSCORE: ['m'],
}

/** KEYS[1] is not there; ARGV: calls, words of one apart by new lines. -> those that the user may not make, or that are not known */
export const REFUSED_IN_SCRIPTS = `
local refused = {}
for i = 1, #ARGV do
  local words = {}
  for word in string.gmatch(ARGV[i], '[^\\n]+') do words[#words + 1] = word end
  local reply = redis.pcall(unpack(words))
  local wrong = type(reply) == 'table' and reply.err
  -- Words of Redis 7.0, of later ones, and of Valkey.
  if wrong and (string.find(wrong, 'executing the script', 1, true) or string.find(wrong, 'ACL failure', 1, true)
    or string.find(wrong, 'NOPERM', 1, true) or string.find(wrong, 'nknown.*command')) then refused[#refused + 1] = words[1] end
end
return refused
`

const REFUSED = new Script(REFUSED_IN_SCRIPTS)
const ONE = new Script('return 1')

/** What a store sends outside of scripts, each of which changes nothing so. The first leads to the node that has the keys. */
export const DIRECT: readonly (readonly string[])[] = [
  ['HGET', 'KEY', 'f'],
  ['HMGET', 'KEY', 'f'],
  ['HEXISTS', 'KEY', 'f'],
  ['HSET', 'KEY', 'f', 'v', 'no value'],
  ['EXPIRE', 'KEY', '1'],
  ['DEL', 'KEY'],
  ['ZREM', 'KEY', 'm'],
  ['XREAD', 'STREAMS', 'KEY', '0'],
  ['TIME'],
  ['INFO', 'server'],
  ['SCRIPT', 'LOAD', ONE.text],
  ['EVALSHA', ONE.digest, '0'],
  ['MULTI'],
  ['EXEC'],
]
/** And where it waits for replicas. */
export const WAIT: readonly string[] = ['WAIT', '0', '1']

/** `calls` as `REFUSED_IN_SCRIPTS` takes them. */
export function callTexts(calls: Readonly<Record<string, readonly string[]>>, key: string): string[] {
  return Object.entries(calls).map(([name, words]) => {
    const all = name === 'XINFO' || name === 'TIME' ? words : ['KEY', ...words]
    return [name, ...all.map((word) => (word === 'KEY' ? key : word))].join('\n')
  })
}

/**
 * Which commands a user may not send, or the server does not know. All are asked before it says so; what fails otherwise will fail again
 * where it matters.
 * @param send rejects with what Redis answered
 */
export async function refusedDirectly(
  send: (words: readonly string[]) => Promise<unknown>,
  direct: readonly (readonly string[])[],
  key: string,
): Promise<string[]> {
  const [first, ...others] = direct.map((words) => words.map((word) => (word === 'KEY' ? key : word)))
  // One alone: where it leads to another node, what was sent with it would be cut off.
  const asked = [...(await Promise.allSettled([send(first)]))]
  asked.push(...(await Promise.allSettled(others.map(send))))
  return asked.flatMap((answer, i) => {
    if (answer.status === 'fulfilled') return []
    const [name, sub] = direct[i]
    return isRefusedCommand(answer.reason) ? [name === 'SCRIPT' ? `${name} ${sub}` : name] : []
  })
}

/**
 * Whether Redis said that this user may not send a command, or that it knows none of that name; what it says of keys and channels is another matter.
 * Of a command Redis 6.2 says `NOPERM this user has no permissions to run the 'get' command or its subcommand`, 7.0 and later and Valkey
 * `NOPERM User NAME has no permissions to run the 'get' command`; of a key `NOPERM this user has no permissions to access one of the keys used as arguments`
 * or `NOPERM No permissions to access a key`, and a channel in its place. A name may have any words.
 */
export function isRefusedCommand(error: unknown): boolean {
  const text = error instanceof Error ? error.message : ''
  return /\bNOPERM\b/.test(text)
    ? !/\bno permissions to access (?:a|one of the) (?:key|channel)s?\b[^']*$/i.test(text)
    : /unknown (?:sub)?command/i.test(text)
}

/** What an operator reads where something is refused. */
export function refusedText(directly: readonly string[], inScripts: readonly string[]): string {
  const parts = [
    ...(directly.length === 0 ? [] : [directly.join(', ')]),
    ...(inScripts.length === 0 ? [] : [`${inScripts.join(', ')} in scripts`]),
  ]
  return `expected a Redis that knows, and a user of it that may call ${parts.join(', and ')}: docs/OPERATIONS.md has what a user needs (ACL SETUSER)`
}

/**
 * Asks before the first write. Redis undoes nothing of a script that is refused a command in its middle, and a log with half of an append
 * is damaged for everybody; a command outside of scripts would be refused for ever while the process runs.
 * @param key of the store's, where nothing is
 * @param isWaiting whether it waits for Redis's replicas
 * @throws STORE_UNREACHABLE where the user may not call what the store calls, or the server does not know it; names all of it
 */
export async function checkAccess(
  connection: Connection,
  key: string,
  description: string,
  isWaiting = false,
): Promise<void> {
  const direct = isWaiting ? [...DIRECT.slice(0, 1), WAIT, ...DIRECT.slice(1)] : DIRECT
  const refused = await refusedDirectly((words) => connection.send(command(...words)), direct, key)
  const canRun = !refused.includes('EVALSHA') && !refused.includes('SCRIPT LOAD')
  const calls = [...callTexts(CALLS, key), 'TIME']
  const inScripts = canRun ? (await sent(connection, REFUSED.call([key], calls))).map(String) : []
  if (refused.length === 0 && inScripts.length === 0) return
  throw new ParetoBanditError('STORE_UNREACHABLE', description, refusedText(refused, inScripts))
}

/** What a node of a cluster says of a key that is not there, while its slot goes to another: keys that are there still have their answers. */
const ON_THE_MOVE = new Set(['ASK', 'TRYAGAIN'])

async function sent(connection: Connection, call: Command): Promise<readonly unknown[]> {
  try {
    return (await connection.send(call)) as readonly unknown[]
  } catch (error) {
    if (error instanceof Error && ON_THE_MOVE.has(firstWord(error.cause))) return []
    throw error
  }
}
