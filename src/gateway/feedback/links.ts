import type { LinksConfig } from '../config/config.js'
import { equalInConstantTime } from '../keys/digest.js'

/** What a link says: that somebody found the answer good or bad. */
export interface LinkClaim {
  readonly decision: string
  readonly value: 0 | 1
}

const TOKEN_CHARS_MAX = 1024

/** A text that says the claim until it expires, and that nobody else can make. */
export async function linkToken(
  { decision, value }: LinkClaim,
  links: Pick<LinksConfig, 'secret' | 'ttlMs'>,
  now: number,
): Promise<string> {
  const payload = base64Url(new TextEncoder().encode(JSON.stringify([decision, value, now + links.ttlMs])))
  return `${payload}.${await signature(payload, links)}`
}

/** @returns null for what was not made here, or has expired */
export async function readLink(
  token: string,
  links: Pick<LinksConfig, 'secret'>,
  now: number,
): Promise<LinkClaim | null> {
  if (token.length > TOKEN_CHARS_MAX) return null
  const [payload = '', given = '', ...rest] = token.split('.')
  if (rest.length > 0 || !equalInConstantTime(given, await signature(payload, links))) return null
  try {
    const text = atob(payload.replaceAll('-', '+').replaceAll('_', '/'))
    const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0))
    const claim: unknown = JSON.parse(new TextDecoder().decode(bytes))
    if (!Array.isArray(claim)) return null
    const [decision, value, until] = claim
    if (typeof decision !== 'string' || typeof until !== 'number' || until <= now) return null
    return value === 0 || value === 1 ? { decision, value } : null
  } catch {
    return null
  }
}

async function signature(payload: string, { secret }: Pick<LinksConfig, 'secret'>): Promise<string> {
  const encoder = new TextEncoder()
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', encoder.encode(secret.reveal()), algorithm, false, [
    'sign',
  ])
  return base64Url(new Uint8Array(await crypto.subtle.sign('HMAC', key, encoder.encode(`link:${payload}`))))
}

function base64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-robots-tag': 'noindex',
}

/** A page of one sentence. With a button where something is to be confirmed: programs that scan mails open links too. */
export function linkPage(sentence: string, button: string | null, status = 200): Response {
  const form =
    button === null
      ? ''
      : `<form method="post"><button style="font:inherit;padding:.5em 1em">${button}</button></form>`
  const head =
    '<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Feedback</title>'
  const body = `<body style="font:1.2em system-ui;margin:20vh auto;max-width:26em;text-align:center"><p>${sentence}</p>${form}`
  return new Response(`${head}${body}`, { status, headers: HEADERS })
}
