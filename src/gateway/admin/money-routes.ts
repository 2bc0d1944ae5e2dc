import { type Context, Hono } from 'hono'
import { idempotencyKeyIn } from '../../rewards/parts.js'
import { object, orNull, required, withDefault } from '../config/compound-shapes.js'
import { caps as capsShape, tenantBudget, tenant as tenantShape } from '../config/engine-shapes.js'
import { farBudgetOfAdmin } from '../config/far-budget.js'
import { show } from '../config/mistake.js'
import { JUDGE_TENANT, tenantOptions } from '../config/router-options.js'
import { numberIn, text, yesOrNo } from '../config/scalar-shapes.js'
import type { Shape } from '../config/shape.js'
import { listKeys } from '../keys/stored-key.js'
import { Adjustments } from './adjustments.js'
import { bodyAs, inRecords } from './answers.js'
import { type AdminDeps, isDurable } from './deps.js'
import { type AdminError, asked, refused } from './request-error.js'

const USD_MAX = 1e12
const IN_BODY = 'idempotency_key'
const IN_HEADER = 'idempotency-key'
const budgetShape = orNull(tenantBudget)
const anything: Shape<unknown> = { schema: {}, read: (value) => value }
const adjustment = object<{ usd: number; tenant: string | null; idempotency_key: unknown }>({
  usd: required(numberIn(-USD_MAX, USD_MAX), 'a credit; negative: a debit'),
  tenant: withDefault(orNull(text()), null, 'whose account; null: that of all'),
  idempotency_key: withDefault(anything, null, 'sent again with it, it is booked once'),
})

const correction = object<{ decision: string; costUsd: number; force: boolean }>({
  decision: required(text(), 'which request'),
  costUsd: required(numberIn(0, USD_MAX), 'what it cost'),
  force: withDefault(yesOrNo, false, 'whether it is taken although no request should cost as much'),
})

/**
 * `GET /budget`, `PUT /budget`, `PUT /caps`, `POST /adjustments`, `POST /corrections`, `GET /tenants`, `POST /tenants`, `GET /tenants/:id`,
 * `PUT /tenants/:id/budget`, `PUT /tenants/:id/caps`, `DELETE /tenants/:id`.
 */
