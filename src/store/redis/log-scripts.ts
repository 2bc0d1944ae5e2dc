import { Script } from './connection.js'

/** KEYS[1] is always `log`, ARGV[1] its id: a log that was lost or replaced is not written to. */
const GUARD = `
local function guard()
  local id = redis.call('HGET', KEYS[1], 'id')
  if id == ARGV[1] then return nil end
  if not id then return redis.error_reply('LOGGONE expected the log that was opened, it is no longer there') end
  return redis.error_reply('LOGGONE expected log ' .. ARGV[1] .. ', which was opened, got ' .. id)
end
`

const LATER = `
local function later(a, b)
  local am, as = string.match(a, '^(%d+)%-(%d+)$')
  local bm, bs = string.match(b, '^(%d+)%-(%d+)$')
  am, bm = tonumber(am), tonumber(bm)
  return am > bm or (am == bm and tonumber(as) > tonumber(bs))
end
`

const LAST = `
local function last()
  if redis.call('EXISTS', KEYS[2]) == 0 then return '0-0' end
  local info = redis.call('XINFO', 'STREAM', KEYS[2])
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then return info[i + 1] end
  end
end
`

/** Whether the log has lost an entry that it acknowledged to that origin; another's may have come to its id. */
const LOST = `
local function lost(previous, origin)
  if not previous or previous == '' then return nil end
  local entry = redis.call('XRANGE', KEYS[2], previous, previous, 'COUNT', 1)[1]
  if entry and entry[2][2] == origin then return nil end
  if not entry and not later(previous, redis.call('HGET', KEYS[1], 'trimmed') or '0-0') then return nil end
  return redis.error_reply('LOGBACKWARDS expected entry ' .. previous .. ' of ' .. origin
    .. ', which was acknowledged, got a log without it that ends at ' .. last() .. ': Redis has lost acknowledged entries')
end
`

/**
 * Whether entries are missing after an id that was read: each tells how many events there are up to its end. The end of
 * the log is told by the count of all that were appended. Release 0.1.0 does not say how many it has trimmed.
 */
const GAP = `
local function countAt(id, trimmed)
  local entry = redis.call('XRANGE', KEYS[2], id, id, 'COUNT', 1)[1]
  if entry then return true, tonumber(entry[2][8]) end
  if id == '0-0' then return true, 0 end
  if id ~= trimmed then return false, nil end
  local at, count = string.match(redis.call('HGET', KEYS[1], 'trimmed_events') or '', '^(%S+) (%d+)$')
  return true, at == id and tonumber(count) or nil
end
local function gap(id, count)
  local entry = redis.call('XRANGE', KEYS[2], '(' .. id, '+', 'COUNT', 1)[1]
  local total = tonumber(redis.call('HGET', KEYS[1], 'events') or '')
  local found = total
  if entry then found = entry[2][8] and tonumber(entry[2][8]) - (tonumber(entry[2][6]) or 0) end
  if not count or not found or count == found then return nil end
  return redis.error_reply('LOGGAP expected event ' .. string.format('%.0f', count + 1) .. ' after entry ' .. id
    .. ', got ' .. (entry and 'event ' .. string.format('%.0f', found + 1) .. ' in entry ' .. entry[1]
      or 'the end of a log of ' .. string.format('%.0f', found) .. ' events') .. ': somebody else has deleted entries')
end
`

/** Entries from ARGV[from] on, three arguments each. The count goes first: it finds out whether there is memory. */
const ADD = `
local function add(origin, from)
  local added = '0-0'
  for i = from, #ARGV, 3 do
    local total = redis.call('HINCRBY', KEYS[1], 'events', ARGV[i + 1])
    added = redis.call('XADD', KEYS[2], '*', 'o', origin, 'f', ARGV[i], 'c', ARGV[i + 1],
      't', string.format('%.0f', total), 'e', ARGV[i + 2])
  end
  return added
end
`

/**
 * log, events; format, new id, header, origin of the seed, entries of the seed.
 * -> {is new, format, id, header, id of the last entry}
 */
