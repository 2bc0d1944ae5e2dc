import {
  either,
  mapped,
  object,
  orNull,
  recordOf,
  required,
  ruled,
  tagged,
  withDefault,
} from './compound-shapes.js'
import type { Protocol, UpstreamConfig } from './config.js'
import { oneOf, textLike, yesOrNo } from './scalar-shapes.js'
import { headerValue, secret } from './secret-shape.js'
import type { Shape } from './shape.js'
import { word } from './words.js'

const URL_PATTERN =
  '^https?://(?:\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+)(?::\\d{1,5})?(?:/[!-\\x22$->@-~]*[!-\\x22$-.0->@-~])?$'
export const baseUrl: Shape<string> = ruled(
  textLike(
    URL_PATTERN,
    'an http or https URL without a user, a query or a slash at its end, such as https://api.openai.com/v1',
  ),
  (url) => (URL.canParse(url) ? null : 'is no URL'),
)

/** What the gateway adds to a base URL, which clients are often given whole. */
const ADDED_PATH = /\/(chat\/completions|completions|responses|embeddings|messages)$/i
/** Nothing of theirs is served without it. */
const NEEDS_V1 = /^https:\/\/api\.(openai|anthropic)\.com$/i

const httpBaseUrl: Shape<string> = ruled(baseUrl, (url) => {
  const [added] = ADDED_PATH.exec(url) ?? []
  if (added !== undefined)
    return `expected the address before ${added}, which the gateway adds itself: leave it out`
  return NEEDS_V1.test(url)
    ? `expected ${url}/v1, as this provider answers nothing without it: paths such as /messages are added to it`
    : null
})

/** Those that the gateway writes itself, and those of the connection. */
const HEADER_NAME =
  '^(?!(?:host|connection|keep-alive|transfer-encoding|te|trailer|upgrade|expect|content-[a-z-]+|accept-encoding|proxy-[a-z-]+)$)' +
  "[a-z0-9!#$%&'*+.^_`|~-]{1,100}$"

type Packaged = 'package' | 'factory' | 'options'

const common = {
  id: required(word('an id'), 'what models call it'),
  apiKey: withDefault(orNull(secret()), null, '$NAME of its key; null: none is sent'),
  headers: withDefault(
    recordOf(HEADER_NAME, 'a header in lower case that is not of the connection', headerValue, 32),
    {},
    'more headers of each request',
  ),
}

function overHttp(protocol: Exclude<Protocol, 'ai-sdk'>, about: string): Shape<UpstreamConfig> {
  const shape = object<Omit<UpstreamConfig, Packaged>>({
    ...common,
    protocol: required(oneOf([protocol]), about),
    baseUrl: required(httpBaseUrl, 'what paths such as /chat/completions or /messages are added to'),
  })
  return mapped(shape, (given) => Object.freeze({ ...given, package: null, factory: null, options: {} }))
}

/** Names of npm: no path and no URL, so that nothing else can be loaded. */
const PACKAGE = '^(?:@[a-z0-9][a-z0-9._-]{0,99}/)?[a-z0-9][a-z0-9._-]{0,99}(?:/[a-z0-9][a-z0-9-]{0,99})*$'
const IDENTIFIER = '^(?!__proto__$)[A-Za-z_$][A-Za-z0-9_$]{0,99}$'

const aiSdk: Shape<UpstreamConfig> = object<UpstreamConfig>({
  ...common,
  protocol: required(oneOf(['ai-sdk']), 'models of the AI SDK, for every surface'),
  baseUrl: withDefault(
    either(baseUrl, oneOf(['']), 'a URL, or nothing'),
    '',
    "in place of the package's own",
  ),
  package: withDefault(
    orNull(textLike(PACKAGE, 'the name of an npm package, such as @ai-sdk/google')),
    null,
    'what is installed and makes it; null: it is given in code',
  ),
  factory: withDefault(
    orNull(textLike(IDENTIFIER, 'the name of a function, such as createVertex')),
    null,
    'which function of the package makes it; null: its only one that is called create...',
  ),
  options: withDefault(
    recordOf(IDENTIFIER, 'a name', either(headerValue, yesOrNo, 'a text, $NAME, true or false'), 32),
    {},
    'what that function is told besides: region, resourceName',
  ),
})

export const upstream: Shape<UpstreamConfig> = tagged<'protocol', UpstreamConfig>('protocol', {
  openai: overHttp('openai', 'what it speaks; openai for all that is compatible'),
  anthropic: overHttp('anthropic', 'messages'),
  'ai-sdk': aiSdk,
})
