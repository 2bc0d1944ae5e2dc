import { ParetoBanditError } from '../../base/errors.js'
import { type Command, type Connection, Script } from './connection.js'
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

/** KEYS[1] is not there; ARGV: calls, words of one apart by new lines. -> those that the user may not make */
const REFUSED = new Script(`
local refused = {}
for i = 1, #ARGV do
  local words = {}
  for word in string.gmatch(ARGV[i], '[^\\n]+') do words[#words + 1] = word end
  local reply = redis.pcall(unpack(words))
  local wrong = type(reply) == 'table' and reply.err
  -- Words of Redis 7.0, of later ones, and of Valkey.
  if wrong and (string.find(wrong, 'executing the script', 1, true) or string.find(wrong, 'ACL failure', 1, true)
    or string.find(wrong, 'NOPERM', 1, true)) then refused[#refused + 1] = words[1] end
end
return refused
`)

/**
 * Asks before the first write. Redis undoes nothing of a script that is refused a command in its middle, and a log with half of an append
 * is damaged for everybody.
 * @param key of the store's, where nothing is
 * @throws STORE_UNREACHABLE where the user may not call what the scripts call; names all of it
 */
export async function checkAccess(connection: Connection, key: string, description: string): Promise<void> {
  const calls = Object.entries(CALLS).map(([name, words]) => {
    const all = name === 'XINFO' ? words : ['KEY', ...words]
    return [name, ...all.map((word) => (word === 'KEY' ? key : word))].join('\n')
  })
  const refused = await sent(connection, REFUSED.call([key], [...calls, 'TIME']))
  if (refused.length === 0) return
  const text = `expected a user of Redis that may call ${refused.map(String).join(', ')} in scripts: docs/OPERATIONS.md has what it needs (ACL SETUSER)`
  throw new ParetoBanditError('STORE_UNREACHABLE', description, text)
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