export const OPEN = new Script(`${ADD}${LAST}${GAP}
local found = redis.call('HMGET', KEYS[1], 'format', 'id', 'header', 'events')
if found[1] or redis.call('EXISTS', KEYS[1]) == 1 then
  if not (found[1] and found[2] and found[3]) then
    return redis.error_reply('LOGFOREIGN expected the head of a log, ' .. KEYS[1] .. ' is another hash')
  end
  if found[4] and redis.call('EXISTS', KEYS[2]) == 0 then
    return redis.error_reply('LOGGONE expected ' .. found[4] .. ' events in ' .. KEYS[2] .. ', it is not there')
  end
  local final = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
  local id = final and final[1] or redis.call('HGET', KEYS[1], 'trimmed') or '0-0'
  local known, count = countAt(id, redis.call('HGET', KEYS[1], 'trimmed') or '0-0')
  return gap(id, count) or {0, found[1], found[2], found[3], last()}
end
if redis.call('EXISTS', KEYS[2]) == 1 then
  return redis.error_reply('LOGFOREIGN expected no ' .. KEYS[2] .. ' where there is no ' .. KEYS[1])
end
redis.call('HSET', KEYS[1], 'format', ARGV[1], 'id', ARGV[2], 'header', ARGV[3])
return {1, ARGV[1], ARGV[2], ARGV[3], add(ARGV[4], 5)}
`)

/** log; id, name of the note, text. */
export const NOTE = new Script(`${GUARD}
local wrong = guard()
if wrong then return wrong end
return redis.call('HSET', KEYS[1], 'note:' .. ARGV[2], ARGV[3])
`)

/**
 * log; id, ms since 1970 to count from. -> a process's number, higher than any before it even if Redis has lost the last
 * ones in a crash: that took longer than the ms that they are apart.
 */
export const JOIN = new Script(`${GUARD}
local wrong = guard()
if wrong then return wrong end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000) - tonumber(ARGV[2])
local before = tonumber(redis.call('HGET', KEYS[1], 'process') or '0')
local number = string.format('%.0f', math.max(before + 1, now))
redis.call('HSET', KEYS[1], 'process', number)
return number
`)

/** log, events; id, origin, id of the last entry of that origin or nothing, entries. -> id of the last */
export const APPEND = new Script(`${GUARD}${LATER}${LAST}${LOST}${ADD}
return guard() or lost(ARGV[3], ARGV[2]) or add(ARGV[2], 4)
`)

/**
 * log, events; id, origin, id of its last entry. -> that id, while the entry is there. It writes, so that whoever waits
 * for Redis's replicas next waits for that entry.
 */
export const APPENDED = new Script(`${GUARD}${LATER}${LAST}${LOST}
local wrong = guard() or lost(ARGV[3], ARGV[2])
if wrong then return wrong end
redis.call('HSET', KEYS[1], 'awaited', ARGV[3])
return ARGV[3]
`)

/**
 * log, events; id, position read from; for a process that appends: id of its last entry or nothing, its origin. -> OK,
 * when what was read after it is all that comes after it, and what was acknowledged is there.
 */
export const CHECK = new Script(`${GUARD}${LATER}${LAST}${LOST}${GAP}
local wrong = guard() or lost(ARGV[3], ARGV[4])
if wrong then return wrong end
local after = ARGV[2]
local trimmed = redis.call('HGET', KEYS[1], 'trimmed') or '0-0'
if later(trimmed, after) then
  return redis.error_reply('LOGTRIMMED expected entries after ' .. after .. ', those up to ' .. trimmed .. ' were dropped')
end
local known, count = countAt(after, trimmed)
if known then return gap(after, count) or redis.status_reply('OK') end
return redis.error_reply('LOGBACKWARDS expected entry ' .. after .. ', which was read or appended, got a log without it that ends at '
  .. last() .. ': Redis has lost acknowledged entries')
`)

/**
 * log, events, latest snapshot; id. -> OK, when somebody who opens the log finds all that he needs: its latest snapshot and
 * every entry after that. What Redis says of the latest that was deleted is of XDEL, and not of trimming.
 */
