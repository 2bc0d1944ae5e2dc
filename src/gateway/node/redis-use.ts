import type { SecondOfUse, Use, UseExchange } from '../keys/use.js'
import type { RedisLink } from './redis-link.js'

/** How many seconds back a process can read: a slower one misses what was before. */
const SECONDS = 4
const EXPIRE_S = 30

/** By the clock of Redis, which all processes share. */
const EXCHANGE = `
local now = tonumber(redis.call('TIME')[1])
local slot = KEYS[1] .. ':' .. now
for i = 1, #ARGV, 3 do
  redis.call('HINCRBY', slot, ARGV[i] .. ' requests', ARGV[i + 1])
  redis.call('HINCRBY', slot, ARGV[i] .. ' tokens', ARGV[i + 2])
end
if #ARGV > 0 then redis.call('EXPIRE', slot, ${EXPIRE_S}) end
local seconds = {}
for ago = 0, ${SECONDS - 1} do seconds[ago + 1] = {now - ago, redis.call('HGETALL', KEYS[1] .. ':' .. (now - ago))} end
return seconds`

/** What keys do in all processes: a hash for each second, `{PREFIX}:use:SECOND`, which is gone half a minute later. */
export function redisUse(link: RedisLink, prefix: string): UseExchange {
  return {
    async exchange(own) {
      const args = [...own].flatMap(([id, { requests, tokens }]) => [
        id,
        String(Math.round(requests)),
        String(Math.round(tokens)),
      ])
      const reply = await link.send('EVAL', EXCHANGE, '1', `{${prefix}}:use`, ...args)
      if (!Array.isArray(reply)) throw new Error('Redis gave no seconds of use')
      return reply.map(secondOf)
    },
  }
}

function secondOf(reply: unknown): SecondOfUse {
  if (!Array.isArray(reply) || !Array.isArray(reply[1])) throw new Error('Redis gave no second of use')
  const [second, fields] = reply
  const uses = new Map<string, Use>()
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [, id = '', what] = /^(.*) (requests|tokens)$/s.exec(String(fields[i])) ?? []
    const before = uses.get(id) ?? { requests: 0, tokens: 0 }
    const count = Number(fields[i + 1])
    uses.set(id, what === 'requests' ? { ...before, requests: count } : { ...before, tokens: count })
  }
  return { second: Number(second), uses }
}
