import { reading } from '../../base/read-once.js'
import { uniqueId } from '../../base/unique-id.js'
import type { Router, Run } from '../../index.js'
import { checkIds, checkOptions, checkRecord, checkRouter, fieldOf, kindOf, refused } from '../given.js'
import { chatSurface } from './chat.js'
import { KeptResponses } from './kept-responses.js'
import { cannotBeRouted, type Members, replaced } from './replaced.js'
import { responsesSurface } from './responses.js'
import type { OpenAIClient, RoutedOptions } from './routed-options.js'
import { remember } from './routed-request.js'
import { type Helped, RoutedRequests } from './routed-requests.js'
import { callOf, type Surface } from './surface.js'

const SURFACES: readonly Surface[] = [chatSurface, responsesSurface]

/**
 * A client whose requests of model `auto` go to the model that the router chooses: `create`, `parse` and `stream` of `chat.completions`
 * and of `responses`, and `chat.completions.runTools`, whose requests share a model and a reward. Each request is booked by its usage;
 * where a model fails the next one is asked, in place of the client's own retries; `signal` breaks it off. Other methods that are asked
 * for `auto` throw INVALID_ARGUMENT, and send nothing. All else is the client's.
 * @param client of the package `openai`
 * @throws INVALID_ARGUMENT for no client or no router, or wrong options; UNKNOWN_OPTION; UNKNOWN_MODEL for ids in the options that the
 *   router does not have yet; requests: what `router.run` throws, and what the client does
 */
export function routed<Client extends OpenAIClient>(
  client: Client,
  router: Router<string>,
  options: RoutedOptions = {},
): Client {
  reading('client', () => checkClient(client, 'client'))
  reading('router', () => checkRouter(router))
  return routedBy(
    client,
    router,
    reading('options', () => readOptions(options, router)),
  )
}

/** The same of options that were checked: models may have gone since. */
function routedBy<Client extends OpenAIClient>(
  client: Client,
  router: Router<string>,
  options: RoutedOptions,
  kept: KeptResponses = new KeptResponses(),
): Client {
  const requests = reading('options', () => new RoutedRequests(client, router, options, kept))
  return replaced(client, requests, {
    ...membersOf(client, requests),
    withOptions: (...given) =>
      routedBy(callOf(client, ['withOptions'], ...given) as Client, router, options, kept),
  })
}

const OPTIONS = [
  'auto',
  'names',
  'clients',
  'capabilities',
  'run',
  'rewards',
  'session',
] as const satisfies readonly (keyof RoutedOptions)[]

/** @throws INVALID_ARGUMENT for what has neither chats nor responses */
function checkClient(client: unknown, field: string): void {
  const has = ({ path }: Surface) => {
    let at: unknown = client
    for (const name of [...path, 'create'])
      at = typeof at === 'object' && at !== null ? Reflect.get(at, name) : undefined
    return typeof at === 'function'
  }
  if (SURFACES.some(has)) return
  const got = typeof client === 'object' && client !== null ? 'one without its methods' : kindOf(client)
  throw refused(field, `expected a client of the package 'openai', got ${got}`)
}

/** @throws INVALID_ARGUMENT, UNKNOWN_OPTION, UNKNOWN_MODEL */
function readOptions(options: RoutedOptions, router: Router<string>): RoutedOptions {
  checkOptions(options, OPTIONS, 'options')
  const { auto, session } = options
  if (auto !== undefined && typeof auto !== 'string')
    throw refused('auto', `expected the name of a model, got ${kindOf(auto)}`)
  if (session !== undefined && typeof session !== 'function')
    throw refused('session', `expected a function, got ${kindOf(session)}`)
  for (const name of ['names', 'clients', 'run'] as const)
    if (options[name] !== undefined) checkRecord(options[name], name)
  for (const name of ['names', 'clients', 'capabilities'] as const) checkIds(router, options[name], name)
  for (const [id, name] of Object.entries(options.names ?? {}))
    if (typeof name !== 'string' || name === '')
      throw refused(fieldOf('names', id), `expected a text that is not empty, got ${kindOf(name)}`)
  for (const [id, client] of Object.entries(options.clients ?? {}))
    checkClient(client, fieldOf('clients', id))
  return options
}

/** Methods that are routed, by their paths. */
function membersOf(client: OpenAIClient, requests: RoutedRequests): Members {
  const members: Record<string, (...args: unknown[]) => unknown> = {}
  for (const surface of SURFACES) {
    const path = surface.path.join('.')
    members[`${path}.create`] = (body, more) => requests.create(surface, null, body, more as never)
    for (const name of [...surface.helpers, ...surface.loops])
      members[`${path}.${name}`] = (body, ...more) => help(client, requests, surface, name, body, more)
  }
  return members
}

/** Calls a helper of the client's own, with a client whose `create` is routed. */
function help(
  client: OpenAIClient,
  requests: RoutedRequests,
  surface: Surface,
  name: string,
  body: unknown,
  more: readonly unknown[],
): unknown {
  if (!requests.isFor(body)) return callOf(client, [...surface.path, name], body, ...more)
  const own = requests.sessionOf(body)
  let made: unknown
  const helped: Helped = {
    session: own ?? (surface.loops.includes(name) ? uniqueId() : undefined),
    answered: (run: Run<unknown>) => remember(made, run),
  }
  const path = surface.path.join('.')
  const owner = surface.path.reduce<object>((each, member) => Reflect.get(each, member), client)
  if (!('_client' in owner)) throw cannotBeRouted(`${path}.${name}`, requests.auto)
  const create = (asked: unknown, options?: unknown) =>
    requests.create(surface, helped, asked, options as never)
  const routing = replaced(client, requests, { [`${path}.create`]: create })
  made = callOf(withMembers(owner, { _client: routing, create }), [name], body, ...more)
  return made
}

/** The same part of the client, with these members: its methods find them there. */
function withMembers(owner: object, members: Readonly<Record<string, unknown>>): object {
  return new Proxy(owner, {
    get: (target, name, receiver) =>
      typeof name === 'string' && Object.hasOwn(members, name)
        ? members[name]
        : Reflect.get(target, name, receiver),
  })
}
