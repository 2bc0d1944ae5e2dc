import { isRecord } from '../../base/check.js'
import { NOTE_KINDS, type NoteKind, type Notes, type NotesMax, notesByKind } from '../notes/notes.js'
import type { RedisLink } from './redis-link.js'
import { WriteBehind } from './write-behind.js'

/**
 * Notes and their order, by the clock of Redis; the oldest go. A note with a place among those of its id (`at`: a time, or a number)
 * replaces none of a later place: processes write behind, in any order.
 */
const PUT = `
local time = redis.call('TIME')
local at = time[1] * 1000000 + time[2]
local function place(text)
  local isRead, note = pcall(cjson.decode, text)
  return isRead and type(note) == 'table' and type(note.at) == 'number' and note.at or nil
end
for i = 2, #ARGV, 2 do
  local before = redis.call('HGET', KEYS[1], ARGV[i])
  local was = before and place(before)
  local is = was and place(ARGV[i + 1])
  if ARGV[i + 1] == '' then
    redis.call('HDEL', KEYS[1], ARGV[i])
    redis.call('ZREM', KEYS[2], ARGV[i])
  elseif not is or is >= was then
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
    redis.call('ZADD', KEYS[2], at, ARGV[i])
  end
end
local over = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[1])
if over > 0 then
  local gone = redis.call('ZPOPMIN', KEYS[2], over)
  for i = 1, #gone, 2 do redis.call('HDEL', KEYS[1], gone[i]) end
end
return 1`

interface Note {
  readonly kind: NoteKind
  readonly id: string
  /** Null: it is gone. */
  readonly value: object | null
}

/** Notes of all processes: a hash `{PREFIX}:KIND` and a sorted set `{PREFIX}:KIND:order`, as many as `max` of each kind. */
export function redisNotes(
  link: RedisLink,
  prefix: string,
  max: NotesMax,
  onProblem: (problem: Error) => void,
  onBack?: (goneMs: number) => void,
): Notes {
  const owns = notesByKind()
  const behind = new WriteBehind<Note>({
    atOnceMax: 16,
    gatherMs: 0,
    onProblem,
    onBack,
    write: async (batch) => {
      for (const kind of NOTE_KINDS) {
        const args = batch
          .filter((note) => note.kind === kind)
          .flatMap(({ id, value }) => [id, value === null ? '' : JSON.stringify(value)])
        if (args.length === 0) continue
        const hash = `{${prefix}}:${kind}`
        await link.send('EVAL', PUT, '2', hash, `${hash}:order`, String(max(kind)), ...args)
      }
    },
  })
  return {
    isShared: true,
    async get(kind, id) {
      const own = owns[kind].get(id)
      let text: unknown
      try {
        text = await link.send('HGET', `{${prefix}}:${kind}`, id)
      } catch (error) {
        if (own !== null) return own
        throw error
      }
      const known = later(typeof text === 'string' ? objectIn(text) : null, own)
      if (known === null && behind.hasFailedWithin(OTHERS_BACK_MS))
        throw new Error('Redis took no notes a moment ago: another process may still have this one to write')
      return known
    },
    put(kind, id, value) {
      owns[kind].put(id, value, OWN_MAX)
      return behind.add({ kind, id, value })
    },
    remove(kind, id) {
      owns[kind].delete(id)
      return behind.add({ kind, id, value: null })
    },
    async entries(kind) {
      const found = await link.send('HGETALL', `{${prefix}}:${kind}`)
      const texts = Array.isArray(found) ? found.map(String) : []
      return texts.flatMap((id, i) => {
        const value = i % 2 === 0 ? objectIn(texts[i + 1] ?? '') : null
        return value === null ? [] : [[id, value] as const]
      })
    },
    async close() {
      await behind.close()
    },
  }
}

/** What this process noted itself, for while Redis is away. */
const OWN_MAX = 10_000

/** After Redis takes notes again: by then others have noticed it, too, and have written what they held. */
const OTHERS_BACK_MS = 10_000

/** Others may have said more since, and what was said here may still be on its way to Redis. */
function later(found: object | null, own: object | null): object | null {
  return found === null || placeOf(own) > placeOf(found) ? (own ?? found) : found
}

function placeOf(note: object | null): number {
  return note !== null && 'at' in note && typeof note.at === 'number' ? note.at : Number.NEGATIVE_INFINITY
}

function objectIn(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : null
  } catch {
    return null
  }
}
