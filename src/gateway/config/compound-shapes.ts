import { isRecord } from '../../base/check.js'
import { expectedObject, grownTogether, hintOf, isWord, type Path, show } from './mistake.js'
import { type JsonSchema, type Read, type Reading, type Shape, WRONG, wrong } from './shape.js'

/** A field of an object, with what editors say of it. */
export interface Field<T> {
  readonly shape: Shape<T>
  readonly about: string
  /** What it is where it is left out; absent: it must be there, or is optional. */
  readonly fallback?: { readonly value: T }
  readonly isOptional: boolean
}

type FieldsOf<T> = { readonly [K in keyof T]-?: Field<Exclude<T[K], undefined>> }

export function required<T>(shape: Shape<T>, about: string): Field<T> {
  return { shape, about, isOptional: false }
}

export function withDefault<T>(shape: Shape<T>, value: NoInfer<T>, about: string): Field<T> {
  return { shape, about, fallback: { value }, isOptional: false }
}

/** Left out, it is left out of what is read. */
export function optional<T>(shape: Shape<T>, about: string): Field<T> {
  return { shape, about, isOptional: true }
}

/** An object of these fields and no others. */
export function object<T extends object>(fields: FieldsOf<T>): Shape<T> {
  const list = Object.entries<Field<unknown>>(fields)
  const names = list.map(([name]) => name)
  const needed = list
    .filter(([, { fallback, isOptional }]) => fallback === undefined && !isOptional)
    .map(([name]) => name)
  return {
    schema: {
      type: 'object',
      properties: Object.fromEntries(list.map(([name, field]) => [name, fieldSchema(field)])),
      ...(needed.length === 0 ? {} : { required: needed }),
      additionalProperties: false,
    },
    read(value, path, reading) {
      if (!isRecord(value)) return wrong(reading, path, expectedObject(value))
      let isWrong = false
      const passed = new Set<string>()
      for (const key of Object.keys(value)) {
        if (names.includes(key)) continue
        isWrong = true
        if (!isWord(key)) {
          const grown = grownTogether(key)
          const said = grown === null ? null : `expected ${grown}`
          wrong(reading, path, said ?? `a name is unknown; known are ${names.join(', ')}`)
          passed.add(/^[\w.$-]*/.exec(key)?.[0] ?? '')
          continue
        }
        const hint = hintOf(key, names) || `; known are ${names.join(', ')}`
        wrong(reading, [...path, key], `unknown${hint}`)
      }
      const read: Record<string, unknown> = {}
      for (const [name, field] of list) {
        if (passed.has(name)) continue
        const given = Object.hasOwn(value, name) ? value[name] : undefined
        const part = readField(field, given, [...path, name], reading)
        if (part === WRONG) isWrong = true
        else if (part !== undefined) read[name] = part
      }
      return isWrong ? WRONG : (Object.freeze(read) as T)
    },
  }
}

function fieldSchema({ shape, about, fallback }: Field<unknown>): JsonSchema {
  const isPlain = fallback !== undefined && fallback.value !== undefined
  return { description: about, ...shape.schema, ...(isPlain ? { default: fallback.value } : {}) }
}

function readField(
  { shape, about, fallback, isOptional }: Field<unknown>,
  given: unknown,
  path: Path,
  reading: Reading,
): Read<unknown> {
  if (given !== undefined) return shape.read(given, path, reading)
  if (fallback !== undefined) return fallback.value
  return isOptional ? undefined : wrong(reading, path, `is missing: ${about}`)
}

/** An object of defaults: what is left out of it has those of its fields. */
export function allDefaults<T extends object>(shape: Shape<T>, about: string): Field<T> {
  const reading: Reading = { env: {}, mistakes: [] }
  const value = shape.read({}, [], reading)
  if (value === WRONG) throw new TypeError(`a field has no default: ${reading.mistakes[0].message}`)
  return { shape, about, fallback: { value }, isOptional: false }
}

export function list<T>(item: Shape<T>, lengthMax: number, lengthMin = 0): Shape<readonly T[]> {
  const least = lengthMin === 0 ? '' : `at least ${lengthMin} and `
  return {
    schema: { type: 'array', items: item.schema, minItems: lengthMin, maxItems: lengthMax },
    read(value, path, reading) {
      if (!Array.isArray(value)) return wrong(reading, path, `expected a list, got ${show(value)}`)
      if (value.length > lengthMax || value.length < lengthMin)
        return wrong(reading, path, `expected ${least}at most ${lengthMax} entries, got ${value.length}`)
      const read: T[] = []
      for (let i = 0; i < value.length; i++) {
        const part = item.read(value[i], [...path, i], reading)
        if (part !== WRONG) read.push(part)
      }
      return read.length < value.length ? WRONG : Object.freeze(read)
    },
  }
}

