import { isRecord } from '../../base/check.js'
import {
  isSameNote,
  NOTE_KINDS,
  type NoteKind,
  type Notes,
  type NotesMax,
  notesByKind,
} from '../notes/notes.js'
import { type RedisLink, redisUnavailable } from './redis-link.js'
import { WriteBehind } from './write-behind.js'

/**
 * Notes and their order, by the clock of Redis; the oldest go. A note with a place among those of its id (`at`: a time, or a number)
 * replaces none of a later place: processes write behind, in any order. An empty text takes a note out, and one behind a minus takes out that
 * text alone.
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
  local text = ARGV[i + 1]
  local only = string.sub(text, 1, 1) == '-' and string.sub(text, 2)
  local was = before and not only and place(before)
  local is = was and place(text)
  if text == '' or only and only == before then
    redis.call('HDEL', KEYS[1], ARGV[i])
    redis.call('ZREM', KEYS[2], ARGV[i])
  elseif not only and (not is or is >= was) then
    redis.call('HSET', KEYS[1], ARGV[i], text)
    redis.call('ZADD', KEYS[2], at, ARGV[i])
  end
end
local over = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[1])
if over > 0 then
  local gone = redis.call('ZPOPMIN', KEYS[2], over)
  for i = 1, #gone, 2 do redis.call('HDEL', KEYS[1], gone[i]) end
end
return 1`

/** The note of an id where it has none yet; what it has is given back. */
const CLAIM = `
local before = redis.call('HGET', KEYS[1], ARGV[2])
if before then return before end
${PUT}`

interface Note {
  readonly kind: NoteKind
  readonly id: string
  /** As it stands in a call of `PUT`. */
  readonly text: string
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
        const args = batch.filter((note) => note.kind === kind).flatMap(({ id, text }) => [id, text])
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
        throw redisUnavailable(
          'Redis took no notes a moment ago: another process may still have this one to write',
        )
      return known
    },
    put(kind, id, value) {
      owns[kind].put(id, value, OWN_MAX)
      return behind.add({ kind, id, text: JSON.stringify(value) })
    },
    remove(kind, id) {
      owns[kind].delete(id)
      return behind.add({ kind, id, text: '' })
    },
    async claim(kind, id, value) {
      const hash = `{${prefix}}:${kind}`
      const text = JSON.stringify(value)
      const before = await link.send('EVAL', CLAIM, '2', hash, `${hash}:order`, String(max(kind)), id, text)
      if (typeof before === 'string') return objectIn(before) ?? {}
      owns[kind].put(id, value, OWN_MAX)
      return null
    },
    release(kind, id, value) {
      if (isSameNote(owns[kind].get(id), value)) owns[kind].delete(id)
      return behind.add({ kind, id, text: `-${JSON.stringify(value)}` })
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
