/** A member of an object, as places in its text. */
export interface Member {
  readonly key: string
  readonly start: number
  readonly valueStart: number
  readonly valueEnd: number
}

const COLON = 0x3a
const COMMA = 0x2c
const QUOTE = 0x22
/** Of an object and of a list. */
const OPENS = [0x7b, 0x5b] as const

/**
 * The members of an object, in order, also those that come twice.
 * @param text JSON that has been parsed: it is not checked again
 * @param from where the object begins, spaces before it allowed
 */
export function membersOf(text: string, from = 0): Member[] {
  const members: Member[] = []
  let at = skipSpace(text, skipSpace(text, from) + 1)
  while (text[at] === '"') {
    const start = at
    const keyEnd = skipString(text, at)
    const key = textAt(text, start, keyEnd)
    const valueStart = skipSpace(text, skipSpace(text, keyEnd) + 1)
    const valueEnd = skipValue(text, valueStart)
    members.push({ key, start, valueStart, valueEnd })
    at = skipSpace(text, valueEnd)
    if (text[at] === ',') at = skipSpace(text, at + 1)
  }
  return members
}

/**
 * A name that stands twice in an object, however deep; null: none does. Two readers of such a text may see two requests.
 * @param text JSON that has been parsed: it is not checked again
 * @param json what was parsed of it
 */
export function repeatedKey(text: string, json: unknown = JSON.parse(text)): string | null {
  // Of names that stand twice the parsed object has one.
  return namesIn(text) === keysIn(json) ? null : firstRepeatedKey(text)
}

function namesIn(text: string): number {
  let count = 0
  for (let at = text.indexOf('"'); at >= 0; ) {
    const end = skipString(text, at)
    const after = skipSpace(text, end)
    if (text.charCodeAt(after) === COLON) count++
    at = text.indexOf('"', after)
  }
  return count
}

/**
 * Whether a text has more members, objects and lists than this, or more values, at whatever depth: to count them takes a fraction of the time that an
 * engine takes to parse a text that is made of them.
 * @param text JSON, or anything else
 * @param valuesMax counted by the commas between them
 * @returns of which it has more; null: of neither
 */
export function excessIn(text: string, partsMax: number, valuesMax: number): 'parts' | 'values' | null {
  // Each has a character of its own.
  if (text.length <= Math.min(partsMax, valuesMax)) return null
  let parts = 0
  let values = 1
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = skipString(text, at) - 1
    else if (code === COMMA) {
      if (++values > valuesMax) return 'values'
    } else if ((code === COLON || code === OPENS[0] || code === OPENS[1]) && ++parts > partsMax)
      return 'parts'
  }
  return null
}

function keysIn(json: unknown): number {
  let count = 0
  // Not by recursion: a client chooses how deep it goes.
  const left: unknown[] = [json]
  while (left.length > 0) {
    const value = left.pop()
    if (Array.isArray(value)) {
      for (const each of value) if (typeof each === 'object' && each !== null) left.push(each)
    } else if (typeof value === 'object' && value !== null) {
      for (const each of Object.values(value)) {
        count++
        if (typeof each === 'object' && each !== null) left.push(each)
      }
    }
  }
  return count
}

function firstRepeatedKey(text: string): string | null {
  /** The names so far of each object that is open; null: a list is. */
  const open: (Set<string> | null)[] = []
  let isName = false
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case '{':
        open.push(new Set())
        isName = true
        break
      case '[':
        open.push(null)
        isName = false
        break
      case '}':
      case ']':
        open.pop()
        isName = false
        break
      case ',':
        isName = open.at(-1) instanceof Set
        break
      case '"': {
        const end = skipString(text, at)
        if (isName) {
          const key = textAt(text, at, end)
          const names = open.at(-1)
          if (names?.has(key) === true) return key
          names?.add(key)
          isName = false
        }
        at = end - 1
      }
    }
  }
  return null
}

/** A text between its quotes. */
function textAt(text: string, start: number, end: number): string {
  const raw = text.slice(start + 1, end - 1)
  return raw.includes('\\') ? JSON.parse(`"${raw}"`) : raw
}

/**
 * The text of an object with some members set. All else stays as it was, to the byte: numbers that JavaScript cannot hold,
 * spaces, order.
 * @param changes by name; null takes a member out
 */
export function withMembers(text: string, changes: Readonly<Record<string, unknown>>): string {
  const left = new Map(Object.entries(changes))
  if (left.size === 0) return text
  const parts: string[] = []
  for (const { key, start, valueStart, valueEnd } of membersOf(text)) {
    if (!left.has(key)) parts.push(text.slice(start, valueEnd))
    else {
      const value = left.get(key)
      if (value !== null) parts.push(text.slice(start, valueStart) + JSON.stringify(value))
      left.delete(key)
    }
  }
  for (const [key, value] of left)
    if (value !== null) parts.push(`${JSON.stringify(key)}:${JSON.stringify(value)}`)
  return `{${parts.join(',')}}`
}

/** The text with one number set, deep in it. The object at `path` is there; what stands at `name` gives way. */
export function withNumberAt(text: string, path: readonly string[], name: string, value: number): string {
  let from = 0
  for (const step of path) {
    const member = membersOf(text, from).find(({ key }) => key === step)
    if (member === undefined || text[member.valueStart] !== '{') return text
    from = member.valueStart
  }
  const members = membersOf(text, from)
  const known = members.find(({ key }) => key === name)
  if (known !== undefined) return text.slice(0, known.valueStart) + value + text.slice(known.valueEnd)
  const last = members.at(-1)
  const at = last?.valueEnd ?? skipSpace(text, from) + 1
  const comma = last === undefined ? '' : ','
  return `${text.slice(0, at)}${comma}${JSON.stringify(name)}:${value}${text.slice(at)}`
}

function skipSpace(text: string, at: number): number {
  let to = at
  while (isSpace(text.charCodeAt(to))) to++
  return to
}

/** A space, a tab, a line feed or a carriage return; past the end there is no such code. */
function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}

/** @returns the place after the closing quote */
function skipString(text: string, at: number): number {
  let end = at
  for (;;) {
    end = text.indexOf('"', end + 1)
    if (end < 0) return text.length
    let slashes = 0
    while (text[end - 1 - slashes] === '\\') slashes++
    if (slashes % 2 === 0) return end + 1
  }
}

function skipValue(text: string, at: number): number {
  if (text[at] === '"') return skipString(text, at)
  let depth = 0
  let to = at
  while (to < text.length) {
    const char = text[to]
    if (char === '"') {
      to = skipString(text, to)
      continue
    }
    if (char === '{' || char === '[') depth++
    else if (char === '}' || char === ']') {
      if (depth === 0) return to
      depth--
      if (depth === 0) return to + 1
    } else if (depth === 0 && (char === ',' || isSpace(char.charCodeAt(0)))) return to
    to++
  }
  return to
}
