/** Lua that scripts of the log share: KEYS[1] is `log`, KEYS[2] `events`. */

export const LATER = `
local function later(a, b)
  local am, as = string.match(a, '^(%d+)%-(%d+)$')
  local bm, bs = string.match(b, '^(%d+)%-(%d+)$')
  am, bm = tonumber(am), tonumber(bm)
  return am > bm or (am == bm and tonumber(as) > tonumber(bs))
end
`

export const LAST = `
local function last()
  if redis.call('EXISTS', KEYS[2]) == 0 then return '0-0' end
  local info = redis.call('XINFO', 'STREAM', KEYS[2])
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then return info[i + 1] end
  end
end
`

/** Whether the log has lost an entry that it acknowledged to that origin; another's may have come to its id. */
export const LOST = `
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
export const GAP = `
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

/** An error where the log has no entry at an id that was read any more; else nil, and how many events there are up to it. Needs `GAP`. */
export const PLACE = `
local function place(after)
  local trimmed = redis.call('HGET', KEYS[1], 'trimmed') or '0-0'
  if later(trimmed, after) then
    return redis.error_reply('LOGTRIMMED expected entries after ' .. after .. ', those up to ' .. trimmed .. ' were dropped')
  end
  local known, count = countAt(after, trimmed)
  if known then return nil, count end
  return redis.error_reply('LOGBACKWARDS expected entry ' .. after .. ', which was read or appended, got a log without it that ends at '
    .. last() .. ': Redis has lost acknowledged entries')
end
`

/**
 * Entries from ARGV[from] on, three arguments each. Redis undoes nothing of a script that fails: a count of nothing goes first, which finds
 * out whether there is memory and whether the user may count, and whether it may add is known before anything is counted.
 */
export const ADD = `
local function add(origin, from)
  if from > #ARGV then return '0-0' end
  local before = redis.call('HINCRBY', KEYS[1], 'events', 0)
  local total, added = before, '0-0'
  for i = from, #ARGV, 3 do
    total = total + ARGV[i + 1]
    added = redis.call('XADD', KEYS[2], '*', 'o', origin, 'f', ARGV[i], 'c', ARGV[i + 1],
      't', string.format('%.0f', total), 'e', ARGV[i + 2])
  end
  redis.call('HINCRBY', KEYS[1], 'events', string.format('%.0f', total - before))
  return added
end
`

/**
 * Whether a log that is read from a place on lacks nothing, where its entry there is gone: by the count of events up to it,
 * that somebody has who read it. `startAt`: it begins there then, as if what came before had been trimmed; ids rise on.
 */
export const MEND = `
local function isWholeFrom(position, count, whole)
  if not count then return false end
  local entry = redis.call('XRANGE', KEYS[2], '(' .. position, '+', 'COUNT', 1)[1]
  if not entry then return (whole or tonumber(redis.call('HGET', KEYS[1], 'events') or '0')) == count end
  local total, own = tonumber(entry[2][8]), tonumber(entry[2][6])
  return total and own and total - own == count
end
local function startAt(position, count)
  if position == '0-0' then return end
  redis.call('HSET', KEYS[1], 'trimmed', position, 'trimmed_events', position .. ' ' .. string.format('%.0f', count))
  if redis.call('EXISTS', KEYS[2]) == 0 then
    redis.call('XADD', KEYS[2], position, 'o', '')
    redis.call('XTRIM', KEYS[2], 'MAXLEN', 0)
    return
  end
  local time, sequence = string.match(position, '^(%d+)%-(%d+)$')
  redis.call('XTRIM', KEYS[2], 'MINID', '=', time .. '-' .. string.format('%.0f', sequence + 1))
  if later(position, last()) then redis.call('XSETID', KEYS[2], position) end
end
`
