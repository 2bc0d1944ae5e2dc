import type { Json } from '../../base/json.js'
import { admin } from '../../gateway/config/key-shapes.js'
import { type Mistake, pathText } from '../../gateway/config/mistake.js'
import { upstream } from '../../gateway/config/upstream-shape.js'
import { CommandError } from '../command-error.js'
import { type Environment, isSet, keyNameIn, type StartProvider } from './providers.js'

/** Where a first config listens. */
export const LISTEN = { host: '127.0.0.1', port: 8787 }
/** Names of this machine, where the gateway would ask itself. */
const HERE = /^(localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\]|\[::\])$/

/** The variable that a config has the admin key from. */
export const ADMIN_KEY = 'PARETOBANDIT_ADMIN_KEY'

/**
 * An entry of `upstreams`. No value of a variable is in it but an address, and that only where it is one without a user and a query.
 * @param alone whether all models are this provider's: then its own protocol does, without a package
 * @param secrets whether its key has to be there, and to be one that a header takes
 * @throws BAD_ARGUMENT
 */
export function upstreamTree(
  provider: StartProvider,
  env: Environment,
  { alone, secrets }: { readonly alone: boolean; readonly secrets: boolean },
): Json {
  const found = keyNameIn(provider, env)
  const keyName = found ?? provider.keyNames[0]
  if (secrets && found === undefined)
    throw new CommandError(
      'BAD_ARGUMENT',
      `--model ${provider.id}/...: expected its key in the environment: export ${keyName}=..., or give --no-secrets to write the config without it`,
    )
  const packaged = provider.package !== null && !(alone && provider.protocol === 'anthropic')
  const address = addressIn(provider, env)
  const tree = {
    id: provider.id,
    protocol: packaged ? 'ai-sdk' : provider.protocol,
    ...(packaged ? { package: provider.package } : {}),
    ...(address !== null ? { baseUrl: address } : packaged ? {} : { baseUrl: provider.baseUrl }),
    apiKey: `$${keyName}`,
  }
  const mistakes: Mistake[] = []
  upstream.read(tree, [], { env: secrets ? env : null, mistakes })
  refuse(
    mistakes.map(({ path, message }) =>
      path[0] === 'baseUrl' ? badAddress(provider) : withPath(path, message),
    ),
  )
  return tree
}

/** `admin` of a config; null: the environment has no key for it. @throws BAD_ARGUMENT for one that cannot be it */
export function adminTree(env: Environment): Json | null {
  if (!isSet(env[ADMIN_KEY])) return null
  const tree = { key: `$${ADMIN_KEY}` }
  const mistakes: Mistake[] = []
  admin.read(tree, ['admin'], { env, mistakes })
  refuse(mistakes.map(({ path, message }) => withPath(path, message)))
  return tree
}

/** As the provider's own client reads it; of Anthropic's the address is without the `/v1` that stands here. */
function addressIn(provider: StartProvider, env: Environment): string | null {
  const { addressName, id } = provider
  const given = addressName === null ? undefined : env[addressName]
  if (!isSet(given)) return null
  const plain = given.trim().replace(/\/+$/, '')
  // An address may hold a password: none is repeated that the config would refuse.
  if (!URL.canParse(plain)) throw new CommandError('BAD_ARGUMENT', badAddress(provider))
  const { hostname, port } = new URL(plain)
  if (HERE.test(hostname) && port === String(LISTEN.port))
    throw new CommandError(
      'BAD_ARGUMENT',
      `${addressName}: expected the address of the provider, got that of the gateway itself (port ${port}), which is for its clients: unset ${addressName}`,
    )
  return id === 'anthropic' && !plain.endsWith('/v1') ? `${plain}/v1` : plain
}

function badAddress({ addressName, baseUrl, id }: StartProvider): string {
  // Anthropic's own clients add the /v1 themselves.
  const usual = id === 'anthropic' ? baseUrl.replace(/\/v1$/, '') : baseUrl
  return `${addressName}: expected an http or https address without a user, a query, or what the gateway adds (/chat/completions, /messages), such as ${usual}: set it to one, or unset it`
}

function withPath(path: Mistake['path'], message: string): string {
  return `${pathText(path)}: ${message}`
}

/** @throws BAD_ARGUMENT */
function refuse(messages: readonly string[]): void {
  if (messages.length > 0) throw new CommandError('BAD_ARGUMENT', messages.join('; '))
}
