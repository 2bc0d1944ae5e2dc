import { checkFunction } from '../../base/check.js'
import type { PlatformResponse } from '../../base/platform.js'
import { type LinkClaim, type LinkOptions, readLink } from './links.js'

const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-robots-tag': 'noindex',
}

const GONE = 'This link is not valid, or has expired.'

/**
 * The answer to whoever opens a link: GET asks, POST counts, so that programs which open every link of a mail vote for nothing.
 * @param links null: no links here
 * @param give gives the reward; false: it could not
 * @throws (the promise is rejected with) INVALID_ARGUMENT for a bad secret, and what `give` throws
 */
export async function linkResponse(
  method: string,
  token: string,
  links: LinkOptions | null,
  now: number,
  give: (claim: LinkClaim) => Promise<boolean>,
): Promise<PlatformResponse> {
  checkFunction(give, 'give')
  const claim = links === null ? null : await readLink(token, links, now)
  if (claim === null) return page(GONE, null, 404)
  const what = claim.value === 1 ? 'a good answer' : 'a bad answer'
  if (method !== 'POST') return page(`Was it ${what}?`, `Yes, ${what}`)
  return (await give(claim)) ? page('Thank you.', null) : page('Something went wrong.', null, 500)
}

/** A page of one sentence, with a button where something is to be confirmed. */
function page(sentence: string, button: string | null, status = 200): Response {
  const form =
    button === null
      ? ''
      : `<form method="post"><button style="font:inherit;padding:.5em 1em">${button}</button></form>`
  const head =
    '<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Feedback</title>'
  const body = `<body style="font:1.2em system-ui;margin:20vh auto;max-width:26em;text-align:center"><p>${sentence}</p>${form}`
  return new Response(`${head}${body}`, { status, headers: HEADERS })
}
