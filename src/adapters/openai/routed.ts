import type { ContextInput, Router, Run, RunOptions } from '../../index.js'
import { isRecord, type Json } from '../json.js'
import { chatSurface } from './chat.js'
import { responsesSurface } from './responses.js'
import { shownStream } from './shown-stream.js'
import type { Surface } from './surface.js'

/** A client of the package `openai`, or one that speaks as it does: whatever has these is routed, all else stays. */
type OpenAIClient = object

/** How a client is routed. */
export interface RoutedOptions {
  /** The `model` of a request that the router is to choose. Others go to the client as they are. Default `auto`. */
  readonly auto?: string | undefined
  /** What a model is called at its provider, by its id in the router. Default: its id. */
  readonly names?: Readonly<Record<string, string>> | undefined
  /** Clients of models that are not this client's, by their ids in the router. */
  readonly clients?: Readonly<Record<string, OpenAIClient>> | undefined
  /** Options of every request: a tenant, limits, `triesMax`. */
  readonly run?: RunOptions | undefined
  /** What the conversation is called that a request is a step of. Default: `metadata.session_id`, if it is a text. */
  readonly session?: ((body: Readonly<Record<string, unknown>>) => string | undefined) | undefined
}

const AUTO = 'auto'
const runs = new WeakMap<object, Run<unknown>>()

/**
 * A client whose requests of model `auto` go to the model that the router chooses: `chat.completions.create` and
 * `responses.create`, streamed or not. Each is booked by its usage; where a model fails the next one is asked, in place of the client's
 * own retries; `signal` breaks it off. These two return plain promises, without `withResponse`. All else is the client's.
 * @param client of the package `openai`
 * @throws what `router.run` throws, and what the client does
 */
export function routed<Client extends OpenAIClient>(
  client: Client,
  router: Router<string>,
  options: RoutedOptions = {},
): Client {
  const chat = creating(client, router, options, chatSurface)
  const responses = creating(client, router, options, responsesSurface)
  return replaced(client, {
    chat: () =>
      replaced(memberOf(client, 'chat'), {
        completions: () =>
          replaced(memberOf(memberOf(client, 'chat'), 'completions'), { create: () => chat }),
      }),
    responses: () => replaced(memberOf(client, 'responses'), { create: () => responses }),
  })
}

/** The run behind an answer or a stream of a routed client: its decisions, and where its reward goes. */
export function runOf(answer: object): Run<unknown> | undefined {
  return runs.get(answer)
}

function creating(
  client: OpenAIClient,
  router: Router<string>,
  options: RoutedOptions,
  surface: Surface,
): (body: Json, more?: Json) => unknown {
  const { auto = AUTO, names = {}, clients = {}, run = {}, session = sessionOf } = options
  return (body, more = {}) => {
    if (!isRecord(body) || body.model !== auto) return surface.create(client, body, more)
    const { signal } = more
    const asked: RunOptions = {
      ...run,
      ...surface.limits(body),
      session: session(body),
      ...(signal instanceof AbortSignal ? { signal } : {}),
    }
    return start(router, surface, body, asked, (model) => {
      const sent = surface.sent(body, Object.hasOwn(names, model) ? names[model] : model)
      const to = Object.hasOwn(clients, model) ? clients[model] : client
      return surface.create(to, sent, { ...more, maxRetries: 0 })
    })
  }
}

async function start(
  router: Router<string>,
  surface: Surface,
  body: Json,
  asked: RunOptions,
  call: (model: string) => unknown,
): Promise<unknown> {
  const run = await router.run<unknown>(surface.prompt(body) as ContextInput, asked, ({ model }) =>
    call(model),
  )
  const { answer } = run
  const isStream = typeof answer === 'object' && answer !== null && Symbol.asyncIterator in answer
  const shown = isStream
    ? shownStream(answer as AsyncIterable<unknown>, (event) => surface.isShown(event, body))
    : answer
  if (typeof shown === 'object' && shown !== null) runs.set(shown, run)
  return shown
}

function sessionOf({ metadata }: Json): string | undefined {
  return isRecord(metadata) && typeof metadata.session_id === 'string'
    ? metadata.session_id || undefined
    : undefined
}

function memberOf(value: object, name: string): object {
  const found: unknown = Reflect.get(value, name)
  return typeof found === 'object' && found !== null ? found : {}
}

/** The same object with other members in some places. */
function replaced<T extends object>(value: T, members: Readonly<Record<string, () => unknown>>): T {
  return new Proxy(value, {
    get(target, name) {
      if (typeof name === 'string' && Object.hasOwn(members, name)) return members[name]()
      const found: unknown = Reflect.get(target, name, target)
      return typeof found === 'function' ? found.bind(target) : found
    },
  })
}
