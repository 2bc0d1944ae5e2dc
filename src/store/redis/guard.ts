/**
 * Lua of every script that writes: KEYS[1] is `log`, ARGV[1] its id. Of a log that was lost or replaced nothing is written,
 * neither events nor what stands beside them: no key of it comes back, and nothing gets into another's.
 */
export const GUARD = `
local function guard()
  local id = redis.call('HGET', KEYS[1], 'id')
  if id == ARGV[1] then return nil end
  if not id then return redis.error_reply('LOGGONE expected the log that was opened, it is no longer there') end
  return redis.error_reply('LOGGONE expected log ' .. ARGV[1] .. ', which was opened, got ' .. id)
end
`
