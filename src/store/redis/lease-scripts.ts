import { POT_STEPS } from '../../policy/lease.js'
import { Script } from './connection.js'
import { GUARD } from './guard.js'

/** A rolling pool counts a grant in its own step and this many after it: for windowMs and two steps at least. */
export const STEPS_COUNTED = POT_STEPS + 2
/** Of a calendar pool, after its end: clocks of processes may be behind. */
const GRACE_MS = 86_400_000

/** Dollars go in units of 2^-30 (a thousand-millionth): sums are exact up to 8 million, whatever their order. */
export const UNITS_PER_USD = 2 ** 30

/** KEYS[1] is always `log`, ARGV[1] its id. */
const COMMON = `${GUARD}
local wrong = guard()
if wrong then return wrong end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local units = ${UNITS_PER_USD}
local function dollars(value) return string.format('%.17g', value) end
local function stepOf(windowMs) return math.floor(now / (windowMs / ${POT_STEPS})) end
`

/** Of a pool without an end: the latest that a score tells to the ms. */
const NEVER = Number.MAX_SAFE_INTEGER

/**
 * Which pools there are stands beside them, by their whole keys, so that one that somebody has deleted is not taken for a
 * new one: until when Redis keeps each at least. A sorted set finds those that are over without looking at the others. The
 * head of the log says whether there are any: where the set is gone with them, every pot is taken for lost that may have
 * been there.
 */
const KNOWN = `
local pots = KEYS[2]
local lostAt = tonumber(redis.call('HGET', KEYS[1], 'pots_lost') or '')
local function notePots()
  local is = redis.call('EXISTS', pots) == 1 and '1' or '0'
  if redis.call('HGET', KEYS[1], 'pots') ~= is then redis.call('HSET', KEYS[1], 'pots', is) end
end
local function mayHaveBeen(key, kind, ms)
  if not lostAt then return false end
  -- A calendar pot has the time of its beginning at the end of its name.
  if kind == 'C' then return (tonumber(string.match(key, '(%d+)$') or '') or 0) <= lostAt end
  return now < lostAt + (kind == 'R' and 2 * ms or ${GRACE_MS})
end
local function isAmount(text)
  local usd = tonumber(text)
  return usd and usd >= 0 and usd < math.huge
end
-- Deleted, or overwritten: something else stands there.
local function isLost(key, kind, ms)
  local found = redis.call('TYPE', key).ok
  if kind ~= 'R' and found == 'string' then return not isAmount(redis.call('GET', key)) end
  if kind == 'R' and found == 'hash' then
    local counts = redis.call('HGETALL', key)
    for i = 1, #counts do if not isAmount(counts[i]) then return true end end
    return false
  end
  if found ~= 'none' then return true end
  local known = redis.call('ZSCORE', pots, key)
  if known then return now < tonumber(known) end
  return mayHaveBeen(key, kind, ms)
end
local function know(key, kind, ms)
  local known = tonumber(redis.call('ZSCORE', pots, key) or '0')
  local ends = ${NEVER}
  if kind == 'C' then ends = ms + ${GRACE_MS}
  elseif kind == 'R' then
    if known > now + 1.5 * ms then return end
    ends = now + 2 * ms - 1
  end
  if known ~= ends then redis.call('ZADD', pots, string.format('%.0f', ends), key) end
end
-- Drops some pots that are over: twice as many as a call adds.
local function sweep(count)
  local over = redis.call('ZRANGEBYSCORE', pots, '-inf', string.format('(%.0f', now), 'LIMIT', 0, 2 * count)
  for i = 1, #over do redis.call('ZREM', pots, over[i]) end
end
-- All of it counts as handed out: what was is not known any more.
local function close(key, kind, whole, ms)
  redis.call('DEL', key)
  if kind == 'R' then
    redis.call('HSET', key, string.format('%.0f', stepOf(ms)), dollars(whole))
    redis.call('PEXPIRE', key, string.format('%.0f', math.ceil(2 * ms)))
    return
  end
  redis.call('SET', key, dollars(whole))
  if kind == 'C' then redis.call('PEXPIREAT', key, string.format('%.0f', ms + ${GRACE_MS})) end
end
`

/**
 * log, pots, pools; id; for each: kind (C calendar, R rolling, E endless), limit USD, USD wanted, end or window in ms, USD in it before
 * what is left for others. -> for each: USD granted, the step it counts in (rolling). Nothing is granted where a pool is gone.
 */
