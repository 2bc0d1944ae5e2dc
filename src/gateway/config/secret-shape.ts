import type { Path } from './mistake.js'
import { Secret } from './secret.js'
import { type Read, type Reading, type Shape, wrong } from './shape.js'

const REFERENCE = '^\\$(?:[A-Za-z_][A-Za-z0-9_]*|\\{[A-Za-z_][A-Za-z0-9_]*\\})$'
const REFERENCE_EXPRESSION = new RegExp(REFERENCE, 'u')

/** How LiteLLM and TensorZero name an environment variable. */
const ELSEWHERE = /^(?:os\.environ\/|env::)([A-Za-z_][A-Za-z0-9_]{0,99})$/

interface SecretRules {
  /** Whether it is sent in a header, where only visible ASCII letters are allowed. */
  readonly isHeader: boolean
  readonly lengthMin: number
}

/**
 * The name of an environment variable, `$NAME` or `${NAME}`, read as its value. A secret that stands in the file itself is
 * refused, and not repeated.
 */
export function secret({ isHeader = true, lengthMin = 1 }: Partial<SecretRules> = {}): Shape<Secret> {
  return {
    schema: { type: 'string', pattern: REFERENCE },
    read(value, path, reading) {
      if (typeof value === 'string' && REFERENCE_EXPRESSION.test(value))
        return lookUp(value, path, reading, { isHeader, lengthMin })
      const [, name = 'MY_SECRET'] = (typeof value === 'string' && ELSEWHERE.exec(value)) || []
      const message = `expected the name of an environment variable, such as $${name}: secrets do not stand in this file`
      return wrong(reading, path, message)
    },
  }
}

function lookUp(
  reference: string,
  path: Path,
  reading: Reading,
  { isHeader, lengthMin }: SecretRules,
): Read<Secret> {
  if (reading.env === null) return new Secret('', reference)
  const name = reference.replace(/[${}]/g, '')
  const value = Object.hasOwn(reading.env, name) ? reading.env[name] : undefined
  if (value === undefined || value === '')
    return wrong(reading, path, `the environment variable ${name} is ${value === '' ? 'empty' : 'not set'}`)
  if (value !== value.trim())
    return wrong(reading, path, `the environment variable ${name} has spaces or line ends around its value`)
  if (isHeader && !/^[!-~]+$/.test(value))
    return wrong(reading, path, `the environment variable ${name} has characters that no header may have`)
  if (value.length < lengthMin)
    return wrong(reading, path, `the environment variable ${name} is shorter than ${lengthMin} characters`)
  return new Secret(value, `$${name}`)
}

/** Visible ASCII and spaces between: what a header may have. */
const HEADER_TEXT = '^[!-#%-~]([ -~]{0,4094}[!-~])?$'

/** Names of headers and options whose values are secrets, also where an operator has written one into the file. */
const SECRET_NAME = /auth|key|token|secret|password|passwd|cookie|credential|signature/i

/** The value of a header, or of an option of a package: a text, which is shown where it is no secret by its name, or `$NAME`. */
export const headerValue: Shape<string | Secret> = {
  schema: { anyOf: [{ type: 'string', pattern: HEADER_TEXT }, secret().schema] },
  read(value, path, reading) {
    if (typeof value === 'string' && new RegExp(HEADER_TEXT, 'u').test(value))
      return SECRET_NAME.test(String(path.at(-1))) ? new Secret(value, 'a secret in this file') : value
    if (typeof value === 'string' && value.startsWith('$')) return secret().read(value, path, reading)
    return wrong(reading, path, 'expected a text of ASCII characters on one line, or $NAME')
  },
}

const PLAIN_REDIS =
  '^(?:rediss?://[^\\s:@/]+(?::\\d+)?(?:/\\d+)?(?:\\?(?:(?:caFile|certFile|keyFile|serverName)=[^\\s&=#]+&?){1,4})?|unix:///[^\\s@?#]+)$'

const PLAIN_PRICES =
  '^(?:https://[^\\s@?#]+|http://(?:localhost|127\\.0\\.0\\.1|\\[::1\\])(?::\\d+)?(?:/[^\\s@?#]*)?|(?![a-zA-Z][a-zA-Z0-9+.-]*://)(?!\\$)[^\\u0000-\\u001f\\u007f]{1,4096})$'

/** Where a price list is: a path, an address without a query, or `$NAME` of either. */
export const priceSource: Shape<Secret> = {
  schema: { anyOf: [{ type: 'string', pattern: PLAIN_PRICES }, secret().schema] },
  read(value, path, reading) {
    if (typeof value === 'string' && REFERENCE_EXPRESSION.test(value))
      return secret({ isHeader: false }).read(value, path, reading)
    if (typeof value === 'string' && new RegExp(PLAIN_PRICES, 'u').test(value))
      return new Secret(value, value)
    const message =
      'expected a path, https://host/path, or http on localhost, without user and query, or $NAME of an address that has them'
    return wrong(reading, path, message)
  },
}

/** Where Redis is: a URL without a password, or `$NAME` of one that may have it. */
export const redisUrl: Shape<Secret> = {
  schema: { anyOf: [{ type: 'string', pattern: PLAIN_REDIS }, secret().schema] },
  read(value, path, reading) {
    if (typeof value === 'string' && new RegExp(PLAIN_REDIS, 'u').test(value)) return new Secret(value, value)
    if (typeof value === 'string' && REFERENCE_EXPRESSION.test(value)) {
      const found = secret({ isHeader: false }).read(value, path, reading)
      if (!(found instanceof Secret) || reading.env === null) return found
      if (/^(rediss?:\/\/.|unix:\/\/.*\/)/.test(found.reveal()) && URL.canParse(found.reveal())) return found
      return wrong(reading, path, `${found.source}: expected redis://..., rediss://... or unix:///...`)
    }
    const message =
      'expected redis://host:port, rediss://host:port or unix:///path, or $NAME of one that has a password'
    return wrong(reading, path, message)
  },
}