export const CHECK_OPENABLE = new Script(`${GUARD}${LATER}${GAP}
local wrong = guard()
if wrong then return wrong end
local from = redis.call('HGET', KEYS[3], 'position') or '0-0'
local known, count = countAt(from, redis.call('HGET', KEYS[1], 'trimmed') or '0-0')
if not known then
  return redis.error_reply('LOGGAP expected entry ' .. from .. ', where the latest snapshot is, it is not there: somebody else has deleted entries')
end
wrong = gap(from, count)
if wrong then return wrong end
if redis.call('EXISTS', KEYS[2]) == 0 then return redis.status_reply('OK') end
local info = redis.call('XINFO', 'STREAM', KEYS[2])
for i = 1, #info, 2 do
  if info[i] == 'max-deleted-entry-id' and later(info[i + 1], from) then
    return redis.error_reply('LOGGAP expected all entries after ' .. from .. ', ' .. info[i + 1] .. ' or one before it is not there: somebody else has deleted entries')
  end
end
return redis.status_reply('OK')
`)

/**
 * log, events, latest, older, upload; id, position, events to retain. -> 1, or 0 when there is a later one.
 * One at the same position is replaced.
 * An entry tells how many events there are up to its end, so the last one that may go is found by halving the time.
 */
export const KEEP_SNAPSHOT = new Script(`${GUARD}${LATER}${LAST}
local wrong = guard()
if wrong then return wrong end
local position = ARGV[2]
if later(position, last()) then
  return redis.error_reply('LOGBACKWARDS expected a snapshot of at most ' .. last() .. ', the end of the log, got ' .. position)
end
local isPlace = position == '0-0' or position == redis.call('HGET', KEYS[1], 'trimmed')
  or #redis.call('XRANGE', KEYS[2], position, position, 'COUNT', 1) > 0
if not isPlace then
  return redis.error_reply('LOGBACKWARDS expected a snapshot of a place in the log, got ' .. position .. ', where it has no entry')
end
local newest = redis.call('HGET', KEYS[3], 'position')
if newest and later(newest, position) then
  redis.call('DEL', KEYS[5])
  return 0
end
if redis.call('HGET', KEYS[5], 'position') ~= position then
  return redis.error_reply('LOGGONE expected the snapshot at ' .. KEYS[5] .. ', it is no longer there')
end
if newest and newest ~= position then redis.call('RENAME', KEYS[3], KEYS[4]) end
redis.call('RENAME', KEYS[5], KEYS[3])
redis.call('PERSIST', KEYS[3])
local covered = redis.call('HGET', KEYS[4], 'position')
if not covered then return 1 end

local surplus = tonumber(redis.call('HGET', KEYS[1], 'events') or '0') - tonumber(ARGV[3])
local function upTo(id)
  local entry = redis.call('XREVRANGE', KEYS[2], id, '-', 'COUNT', 1)[1]
  if entry and tonumber(entry[2][8]) <= surplus then return entry[1], entry[2][8] end
  return nil
end
local function timeOf(id) return tonumber(string.match(id, '^%d+')) end

local first = redis.call('XRANGE', KEYS[2], '-', covered, 'COUNT', 1)[1]
if not first then return 1 end
local cut, count = upTo(covered)
if not cut then
  local low, high = timeOf(first[1]) - 1, timeOf(covered)
  while high - low > 1 do
    local middle = math.floor((low + high) / 2)
    local found, total = upTo(string.format('%.0f', middle))
    if found then cut, count, low = found, total, middle else high = middle end
  end
end
if not cut then return 1 end
redis.call('HSET', KEYS[1], 'trimmed', cut, 'trimmed_events', cut .. ' ' .. count)
local time, sequence = string.match(cut, '^(%d+)%-(%d+)$')
redis.call('XTRIM', KEYS[2], 'MINID', '=', time .. '-' .. string.format('%.0f', sequence + 1))
return 1
`)