export const TAKE = new Script(`${COMMON}${KNOWN}
local function grant(limit, granted, want)
  local part = math.floor(math.min(want, limit - granted) * units) / units
  -- The difference may have been rounded up.
  if granted + part > limit then part = part - math.max(1 / units, limit * 2^-51) end
  return math.max(part, 0)
end

local function total(key, limit, want, endsAt)
  if endsAt and now >= endsAt + ${GRACE_MS} then return 0 end
  local granted = tonumber(redis.call('GET', key) or '0')
  local part = grant(limit, granted, want)
  if part > 0 then
    redis.call('SET', key, dollars(granted + part), 'KEEPTTL')
    if endsAt then redis.call('PEXPIREAT', key, string.format('%.0f', endsAt + ${GRACE_MS})) end
  end
  return part
end

local function rolling(key, limit, want, windowMs)
  local step = stepOf(windowMs)
  local granted, here = 0, 0
  local counts = redis.call('HGETALL', key)
  for i = 1, #counts, 2 do
    local usd = tonumber(counts[i + 1])
    if step - tonumber(counts[i]) > ${STEPS_COUNTED} then redis.call('HDEL', key, counts[i])
    else granted = granted + usd end
    if tonumber(counts[i]) == step then here = usd end
  end
  local part = grant(limit, granted, want)
  if part > 0 then
    redis.call('HSET', key, string.format('%.0f', step), dollars(here + part))
    redis.call('PEXPIRE', key, string.format('%.0f', math.ceil(2 * windowMs)))
  end
  return part, step
end

if redis.call('HGET', KEYS[1], 'pots') == '1' and redis.call('EXISTS', pots) == 0 then
  lostAt = now
  redis.call('HSET', KEYS[1], 'pots', '0', 'pots_lost', string.format('%.0f', now))
end
local gone = {}
for i = 1, #KEYS - 2 do
  local key, kind, ms = KEYS[i + 2], ARGV[5 * i - 3], tonumber(ARGV[5 * i])
  if isLost(key, kind, ms) then
    close(key, kind, tonumber(ARGV[5 * i + 1]), ms)
    know(key, kind, ms)
    gone[#gone + 1] = key
  end
end
if #gone > 0 then
  notePots()
  return redis.error_reply('LOGPOT expected ' .. table.concat(gone, ', ')
    .. ', of which dollars were handed out, it is not there: somebody else has deleted it or written over it, and nothing more is handed out of it')
end

local reply = {}
for i = 1, #KEYS - 2 do
  local key, kind = KEYS[i + 2], ARGV[5 * i - 3]
  local limit, want, ms = tonumber(ARGV[5 * i - 2]), tonumber(ARGV[5 * i - 1]), tonumber(ARGV[5 * i])
  local part, step
  if kind == 'R' then part, step = rolling(key, limit, want, ms)
  else part = total(key, limit, want, kind == 'C' and ms or nil) end
  if part > 0 then know(key, kind, ms)
  elseif kind == 'R' and redis.call('EXISTS', key) == 0 then redis.call('ZREM', pots, key) end
  reply[2 * i - 1] = dollars(part)
  reply[2 * i] = string.format('%.0f', step or 0)
end
sweep(#KEYS - 2)
notePots()
return reply
`)

/**
 * log, pots, pools, of which one may come several times; id; for each: kind, USD, window in ms, step (rolling). One without an end
 * is forgotten when nothing of it is granted any more: it is as one that is new.
 */
export const GIVE_BACK = new Script(`${COMMON}
for i = 1, #KEYS - 2 do
  local key, usd = KEYS[i + 2], tonumber(ARGV[4 * i - 1])
  if ARGV[4 * i - 2] == 'R' then
    local step = ARGV[4 * i + 1]
    local granted = redis.call('HGET', key, step)
    if granted and stepOf(tonumber(ARGV[4 * i])) - tonumber(step) <= ${STEPS_COUNTED} then
      redis.call('HSET', key, step, dollars(math.max(0, tonumber(granted) - usd)))
    end
  else
    local granted = redis.call('GET', key)
    local left = granted and tonumber(granted) - usd
    if left and left <= 0 and ARGV[4 * i - 2] == 'E' then
      redis.call('DEL', key)
      redis.call('ZREM', KEYS[2], key)
      if redis.call('EXISTS', KEYS[2]) == 0 then redis.call('HSET', KEYS[1], 'pots', '0') end
    elseif left then redis.call('SET', key, dollars(math.max(0, left)), 'KEEPTTL') end
  end
end
return redis.status_reply('OK')
`)

/**
 * log, parts of rolling pools; id; for each: USD, window in ms, step, K to count from now on or B to give back.
 * -> for each: USD that counted, the step they count in now
 */
export const RENEW = new Script(`${COMMON}
local reply = {}
for i = 1, #KEYS - 1 do
  local key, usd, windowMs = KEYS[i + 1], tonumber(ARGV[4 * i - 2]), tonumber(ARGV[4 * i - 1])
  local from, step = ARGV[4 * i], string.format('%.0f', stepOf(windowMs))
  local granted = tonumber(redis.call('HGET', key, from) or '0')
  local part = 0
  if tonumber(step) - tonumber(from) <= ${STEPS_COUNTED} then part = math.min(usd, granted) end
  if part > 0 then
    redis.call('HSET', key, from, dollars(granted - part))
    if ARGV[4 * i + 1] == 'K' then
      local here = tonumber(redis.call('HGET', key, step) or '0')
      redis.call('HSET', key, step, dollars(here + part))
      redis.call('PEXPIRE', key, string.format('%.0f', math.ceil(2 * windowMs)))
    end
  end
  reply[2 * i - 1] = dollars(part)
  reply[2 * i] = step
end
return reply
`)

/** log, processes; id, origin, ms that a sign of life counts. -> how many give one */
export const BEAT = new Script(`${COMMON}
redis.call('ZADD', KEYS[2], string.format('%.0f', now), ARGV[2])
local function score(value) return '(' .. string.format('%.0f', value) end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', score(now - tonumber(ARGV[3])))
-- A clock that was set back; those that live come again.
redis.call('ZREMRANGEBYSCORE', KEYS[2], score(now + tonumber(ARGV[3])), '+inf')
return redis.call('ZCARD', KEYS[2])
`)

/** log, task; id, origin, ms. -> 1, or 0 where it is another's */
export const CLAIM = new Script(`${GUARD}
local wrong = guard()
if wrong then return wrong end
return redis.call('SET', KEYS[2], ARGV[2], 'NX', 'PX', ARGV[3]) and 1 or 0
`)
