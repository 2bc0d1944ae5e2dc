import type { Json } from '../../base/json.js'
import { ParetoBanditError } from '../../index.js'
import {
  type GivenReward,
  type LinkClaim,
  type LinkOptions,
  linkResponse,
  readFeedback,
  THUMBS_SCRIPT,
  thumbLinks,
} from '../../rewards/index.js'
import { refused } from '../completions/complete.js'
import type { House } from '../completions/house.js'
import { explanationFor } from '../completions/mask.js'
import { admit, mustStillBeIn, notesAway } from '../completions/order.js'
import { Refused } from '../completions/refused.js'
import { readJsonBody } from '../completions/request-body.js'
import { withKey } from '../completions/with-key.js'
import type { LinksConfig } from '../config/reward-config.js'
import { requestOf } from '../doors/web-door.js'
import type { ClientKey } from '../keys/keyring.js'
import { RequestError } from '../protocols/adapter.js'
import { ownerOf } from '../sessions/sessions.js'
import { FEEDBACK_ID, type KnownDecision } from './decisions.js'

const ERRORS = { errors: 'openai' } as const
/** Bodies of rewards are short. */
const BODY_BYTES_MAX = 64 * 1024
/** As above: its members are few. */
const BODY_MEMBERS_MAX = 10_000
const NO_TEACHER = 'rewards of requests of this key are not learned: give feedback with a key that teaches'

/** `POST /v1/feedback`. */
export function feedback(house: House, request: Request): Promise<Response> {
  return withKey(house, 'feedback', request, async (key, exchange) => {
    admit(house, exchange, key, 0)
    if (!key.teaches) throw new Refused(403, 'feedback_not_allowed', NO_TEACHER)
    const { json } = await readJsonBody(exchange, BODY_BYTES_MAX, BODY_MEMBERS_MAX)
    await mustStillBeIn(house, exchange, key)
    const given = givenIn(house, json, request.headers.get('idempotency-key'))
    exchange.record.decision = given.decision
    const { id: decision } = await mustBeOf(house, given.decision, key)
    exchange.record.decision = decision
    if (!given.counts) return { decision_id: decision, value: null, status: 'noted' }
    const outcome = await house.rewards.give({ ...given, decision })
    return { decision_id: decision, value: given.value, status: outcome }
  })
}

/** @throws RequestError, which a client may mend */
function givenIn({ deps: { live } }: House, json: Json, idempotencyKey: string | null): GivenReward {
  try {
    const { metrics } = live.current.rewards
    return readFeedback(json, { metrics, idempotencyKey })
  } catch (error) {
    throw error instanceof ParetoBanditError ? new RequestError(error.message) : error
  }
}

/** `GET /v1/decisions/:id`: why a request went where it went, what became of it, and links for people. */
export function decision(house: House, request: Request, asked: string): Promise<Response> {
  return withKey(house, 'route', request, async (key, exchange) => {
    admit(house, exchange, key, 0)
    const { id, known } = await mustBeOf(house, asked, key)
    exchange.record.decision = id
    const { links } = house.deps.live.current.rewards
    return {
      decision_id: id,
      explanation: explanationOf(house, id, key),
      request: known.record,
      links:
        links === null || !key.teaches
          ? null
          : await linksOf(
              house,
              id,
              links,
              links.baseUrl ?? new URL(request.url).origin + (house.deps.basePath ?? ''),
            ),
    }
  })
}

function explanationOf({ deps: { router, live } }: House, id: string, key: ClientKey): object | null {
  try {
    return explanationFor(key, live.current, router.explain(id, {}))
  } catch {
    // It failed, or has had all its feedback.
    return null
  }
}

function linksOf({ deps: { now } }: House, id: string, links: LinksConfig, baseUrl: string) {
  return thumbLinks(id, `${baseUrl}/f/`, signing(links), now())
}

function signing({ secret, ttlMs }: LinksConfig): LinkOptions {
  return { secret: secret.reveal(), ttlMs }
}

/** Clients have other ids at hand: of the answer (`chatcmpl-...`), and of the request. */
function unknownDecision(id: string): string {
  return `there is no such decision: expected what an answer to this key has in its header x-paretobandit-decision, or what its request had in ${FEEDBACK_ID}, got ${JSON.stringify(id.slice(0, 100))}`
}

/**
 * A decision of another's is like one that there is not, and so is one whose owner nobody knows any more.
 * @param asked its id, or what the key's owner calls it
 */
async function mustBeOf(
  house: House,
  asked: string,
  key: ClientKey,
): Promise<{ readonly id: string; readonly known: KnownDecision }> {
  const { decisions } = house
  const owner = ownerOf(key)
  try {
    const known = await decisions.of(asked)
    if (known?.owner === owner) return { id: asked, known }
    const id = await decisions.called(asked, owner)
    const called = id === null ? null : await decisions.of(id)
    if (id !== null && called?.owner === owner) return { id, known: called }
  } catch (error) {
    house.deps.onError(error, 'the record of a decision')
    throw notesAway()
  }
  throw new Refused(404, 'unknown_decision', unknownDecision(asked))
}

/** `GET /f/:token` asks, `POST /f/:token` takes it. */
export async function link(house: House, request: Request, token: string): Promise<Response> {
  const { live, now } = house.deps
  const { links } = live.current.rewards
  return linkResponse(request.method, token, links === null ? null : signing(links), now(), (claim) =>
    giveClaim(house, request, claim),
  )
}

/** @returns whether there is nothing to be sorry for */
async function giveClaim(house: House, request: Request, { decision, value }: LinkClaim): Promise<boolean> {
  const exchange = house.begin(requestOf(request), 'feedback')
  exchange.record.decision = decision
  try {
    // One person, one word: the other link takes nothing back once this has counted.
    const idempotencyKey = `link:${value}`
    await house.rewards.give({ decision, value, weight: 1, source: 'person', idempotencyKey })
  } catch (error) {
    return refused(house, ERRORS, exchange, error).status < 500
  }
  exchange.end(200, 'answered', null)
  return true
}

/** `GET /f/thumbs.js`: the script of pages that show thumbs. */
export function thumbsScript(): Response {
  return new Response(THUMBS_SCRIPT, {
    headers: {
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=3600',
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'cross-origin',
    },
  })
}