/** Words, each at most once. */
export function setOf<T extends string>(item: Shape<T>, lengthMax: number): Shape<readonly T[]> {
  const items = list(item, lengthMax)
  return {
    schema: { ...items.schema, uniqueItems: true },
    read(value, path, reading) {
      const read = items.read(value, path, reading)
      if (read === WRONG) return WRONG
      const again = read.findIndex((each, i) => read.indexOf(each) < i)
      return again < 0 ? read : wrong(reading, [...path, again], `${show(read[again])} stands twice`)
    },
  }
}

export function orNull<T>(shape: Shape<T>): Shape<T | null> {
  return {
    schema: { anyOf: [{ type: 'null' }, shape.schema] },
    read: (value, path, reading) => (value === null ? null : shape.read(value, path, reading)),
  }
}

/** A number or a text of letters, say: the message is of all of them. */
export function either<A, B>(first: Shape<A>, second: Shape<B>, what: string): Shape<A | B> {
  return {
    schema: { anyOf: [first.schema, second.schema] },
    read(value, path, reading) {
      for (const shape of [first, second]) {
        const read = shape.read(value, path, { ...reading, mistakes: [] })
        if (read !== WRONG) return read
      }
      // It is what was asked for: the variable that it names is what is wrong.
      for (const shape of [first, second])
        if (shape.read(value, path, { env: null, mistakes: [] }) !== WRONG)
          return shape.read(value, path, reading)
      return wrong(reading, path, `expected ${what}, got ${show(value)}`)
    },
  }
}

/** Objects of several kinds, told apart by their field `tag`. */
export function tagged<K extends string, T extends object>(
  tag: K,
  kinds: Readonly<Record<string, Shape<T>>>,
): Shape<T> {
  const names = Object.keys(kinds)
  return {
    schema: {
      type: 'object',
      required: [tag],
      oneOf: names.map((name) => kinds[name].schema),
    },
    read(value, path, reading) {
      if (!isRecord(value)) return wrong(reading, path, expectedObject(value))
      const name = Object.hasOwn(value, tag) ? value[tag] : undefined
      if (typeof name === 'string' && names.includes(name)) return kinds[name].read(value, path, reading)
      const message = `expected one of ${names.join(', ')}, got ${show(name)}${hintOf(name, names)}`
      return wrong(reading, [...path, tag], message)
    },
  }
}

/** Texts by name, with a limit on how many. */
export function recordOf<T>(
  namePattern: string,
  what: string,
  item: Shape<T>,
  sizeMax: number,
): Shape<Readonly<Record<string, T>>> {
  const expression = new RegExp(namePattern, 'u')
  return {
    schema: {
      type: 'object',
      propertyNames: { pattern: namePattern },
      additionalProperties: item.schema,
      maxProperties: sizeMax,
    },
    read(value, path, reading) {
      if (!isRecord(value)) return wrong(reading, path, expectedObject(value))
      const entries = Object.entries(value)
      if (entries.length > sizeMax)
        return wrong(reading, path, `expected at most ${sizeMax} entries, got ${entries.length}`)
      const read: [string, T][] = []
      for (const [name, given] of entries) {
        if (!expression.test(name)) {
          const message = `expected ${what} for its name`
          if (isWord(name)) wrong(reading, [...path, name], message)
          else {
            const grown = grownTogether(name)
            wrong(reading, path, grown === null ? `of each entry ${message}` : `expected ${grown}`)
          }
        } else {
          const part = item.read(given, [...path, name], reading)
          if (part !== WRONG) read.push([name, part])
        }
      }
      return read.length < entries.length ? WRONG : Object.freeze(Object.fromEntries(read))
    },
  }
}

/** What follows from a value that was read. */
export function mapped<A, B>({ schema, read }: Shape<A>, map: (value: A) => B): Shape<B> {
  return {
    schema,
    read(value, path, reading) {
      const given = read(value, path, reading)
      return given === WRONG ? WRONG : map(given)
    },
  }
}

/** A shape with a rule besides. @param problem what is wrong with a value; null: nothing is */
export function ruled<T>({ schema, read }: Shape<T>, problem: (value: T) => string | null): Shape<T> {
  return {
    schema,
    read(value, path, reading) {
      const given = read(value, path, reading)
      const message = given === WRONG ? null : problem(given)
      return message === null ? given : wrong(reading, path, message)
    },
  }
}
