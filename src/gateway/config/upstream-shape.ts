import { object, orNull, recordOf, required, ruled, withDefault } from './compound-shapes.js'
import { PROTOCOLS, type UpstreamConfig } from './config.js'
import { oneOf, textLike } from './scalar-shapes.js'
import { headerValue, secret } from './secret-shape.js'
import type { Shape } from './shape.js'
import { word } from './words.js'

const URL_PATTERN =
  '^https?://(?:\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+)(?::\\d{1,5})?(?:/[!-\\x22$->@-~]*[!-\\x22$-.0->@-~])?$'
const baseUrl: Shape<string> = ruled(
  textLike(
    URL_PATTERN,
    'an http or https URL without a user, a query or a slash at its end, such as https://api.openai.com/v1',
  ),
  (url) => (URL.canParse(url) ? null : 'is no URL'),
)

/** Those that the gateway writes itself, and those of the connection. */
const HEADER_NAME =
  '^(?!(?:host|connection|keep-alive|transfer-encoding|te|trailer|upgrade|expect|content-[a-z-]+|accept-encoding|proxy-[a-z-]+)$)' +
  "[a-z0-9!#$%&'*+.^_`|~-]{1,100}$"

export const upstream: Shape<UpstreamConfig> = object<UpstreamConfig>({
  id: required(word('an id'), 'what models call it'),
  protocol: required(oneOf(PROTOCOLS), 'what it speaks; openai for all that is compatible'),
  baseUrl: required(baseUrl, 'what paths such as /chat/completions or /messages are added to'),
  apiKey: withDefault(orNull(secret()), null, '$NAME of its key; null: none is sent'),
  headers: withDefault(
    recordOf(HEADER_NAME, 'a header in lower case that is not of the connection', headerValue, 32),
    {},
    'more headers of each request',
  ),
})
