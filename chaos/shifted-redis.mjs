// The package redis, whose server's clock is ahead by what stands in a key: scripts that ask for the time get that. Hours
// of caps pass in seconds then, at real processes and a real server.
import { createHash } from 'node:crypto'
import { createClient } from 'redis'

const KEY = 'chaos:ahead-s'
const SHIFTED = `local function chaos_time()
local time = redis.call('TIME')
return {string.format('%.0f', time[1] + tonumber(redis.call('GET', '${KEY}') or '0')), time[2]}
end
`
const digests = new Map()
const sha1 = (text) => createHash('sha1').update(text).digest('hex')

export async function shiftedRedis() {
  return { createClient: (options) => shifted(createClient(options)) }
}

/** @param seconds whole ones */
export async function setServerAhead(url, seconds) {
  const client = createClient({ url })
  await client.connect()
  await client.set(KEY, String(seconds))
  client.destroy()
}

function shifted(client) {
  const send = client.sendCommand.bind(client)
  client.sendCommand = (args) => {
    if (args[0] === 'SCRIPT' && args[1] === 'LOAD' && args[2].includes("redis.call('TIME')")) {
      const text = SHIFTED + args[2].replaceAll("redis.call('TIME')", 'chaos_time()')
      digests.set(sha1(args[2]), sha1(text))
      return send(['SCRIPT', 'LOAD', text])
    }
    if (args[0] === 'EVALSHA') return send(['EVALSHA', digests.get(args[1]) ?? args[1], ...args.slice(2)])
    return send(args)
  }
  return client
}
