import { Script } from './connection.js'
import { ADD, GAP, LAST, LATER, MEND } from './log-parts.js'

/** What a snapshot carries of its log, since a field says so; the later one of two. */
const KEPT = `
local function kept()
  for i = 3, 4 do
    local found = redis.call('HMGET', KEYS[i], 'position', 'log', 'format', 'header', 'events', 'resume')
    if found[1] then
      return {key = KEYS[i], position = found[1], log = found[2], format = found[3], header = found[4],
        events = tonumber(found[5] or ''), isWanted = found[6] == '1'}
    end
  end
end
`

/**
 * log, events, latest, older; format, new id, header, origin of the seed, entries of the seed.
 * -> {is new, format, id, header, id of the last entry, what was mended, the place from where on}
 *
 * Nothing is begun beside what is left of another log. Of a log whose keys somebody has deleted:
 * - its events, where a snapshot covers those that are gone: it begins at the snapshot (`entries`);
 * - its head, where a snapshot and the entries after it are whole: it is written again (`head`);
 * - more: it is refused, until somebody says that it goes on from the snapshot, and what came after that is lost (`resumed`):
 *   a log with another id, so that nobody who ran on the old one goes on.
 */
export const OPEN = new Script(`${LATER}${LAST}${GAP}${MEND}${ADD}${KEPT}
local head = redis.call('HMGET', KEYS[1], 'format', 'id', 'header', 'events')
local isThere = redis.call('EXISTS', KEYS[1]) == 1
if isThere and not (head[1] and head[2] and head[3]) then
  return redis.error_reply('LOGFOREIGN expected the head of a log, ' .. KEYS[1] .. ' is another hash')
end
local snapshot = kept()
local hasEvents = redis.call('EXISTS', KEYS[2]) == 1

local function opened(what, position)
  local found = redis.call('HMGET', KEYS[1], 'format', 'id', 'header')
  return {0, found[1], found[2], found[3], last(), what or '', position or ''}
end

local function resume()
  local format, header = head[1] or snapshot.format, head[3] or snapshot.header
  local count = snapshot.events or tonumber(head[4] or '0')
  redis.call('HSET', KEYS[1], 'format', format, 'id', ARGV[2], 'header', header, 'events', string.format('%.0f', count))
  redis.call('HDEL', KEYS[1], 'awaited', 'trimmed', 'trimmed_events')
  redis.call('DEL', KEYS[2])
  startAt(snapshot.position, count)
  redis.call('HSET', snapshot.key, 'log', ARGV[2], 'format', format, 'header', header, 'events', string.format('%.0f', count))
  redis.call('HDEL', snapshot.key, 'resume')
  return opened('resumed', snapshot.position)
end

if isThere then
  local trimmed = redis.call('HGET', KEYS[1], 'trimmed') or '0-0'
  local wrong = nil
  if not hasEvents and head[4] then
    wrong = redis.error_reply('LOGGONE expected ' .. head[4] .. ' events in ' .. KEYS[2] .. ', it is not there')
  else
    local final = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
    local id = final and final[1] or trimmed
    local known, count = countAt(id, trimmed)
    wrong = gap(id, count)
  end
  if not wrong and not snapshot and trimmed ~= '0-0' then
    wrong = redis.error_reply('LOGGONE expected a snapshot of what was trimmed, up to ' .. trimmed .. ', got none')
  end
  local isOurs = snapshot and snapshot.log == head[2]
  if isOurs and not countAt(snapshot.position, trimmed) and isWholeFrom(snapshot.position, snapshot.events) then
    startAt(snapshot.position, snapshot.events)
    return opened('entries', snapshot.position)
  end
  if snapshot and snapshot.isWanted then
    local known, count = countAt(snapshot.position, trimmed)
    if wrong or not known or gap(snapshot.position, count) then return resume() end
  end
  return wrong or opened()
end

if snapshot and snapshot.log and snapshot.header and snapshot.format then
  local final = hasEvents and redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
  local count = final and tonumber(final[2][8]) or snapshot.events
  local isWhole = hasEvents and count and last() == (final and final[1] or snapshot.position)
    and isWholeFrom(snapshot.position, snapshot.events, count)
    and not (final and later(snapshot.position, final[1]))
  if isWhole then
    redis.call('HSET', KEYS[1], 'format', snapshot.format, 'id', snapshot.log, 'header', snapshot.header,
      'events', string.format('%.0f', count))
    local first = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
    local before = first and (tonumber(first[2][8]) or 0) - (tonumber(first[2][6]) or 0)
    if not first or later(first[1], snapshot.position) then startAt(snapshot.position, snapshot.events)
    elseif before > 0 then
      local time, sequence = string.match(first[1], '^(%d+)%-(%d+)$')
      local trimmed = tonumber(sequence) > 0 and time .. '-' .. string.format('%.0f', sequence - 1)
        or string.format('%.0f', time - 1) .. '-18446744073709551615'
      -- Who reads from the older snapshot on lacks nothing.
      local older = redis.call('HMGET', KEYS[4], 'position', 'events')
      if older[1] and tonumber(older[2] or '') == before then trimmed = older[1] end
      redis.call('HSET', KEYS[1], 'trimmed', trimmed, 'trimmed_events', trimmed .. ' ' .. string.format('%.0f', before))
    end
    return opened('head', snapshot.position)
  end
  if snapshot.isWanted then return resume() end
end
if snapshot then
  return redis.error_reply('LOGGONE expected ' .. KEYS[1] .. ' beside the snapshot at ' .. snapshot.position .. ', it is not there')
end
if hasEvents then
  return redis.error_reply('LOGFOREIGN expected no ' .. KEYS[2] .. ' where there is no ' .. KEYS[1])
end
redis.call('HSET', KEYS[1], 'format', ARGV[1], 'id', ARGV[2], 'header', ARGV[3], 'pots', '0')
return {1, ARGV[1], ARGV[2], ARGV[3], add(ARGV[4], 5), '', ''}
`)
