import { object, optional, orNull, required, withDefault } from './compound-shapes.js'
import type { KeyRights } from './key-config.js'
import { groups } from './model-shape.js'
import { integerIn, text, textLike, time, yesOrNo } from './scalar-shapes.js'
import type { Secret } from './secret.js'
import { secret } from './secret-shape.js'
import { type Shape, WRONG, wrong } from './shape.js'

/** A key as a file has it: hashed, or where its text is. */
export interface FileKey extends KeyRights {
  readonly name: string
  readonly sha256?: string
  readonly value?: Secret
}

export interface FileAdmin {
  readonly sha256?: string
  readonly key?: Secret
}

/** A client key or an admin key that is shorter can be guessed. */
const KEY_LENGTH_MIN = 16
export const sha256 = textLike(
  '^[0-9a-f]{64}$',
  'the SHA-256 of a key as 64 hexadecimal digits in lower case',
)

export const RIGHTS = {
  tenant: withDefault(orNull(text()), null, 'who pays; null: the account of all alone'),
  groups: withDefault(orNull(groups), null, 'models of these groups alone; null: all models'),
  requestsPerMinute: withDefault(orNull(integerIn(1, 1e9)), null, 'null: no limit'),
  tokensPerMinute: withDefault(orNull(integerIn(1, 1e12)), null, 'in and out; null: no limit'),
  expiresAt: withDefault(orNull(time), null, 'a time such as 2027-01-31T12:00:00Z; null: never'),
  teaches: withDefault(
    yesOrNo,
    true,
    'whether rewards of its requests are learned, for all; false for clients who are strangers',
  ),
} as const

/** What a key may do, as a file or an admin says it. */
export const keyRights: Shape<KeyRights> = object<KeyRights>(RIGHTS)
export const keyName = textLike(
  '^[A-Za-z0-9][A-Za-z0-9._ -]{0,63}$',
  "a name of at most 64 letters, digits, spaces, '.', '_' or '-', a letter or digit first",
)

const anyKey = object<FileKey>({
  name: required(keyName, 'what logs and metrics call it'),
  sha256: optional(sha256, 'SHA-256 of the key; this or value'),
  value: optional(secret({ lengthMin: KEY_LENGTH_MIN }), '$NAME of the key; this or sha256'),
  ...RIGHTS,
})
export const key: Shape<FileKey> = oneOfTwo(anyKey, 'sha256', 'value', true)

const anyAdmin = object<FileAdmin>({
  sha256: optional(sha256, 'SHA-256 of the admin key; this or key'),
  key: optional(secret({ lengthMin: KEY_LENGTH_MIN }), '$NAME of the admin key; this or sha256'),
})
export const admin: Shape<FileAdmin> = oneOfTwo(anyAdmin, 'sha256', 'key', false)

/** An object with one of two fields, or none where it need not have any. */
function oneOfTwo<T extends object>(
  shape: Shape<T>,
  first: keyof T & string,
  second: keyof T & string,
  isNeeded: boolean,
): Shape<T> {
  const both = { required: [first, second] }
  return {
    schema: isNeeded
      ? { ...shape.schema, oneOf: [{ required: [first] }, { required: [second] }] }
      : { ...shape.schema, not: both },
    read(value, path, reading) {
      const read = shape.read(value, path, reading)
      if (read === WRONG) return WRONG
      const count = Number(Object.hasOwn(read, first)) + Number(Object.hasOwn(read, second))
      if (count === 2 || (isNeeded && count === 0))
        return wrong(reading, path, `expected ${first} or ${second}, got ${count === 2 ? 'both' : 'neither'}`)
      return read
    },
  }
}
