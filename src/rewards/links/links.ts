import { checkPositive, checkRecord, checkString } from '../../base/check.js'
import { readClock } from '../../base/clock.js'
import { expected, expectedGot } from '../../base/errors.js'
import { readRecordOnce } from '../../base/read-once.js'

/** What a link says: that somebody found the answer good or bad. */
export interface LinkClaim {
  /** Id of the decision. */
  readonly decision: string
  /** 1: good; 0: bad. */
  readonly value: 0 | 1
}

/** What links are signed with. */
export interface LinkOptions {
  /** Signs links: at least 32 characters. */
  readonly secret: string
  /** How long a link is good for, ms. Default 30 days. */
  readonly ttlMs?: number | undefined
}

/** Two links of one answer. */
export interface ThumbLinks {
  /** Says that the answer is good. */
  readonly up: string
  /** Says that it is bad. */
  readonly down: string
}

const TOKEN_CHARS_MAX = 1024
const SECRET_LENGTH_MIN = 32
const TTL_MS = 30 * 86_400_000
const DECISION_CHARS_MAX = 256

/**
 * A text that says the claim until it expires, and that nobody else can make (HMAC of SHA-256).
 * @param now milliseconds since 1970 UTC
 * @throws (the promise is rejected with) INVALID_ARGUMENT
 */
export async function linkToken(
  claim: LinkClaim,
  options: LinkOptions,
  now: number = Date.now(),
): Promise<string> {
  const { decision, value } = readRecordOnce(checkRecord(claim, 'claim'), 'claim')
  const { secret, ttlMs } = readRecordOnce(checkRecord(options, 'options'), 'options')
  if (checkString(decision, 'claim.decision').length > DECISION_CHARS_MAX)
    throw expected('INVALID_ARGUMENT', 'claim.decision', `at most ${DECISION_CHARS_MAX} characters`, decision)
  if (value !== 0 && value !== 1) throw expected('INVALID_ARGUMENT', 'claim.value', '0 or 1', value)
  const key = await keyOf(secret)
  const until = readClock(() => now) + checkPositive(ttlMs ?? TTL_MS, 'ttlMs')
  const payload = base64Url(new TextEncoder().encode(JSON.stringify([decision, value, until])))
  return `${payload}.${base64Url(new Uint8Array(await crypto.subtle.sign('HMAC', key, signed(payload))))}`
}

/**
 * Links for people: one says that the answer of a decision is good, the other that it is bad.
 * @param baseUrl what tokens are added to: `https://llm.example.com/f/`; a slash comes behind one that ends in a name
 * @throws (the promise is rejected with) INVALID_ARGUMENT
 */
export async function thumbLinks(
  decision: string,
  baseUrl: string,
  options: LinkOptions,
  now?: number,
): Promise<ThumbLinks> {
  const base = linkBase(baseUrl)
  const of = async (value: 0 | 1) => base + (await linkToken({ decision, value }, options, now))
  return { up: await of(1), down: await of(0) }
}

function linkBase(baseUrl: unknown): string {
  const base = checkString(baseUrl, 'baseUrl')
  // `localhost:3000/f/` is a URL too, whose scheme is `localhost`. Apps have links of schemes of their own.
  if (!/^[a-z][a-z\d+.-]*:\/\//i.test(base) || !URL.canParse(base))
    throw expected('INVALID_ARGUMENT', 'baseUrl', 'a URL such as https://llm.example.com/f/', baseUrl)
  return /[?#]|[^a-z\d]$/i.test(base) ? base : `${base}/`
}

/**
 * @returns null for what was not made with this secret, or has expired
 * @throws (the promise is rejected with) INVALID_ARGUMENT for a bad secret
 */
export async function readLink(
  token: string,
  options: LinkOptions,
  now: number = Date.now(),
): Promise<LinkClaim | null> {
  const { secret } = readRecordOnce(checkRecord(options, 'options'), 'options')
  const key = await keyOf(secret)
  if (typeof token !== 'string' || token.length > TOKEN_CHARS_MAX) return null
  const [payload = '', given = '', ...rest] = token.split('.')
  const signature = bytesOf(given)
  if (rest.length > 0 || signature === null) return null
  if (!(await crypto.subtle.verify('HMAC', key, signature, signed(payload)))) return null
  const bytes = bytesOf(payload)
  try {
    const claim: unknown = bytes === null ? null : JSON.parse(new TextDecoder().decode(bytes))
    if (!Array.isArray(claim)) return null
    const [decision, value, until] = claim
    if (typeof decision !== 'string' || typeof until !== 'number' || until <= now) return null
    return value === 0 || value === 1 ? { decision, value } : null
  } catch {
    return null
  }
}

async function keyOf(secret: unknown): Promise<CryptoKey> {
  if (typeof secret !== 'string' || secret.length < SECRET_LENGTH_MIN) {
    const got = typeof secret === 'string' ? `${secret.length} of them` : typeof secret
    throw expectedGot('INVALID_ARGUMENT', 'secret', `a text of ${SECRET_LENGTH_MIN} characters at least`, got)
  }
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  return crypto.subtle.importKey('raw', new TextEncoder().encode(secret), algorithm, false, [
    'sign',
    'verify',
  ])
}

function signed(payload: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`link:${payload}`)
}

function base64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

/** Null: it is not what `base64Url` gives. */
function bytesOf(text: string): Uint8Array<ArrayBuffer> | null {
  if (!/^[\w-]*$/.test(text)) return null
  try {
    const bytes = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
    return Uint8Array.from(bytes, (char) => char.charCodeAt(0))
  } catch {
    return null
  }
}
