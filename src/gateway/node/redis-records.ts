import { randomUUID } from 'node:crypto'
import type { RedisStoreConfig } from '../config/store-config.js'
import type { RecordStore } from '../keys/records.js'
import { type RedisLink, redisLink, redisUnavailable } from './redis-link.js'

/** A change and a new version, in one step: nobody sees one without the other. */
const CHANGE = `
if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[1]) else redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end
redis.call('SET', KEYS[2], ARGV[2])
return 1`

/**
 * Records of replicas: a hash `{PREFIX}:records` in the Redis that has their log, and beside it a version that is another one
 * after each change.
 */
export function redisRecords(link: RedisLink, config: RedisStoreConfig): RecordStore {
  const { prefix, timeoutMs, waitReplicas } = config
  const [hash, version] = [`{${prefix}}:records`, `{${prefix}}:records:version`]
  /** `WAIT` holds up all that comes after it on its connection: changes that wait have one of their own. */
  let waiting: Promise<RedisLink> | null = null
  const linkForChanges = (): Promise<RedisLink> => {
    if (waitReplicas === 0) return Promise.resolve(link)
    waiting ??= redisLink(config).catch((error: unknown) => {
      waiting = null
      throw error
    })
    return waiting
  }
  const change = async (id: string, text: string): Promise<void> => {
    const own = await linkForChanges()
    await own.send('EVAL', CHANGE, '2', hash, version, id, randomUUID(), text)
    if (waitReplicas === 0) return
    const count = Number(await own.send('WAIT', String(waitReplicas), String(timeoutMs)))
    if (count < waitReplicas)
      throw redisUnavailable(`${count} of ${waitReplicas} replicas of Redis have the change: it may be lost`)
  }
  return {
    async read() {
      const reply = await link.send('HGETALL', hash)
      if (!Array.isArray(reply)) throw new Error('Redis gave no list of records')
      const records = new Map<string, unknown>()
      for (let i = 0; i + 1 < reply.length; i += 2)
        records.set(String(reply[i]), jsonOf(String(reply[i + 1])))
      return records
    },
    put: (id, value) => change(id, JSON.stringify(value)),
    remove: (id) => change(id, ''),
    version: async () => String((await link.send('GET', version)) ?? 'none'),
    async close() {
      link.close()
      const own = await waiting?.catch(() => null)
      own?.close()
    },
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
