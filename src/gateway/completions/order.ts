import { outlineOf } from '../../rewards/parts.js'
import type { GatewayConfig, ModelConfig } from '../config/config.js'
import { givenName } from '../feedback/decisions.js'
import { JUDGE_KEY } from '../judge/judge-model.js'
import { type ClientKey, keyTextOf } from '../keys/keyring.js'
import type { Refusal } from '../keys/refusal.js'
import type { Surface } from '../logs/request-record.js'
import type { Asked, ProtocolAdapter } from '../protocols/adapter.js'
import { DEARER_ANSWERS } from '../protocols/dearer.js'
import { KNOWN_MEMBERS } from '../protocols/known-members.js'
import { type PromptMessage, routedPrompt } from '../protocols/prompt.js'
import { type Answerer, ownerOf, type Session, sessionOf } from '../sessions/sessions.js'
import { meantBy } from './aliases.js'
import type { Exchange } from './exchange.js'
import type { House } from './house.js'
import { modelsFor } from './mask.js'
import { type OrderSize, orderSize, promptTokens } from './order-size.js'
import { Refused } from './refused.js'
import { type RequestBody, readJsonBody } from './request-body.js'

/** A request that was let in, and all that is known of it before a model is chosen. */
export interface Order {
  /** In force when it came. */
  readonly config: GatewayConfig
  readonly key: ClientKey
  readonly body: RequestBody
  readonly asked: Asked
  readonly prompt: readonly PromptMessage[]
  readonly size: OrderSize
  /** The models that can serve it, at least one. */
  readonly models: readonly ModelConfig[]
  readonly session: Session
  /** What its client calls it, for feedback; null: nothing. */
  readonly name: string | null
  /** The same for the same prompt of the same owner; null: nobody looks for repeats. */
  readonly repeatKey: string | null
}

/** Tokens of an answer whose length nobody limits, for limits by the minute. */
export const OUTPUT_TOKENS_EXPECTED = 300
/** While what processes share is away, clients may ask again so soon. */
const AWAY_RETRY_MS = 1000

/**
 * @param read its body, where that has been read
 * @throws (the promise is rejected with) Refused, RequestError
 */
export async function readOrder(
  house: House,
  adapter: ProtocolAdapter,
  exchange: Exchange,
  key: ClientKey,
  read: RequestBody | null = null,
): Promise<Order> {
  let config = house.deps.live.current
  const { record, request } = exchange
  record.key = { id: key.id, name: key.name }
  record.tenant = key.tenant
  const body = read ?? (await arrivingBody(house, exchange, key))
  const { name, said } = counted(house, key, () => ({
    name: givenName(request.headers),
    said: adapter.read(body.json),
  }))
  if (house.newNames.isWorthALook(said.model, config)) config = await caughtUp(house)
  const model = meantBy(said.model, config)
  const asked = model === said.model ? said : { ...said, model }
  record.requestedModel = said.model.slice(0, 256)
  record.isStreamed = asked.isStreamed
  const tokens = promptTokens(asked, config)
  const { inputTokens } = tokens
  const { maxOutputTokens, predictedTokens, answers } = asked
  const outputTokens = ((maxOutputTokens ?? OUTPUT_TOKENS_EXPECTED) + predictedTokens) * answers
  admit(house, exchange, key, inputTokens + outputTokens)
  const region = request.headers.get('x-paretobandit-region')
  const able = modelsFor({
    config,
    adapter,
    body: body.json,
    asked,
    said: said.model,
    inputTokens,
    key,
    region,
  })
  const session = sessionOf(request.headers, asked, key)
  record.session = session.shown
  // Without a lock nobody need know.
  const before =
    asked.lock === null || able.length === 1
      ? null
      : await answererBefore(house, session, config.sessions.ttlMs)
  const models = lockedModels(able, said, before)
  const prompt = routedPrompt(asked.prompt)
  if (config.logging.content)
    record.content = { prompt: asked.prompt.map(({ role, content }) => `${role}: ${content}`).join('\n') }
  const { enabled, repeatMs } = config.rewards.validators
  const isWatched = enabled && repeatMs > 0 && key.teaches
  return {
    config,
    key,
    body,
    asked,
    prompt,
    size: orderSize(adapter, body.json, asked, tokens, models, config),
    models,
    session,
    name,
    repeatKey: isWatched ? repeatKeyOf(key, body) : null,
  }
}

function repeatKeyOf(key: ClientKey, { json }: RequestBody): string {
  return `${ownerOf(key)}\n${outlineOf(json)}`
}

/**
 * A conversation goes on with its model, and where that is gone or cannot serve the request with one of the same account, which has what the
 * provider keeps. Others could take up open tool calls, at the cost of quality, and pass over thinking that they have not signed.
 */
