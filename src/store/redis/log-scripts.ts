import { Script } from './connection.js'
import { GUARD } from './guard.js'
import { ADD, GAP, LAST, LATER, LOST, MEND, PLACE } from './log-parts.js'

/** log; id, name of the note, text. */
export const NOTE = new Script(`${GUARD}
local wrong = guard()
if wrong then return wrong end
return redis.call('HSET', KEYS[1], 'note:' .. ARGV[2], ARGV[3])
`)

/** log; id, name of the note, text, what stands there or nothing. -> 1: written, 0: something else stands there */
export const REPLACE_NOTE = new Script(`${GUARD}
local wrong = guard()
if wrong then return wrong end
if (redis.call('HGET', KEYS[1], 'note:' .. ARGV[2]) or nil) ~= ARGV[4] then return 0 end
redis.call('HSET', KEYS[1], 'note:' .. ARGV[2], ARGV[3])
return 1
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
export const CHECK = new Script(`${GUARD}${LATER}${LAST}${LOST}${GAP}${PLACE}
local wrong = guard() or lost(ARGV[3], ARGV[4])
if wrong then return wrong end
local misplaced, count = place(ARGV[2])
return misplaced or gap(ARGV[2], count) or redis.status_reply('OK')
`)

/** log, events; id, position read to. -> that position, while the log has it. It writes as `APPENDED` does. */
export const CONFIRM = new Script(`${GUARD}${LATER}${LAST}${GAP}${PLACE}
local wrong = guard() or place(ARGV[2])
if wrong then return wrong end
redis.call('HSET', KEYS[1], 'awaited', ARGV[2])
return ARGV[2]
`)

/**
 * log, events, latest snapshot; id. -> OK, when somebody who opens the log finds all that he needs: its latest snapshot and
 * every entry after that. What Redis says of the latest that was deleted is of XDEL, and not of trimming. Where the entry
 * of the snapshot alone is gone, and what is before it, that is told once: the log begins there from then on.
 */
export const CHECK_OPENABLE = new Script(`${GUARD}${LATER}${LAST}${GAP}${MEND}
local wrong = guard()
if wrong then return wrong end
local from = redis.call('HGET', KEYS[3], 'position') or '0-0'
local known, count = countAt(from, redis.call('HGET', KEYS[1], 'trimmed') or '0-0')
if not known then
  local kept = redis.call('HMGET', KEYS[3], 'log', 'events')
  local covered = kept[1] == ARGV[1] and tonumber(kept[2] or '')
  if isWholeFrom(from, covered) then startAt(from, covered) end
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
 * log, events, latest, older, upload; id, position, events to retain, events up to the position where its writer has read
 * it. -> 1, or 0 when there is a later one. One at the same position is replaced. With it stands what a log needs that is
 * begun with it. Where the entry at the position is gone, and nothing after it, the log begins there.
 * An entry tells how many events there are up to its end, so the last one that may go is found by halving the time.
 */
export const KEEP_SNAPSHOT = new Script(`${GUARD}${LATER}${LAST}${GAP}${MEND}
local wrong = guard()
if wrong then return wrong end
local position = ARGV[2]
local newest = redis.call('HGET', KEYS[3], 'position')
if newest and later(newest, position) then
  redis.call('DEL', KEYS[5])
  return 0
end
local known, count = countAt(position, redis.call('HGET', KEYS[1], 'trimmed') or '0-0')
local isMended = false
if not known and isWholeFrom(position, tonumber(ARGV[4])) then
  known, count, isMended = true, tonumber(ARGV[4]), true
end
if not known then
  if later(position, last()) then
    return redis.error_reply('LOGBACKWARDS expected a snapshot of at most ' .. last() .. ', the end of the log, got ' .. position)
  end
  return redis.error_reply('LOGBACKWARDS expected a snapshot of a place in the log, got ' .. position .. ', where it has no entry')
end
if redis.call('HGET', KEYS[5], 'position') ~= position then
  return redis.error_reply('LOGGONE expected the snapshot at ' .. KEYS[5] .. ', it is no longer there')
end
if newest and newest ~= position then redis.call('RENAME', KEYS[3], KEYS[4]) end
redis.call('RENAME', KEYS[5], KEYS[3])
redis.call('PERSIST', KEYS[3])
local head = redis.call('HMGET', KEYS[1], 'format', 'header')
redis.call('HSET', KEYS[3], 'log', ARGV[1], 'format', head[1], 'header', head[2])
if count then redis.call('HSET', KEYS[3], 'events', string.format('%.0f', count)) end
if isMended then startAt(position, count) end
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
