import { messageOf } from '../../base/errors.js'
import { callTexts, REFUSED_IN_SCRIPTS, refusedDirectly, refusedText } from '../../store/redis/parts.js'
import type { RedisStoreConfig } from '../config/store-config.js'
import type { RedisLink } from './redis-link.js'

/** What scripts beside the log call, with arguments as the store's own have them. */
export const BESIDE_CALLS: Readonly<Record<string, readonly string[]>> = {
  EXPIRE: ['no number'],
  HDEL: ['f'],
  HGET: ['f'],
  HGETALL: [],
  HINCRBY: ['f', 'no number'],
  HSET: ['f', 'v', 'no value'],
  SET: ['v', 'no option'],
  TIME: [],
  ZADD: ['no number', 'm'],
  ZCARD: [],
  ZPOPMIN: ['no number'],
  ZREM: ['m'],
}

/** What is sent outside of scripts. */
export const BESIDE_DIRECT: readonly (readonly string[])[] = [
  ['GET', 'KEY'],
  ['EXISTS', 'KEY'],
  ['HGET', 'KEY', 'f'],
  ['HGETALL', 'KEY'],
  ['EVAL', 'return 1', '0'],
]

/**
 * Keys, notes and limits by the minute use commands that the log does not.
 * @throws REDIS_UNAVAILABLE, by the names of all that are refused
 */
export async function checkLinkAccess(
  link: RedisLink,
  { prefix, waitReplicas }: RedisStoreConfig,
): Promise<void> {
  const key = `{${prefix}}:nothing`
  const direct = waitReplicas === 0 ? BESIDE_DIRECT : [...BESIDE_DIRECT, ['WAIT', '0', '1']]
  const refused = await refusedDirectly((words) => link.send(...words), direct, key)
  const inScripts = refused.includes('EVAL') ? [] : await refusedInScripts(link, key)
  if (refused.length === 0 && inScripts.length === 0) return
  throw Object.assign(new Error(`Redis: ${refusedText(refused, inScripts)}`), { code: 'REDIS_UNAVAILABLE' })
}

async function refusedInScripts(link: RedisLink, key: string): Promise<string[]> {
  try {
    const reply = await link.send('EVAL', REFUSED_IN_SCRIPTS, '1', key, ...callTexts(BESIDE_CALLS, key))
    return Array.isArray(reply) ? reply.map(String) : []
  } catch (error) {
    // A slot of a cluster that goes to another node: keys that are there still have their answers.
    if (/^Redis: (ASK|TRYAGAIN) /.test(messageOf(error))) return []
    throw error
  }
}