function lockedModels(
  able: readonly ModelConfig[],
  { lock, model: name }: Asked,
  before: Answerer | null,
): readonly ModelConfig[] {
  if (lock === null || able.length === 1) return able
  const own = able.filter(({ id }) => id === before?.model)
  if (own.length > 0) return own
  const beside = able.filter(({ upstream }) => upstream === before?.upstream)
  if (beside.length > 0) return beside
  if (lock !== 'state of the provider') return able
  const why =
    before === null
      ? `nobody here knows its model: name the model in place of ${JSON.stringify(name)}`
      : `its model, ${JSON.stringify(before.model)}, is gone or cannot serve this request`
  const message = `this conversation goes on with its own model alone (${lock}), and ${why}`
  throw new Refused(400, 'no_model_can_serve', message)
}

/**
 * What the operator lets no client say.
 * @param isCount whether no answer is asked for: what is dearer in an answer alone costs nothing
 * @throws Refused for what may make a request dearer than is set aside for it, and for what nobody here knows where that is asked
 */
export function mustBeAllowed({ config, asked, body }: Order, surface: Surface, isCount = false): void {
  const { allow, unknownMembers } = config.requests
  const dearer = asked.dearer.find((name) => !allow.includes(name) && !(isCount && DEARER_ANSWERS.test(name)))
  if (dearer !== undefined)
    throw new Refused(
      400,
      'not_allowed',
      `${dearer}: it may make a request dearer than is set aside for it, and the operator has not allowed it (requests.allow)`,
    )
  for (const scheme of asked.size.accountSchemes)
    if (!allow.includes(`files.${scheme}`))
      throw new Refused(
        400,
        'not_allowed',
        `files.${scheme}: expected an address of https, or the file itself; what stands at ${scheme}:// a provider may read with the rights of the operator's account, and the operator has not allowed it (requests.allow)`,
      )
  const known = unknownMembers === 'pass' ? undefined : KNOWN_MEMBERS[surface]
  if (known === undefined) return
  const unknown = Object.keys(body.json).find((name) => !known.has(name) && !allow.includes(name))
  if (unknown !== undefined)
    throw new Refused(
      400,
      'not_allowed',
      `${unknown.slice(0, 60)}: nobody here knows it, and the operator lets nothing unknown through (requests.unknownMembers)`,
    )
}

/** The config with what other processes have added a moment ago. */
export async function caughtUp({ deps: { live, catchUp } }: House): Promise<GatewayConfig> {
  await catchUp()
  return live.current
}

async function answererBefore(house: House, session: Session, ttlMs: number): Promise<Answerer | null> {
  try {
    return await house.sessions.answererOf(session, ttlMs)
  } catch (error) {
    house.deps.onError(error, 'which model a conversation has')
    throw notesAway()
  }
}

/** What all processes know together cannot be asked for. */
export function notesAway(): Refused {
  const message = 'what is known of this conversation or decision cannot be read at the moment'
  return new Refused(503, 'ledger_unavailable', message, AWAY_RETRY_MS)
}

/**
 * The body of a request that has not been admitted: while it comes it is one of those that its key has under way.
 * @throws (the promise is rejected with) Refused, RequestError
 */
export async function arrivingBody(house: House, exchange: Exchange, key: ClientKey): Promise<RequestBody> {
  const { rates, live } = house.deps
  const { limits } = live.current
  const arrived = rates.arrive(key, limits)
  if (!arrived.ok) throw refusedAs(arrived.refusal)
  let body: RequestBody
  try {
    body = await readJsonBody(exchange, limits.bodyBytesMax, limits.bodyMembersMax, (bytes) => {
      const full = arrived.take(bytes)
      if (full !== null) throw refusedAs(full.refusal)
    })
  } catch (error) {
    rates.countUnread(key)
    throw error
  } finally {
    arrived.end()
  }
  await mustStillBeIn(house, exchange, key)
  return body
}

/**
 * A body may come for as long as `timeouts.requestMs`, and its key may be revoked meanwhile.
 * @throws (the promise is rejected with) Refused
 */
export async function mustStillBeIn(house: House, { request }: Exchange, key: ClientKey): Promise<void> {
  if (key.id === JUDGE_KEY.id) return
  const asked = house.deps.keyring.authenticate(keyTextOf(request.headers))
  const authentication = asked instanceof Promise ? await asked : asked
  if (!authentication.ok) throw refusedAs(authentication.refusal)
}

/** What a request asks for. One that asks for nothing that there is counts among those of its key, as one that is admitted does. */
function counted<T>(house: House, key: ClientKey, read: () => T): T {
  try {
    return read()
  } catch (error) {
    house.deps.rates.countUnread(key)
    throw error
  }
}

function refusedAs({ status, code, message, retryAfterMs }: Refusal): Refused {
  return new Refused(status, code, message, retryAfterMs)
}

/** @throws Refused */
export function admit(house: House, exchange: Exchange, key: ClientKey, tokens: number): void {
  const { rates, live } = house.deps
  const admitted = rates.admit(key, tokens, live.current.limits)
  if (!admitted.ok) throw refusedAs(admitted.refusal)
  exchange.admission = admitted.admission
}
