import { refused } from '../completions/complete.js'
import type { House } from '../completions/house.js'
import { admit, notesAway } from '../completions/order.js'
import { Refused } from '../completions/refused.js'
import { readJsonBody } from '../completions/request-body.js'
import { withKey } from '../completions/with-key.js'
import type { LinksConfig } from '../config/config.js'
import type { ClientKey } from '../keys/keyring.js'
import { ownerOf } from '../sessions/sessions.js'
import type { KnownDecision } from './decisions.js'
import { readReward } from './given-reward.js'
import { linkPage, linkToken, readLink } from './links.js'

const ERRORS = { errors: 'openai' } as const
/** Bodies of rewards are short. */
const BODY_BYTES_MAX = 64 * 1024

/** `POST /v1/feedback`. */
export function feedback(house: House, request: Request): Promise<Response> {
  return withKey(house, 'feedback', request, async (key, exchange) => {
    admit(house, exchange, key, 0)
    const { json } = await readJsonBody(request, BODY_BYTES_MAX)
    const { rewards } = house.deps.live.current
    const given = readReward(json, rewards, request.headers.get('idempotency-key'))
    exchange.record.decision = given.decision
    await mustBeOf(house, given.decision, key)
    if (!given.counts) return { decision_id: given.decision, value: null, status: 'noted' }
    const outcome = await house.rewards.give(given)
    return { decision_id: given.decision, value: given.value, status: outcome }
  })
}

/** `GET /v1/decisions/:id`: why a request went where it went, what became of it, and links for people. */
export function decision(house: House, request: Request, id: string): Promise<Response> {
  return withKey(house, 'route', request, async (key, exchange) => {
    admit(house, exchange, key, 0)
    const known = await mustBeOf(house, id, key)
    exchange.record.decision = id
    const { links } = house.deps.live.current.rewards
    return {
      decision_id: id,
      explanation: explanationOf(house, id),
      request: known.record,
      links:
        links === null ? null : await linksOf(house, id, links, links.baseUrl ?? new URL(request.url).origin),
    }
  })
}

function explanationOf({ deps: { router } }: House, id: string): object | null {
  try {
    return router.explain(id)
  } catch {
    // It failed, or has had all its feedback.
    return null
  }
}

async function linksOf({ deps: { now } }: House, id: string, links: LinksConfig, origin: string) {
  const of = async (value: 0 | 1) => `${origin}/f/${await linkToken({ decision: id, value }, links, now())}`
  return { up: await of(1), down: await of(0) }
}

/** A decision of another's is like one that there is not, and so is one whose owner nobody knows any more. */
async function mustBeOf(house: House, id: string, key: ClientKey): Promise<KnownDecision> {
  let known: KnownDecision | null
  try {
    known = await house.decisions.of(id)
  } catch (error) {
    house.deps.onError(error)
    throw notesAway()
  }
  if (known === null || known.owner !== ownerOf(key))
    throw new Refused(404, 'unknown_decision', 'there is no such decision')
  return known
}

const GONE = 'This link is not valid, or has expired.'

/** `GET /f/:token` asks, `POST /f/:token` takes it: programs that open every link of a mail vote for nothing. */
export async function link(house: House, request: Request, token: string): Promise<Response> {
  const { live, now } = house.deps
  const { links } = live.current.rewards
  const claim = links === null ? null : await readLink(token, links, now())
  if (claim === null) return linkPage(GONE, null, 404)
  const what = claim.value === 1 ? 'a good answer' : 'a bad answer'
  if (request.method !== 'POST') return linkPage(`Was it ${what}?`, `Yes, ${what}`)
  const exchange = house.begin(request, 'feedback')
  exchange.record.decision = claim.decision
  try {
    const { decision, value } = claim
    // One person, one word: the other link takes nothing back once this has counted.
    await house.rewards.give({
      decision,
      value,
      weight: 1,
      source: 'person',
      idempotencyKey: `link:${value}`,
      counts: true,
    })
  } catch (error) {
    const { status } = refused(house, ERRORS, exchange, error)
    return status >= 500 ? linkPage('Something went wrong.', null, 500) : linkPage('Thank you.', null)
  }
  exchange.end(200, 'answered', null)
  return linkPage('Thank you.', null)
}