export function moneyRoutes(deps: AdminDeps): Hono {
  const { live, router, records, onChange, onDoubt } = deps
  const answer = async (context: Context, what: string, body: object, status: 200 | 201 = 200) => {
    onChange(what)
    return context.json({ ...body, durable: await isDurable(deps) }, status)
  }
  /** What has no price is not held by any limit. @param path where the request says one; null: it says none */
  const checkPriced = (path: string | null): void => {
    const unpriced = live.current.models.filter(({ prices, enabled }) => prices === null && enabled)
    if (path === null || unpriced.length === 0) return
    const ids = unpriced.map(({ id }) => id).join(', ')
    const message = `expected no limit while models have no prices, as it would not hold them: ${ids}`
    throw refused(409, 'unpriced_models', path, message)
  }
  const account = (tenant: string | null) => {
    const stats = tenant === null ? router.stats().account : router.tenantStats(tenant)
    return { tenant, account: stats }
  }
  /** What is set all the same, and most likely is a mistake: in the answer, and in the log. */
  const doubts = (path: string, usdPerRequest: number | undefined, tenant: string | null) => {
    const capsAt =
      tenant === null ? 'PUT /admin/caps' : `PUT /admin/tenants/${encodeURIComponent(tenant)}/caps`
    const warnings = farBudgetOfAdmin(path, usdPerRequest, capsAt, live.current.models)
    const whose = tenant === null ? 'budget' : `tenant ${tenant}`
    for (const text of warnings) onDoubt(`${whose}: ${text}`)
    return warnings.length === 0 ? {} : { warnings }
  }
  const adjustments = new Adjustments(deps)
  return new Hono()
    .get('/budget', (context) => context.json(account(null)))
    .put('/budget', async (context) => {
      const budget = await bodyAs(context, budgetShape)
      checkPriced(budget === null ? null : 'usdPerRequest')
      asked({ budget: 'body', caps: 'body' }, () => router.setBudget(budget))
      const warned = doubts('usdPerRequest', budget?.usdPerRequest, null)
      return answer(context, `budget: ${usdText(budget?.usdPerRequest)}`, { ...account(null), ...warned })
    })
    .put('/caps', async (context) => {
      const caps = await bodyAs(context, capsShape)
      checkPriced(caps.length > 0 ? 'body' : null)
      asked({ caps: 'body' }, () => router.setCaps(caps))
      return answer(context, `caps: ${caps.length}`, account(null))
    })
    .post('/adjustments', async (context) => {
      const { idempotency_key, usd, tenant } = await bodyAs(context, adjustment)
      const header = context.req.header('idempotency-key')
      const words = { usd: 'usd', 'options.tenant': 'tenant', [IN_BODY]: IN_BODY, [IN_HEADER]: IN_HEADER }
      const key = asked(
        words,
        () => idempotencyKeyIn(IN_BODY, idempotency_key) ?? idempotencyKeyIn(IN_HEADER, header),
      )
      const { status, kept } = await adjustments
        .give({ usd, tenant }, key)
        .catch((error: unknown) => asked(words, () => thrown(error)))
      if (status === 'taken') onChange(`account ${tenant ?? 'of all'}: adjusted by ${usdText(usd)}`)
      return context.json({ ...account(tenant), status, durable: await isDurable(deps, 0, kept) })
    })
    .post('/corrections', async (context) => {
      const { decision, costUsd, force } = await bodyAs(context, correction)
      const mostUsd = asked({ id: 'decision' }, () => router.plausibleUsd(decision))
      if (costUsd > mostUsd && !force) throw implausible(mostUsd, costUsd)
      asked({ id: 'decision', 'bill.costUsd': 'costUsd' }, () => router.correct(decision, { costUsd }))
      return answer(context, `bill of ${decision}: ${usdText(costUsd)}`, account(null))
    })
    .get('/tenants', (context) => context.json({ tenants: router.tenants().map(account) }))
    .post('/tenants', async (context) => {
      const tenant = await bodyAs(context, tenantShape)
      checkPriced(tenant.budget !== null ? 'budget' : tenant.caps.length > 0 ? 'caps' : null)
      asked({ tenant: 'body' }, () => router.addTenant(tenantOptions(tenant)))
      const warned = doubts('budget.usdPerRequest', tenant.budget?.usdPerRequest, tenant.id)
      return answer(context, `tenant ${tenant.id}: added`, { ...account(tenant.id), ...warned }, 201)
    })
    .get('/tenants/:id', (context) =>
      context.json(asked({ id: ':id' }, () => account(context.req.param('id')))),
    )
    .put('/tenants/:id/budget', async (context) => {
      const tenant = context.req.param('id')
      const budget = await bodyAs(context, budgetShape)
      checkPriced(budget === null ? null : 'usdPerRequest')
      asked({ budget: 'body', 'options.tenant': ':id' }, () => router.setBudget(budget, { tenant }))
      const warned = doubts('usdPerRequest', budget?.usdPerRequest, tenant)
      const what = `tenant ${tenant}: budget ${usdText(budget?.usdPerRequest)}`
      return answer(context, what, { ...account(tenant), ...warned })
    })
    .put('/tenants/:id/caps', async (context) => {
      const tenant = context.req.param('id')
      const caps = await bodyAs(context, capsShape)
      checkPriced(caps.length > 0 ? 'body' : null)
      asked({ caps: 'body', 'options.tenant': ':id' }, () => router.setCaps(caps, { tenant }))
      return answer(context, `tenant ${tenant}: ${caps.length} caps`, account(tenant))
    })
    .delete('/tenants/:id', async (context) => {
      const tenant = context.req.param('id')
      const inUse = (message: string) => refused(409, 'tenant_in_use', ':id', message)
      const key = live.current.keys.find((each) => each.tenant === tenant)
      if (key !== undefined)
        throw inUse(`key ${show(key.name)} of the config is of this tenant: take it out first`)
      if (tenant === JUDGE_TENANT && live.current.rewards.judge !== null)
        throw inUse('the judge of the config pays with this tenant: take it out first')
      const stored = (await inRecords(listKeys(records))).keys.find(
        (each) => each.tenant === tenant && each.revokedAt === null,
      )
      if (stored !== undefined)
        throw inUse(`key ${stored.id} (${show(stored.name)}) is of this tenant: revoke it first`)
      asked({ id: ':id' }, () => router.removeTenant(tenant))
      return answer(context, `tenant ${tenant}: removed`, { tenant })
    })
}

function implausible(mostUsd: number, costUsd: number): AdminError {
  const most = Number(mostUsd.toPrecision(4))
  const message = `expected at most ${most}, as this request can hardly have cost more, got ${costUsd}; if it has, say force: true`
  return refused(400, 'implausible_bill', 'costUsd', message)
}

function thrown(error: unknown): never {
  throw error
}

function usdText(usd: number | undefined): string {
  return usd === undefined ? 'none' : `$${usd}`
}
