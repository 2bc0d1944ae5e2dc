import type { Decision, Router } from '../../src/index.js'
import type { Feedback, Form, Json, Recording, Step } from './format.js'
import type { Opened } from './open.js'
import { plain } from './plain.js'

type Opener = (purpose: 'look' | 'go on') => Promise<Opened>

/**
 * All that a router tells of its state, and what it then does: with feedback for its requests, and with the next ones.
 * Each of these begins with the form opened again.
 */
export async function observe(
  opener: Opener,
  { tenants }: Recording,
  { requests, steps: count }: Form,
  steps: readonly Step[],
  recorded: Json,
): Promise<{ readonly opening: Json; readonly state: Json }> {
  const seen = await using(opener, 'look', ({ router, opening }) => ({
    opening,
    now: look(router, requests, tenants),
  }))
  const taught = await using(opener, 'look', ({ router }) =>
    teachLate(router, requests, tenants, answersIn(recorded, 'lateFeedback')),
  )
  const failed = await using(opener, 'look', ({ router }) =>
    failLate(router, requests, tenants, answersIn(recorded, 'lateFailures')),
  )
  const next = await using(opener, 'go on', (opened) => goOn(opened, tenants, steps.slice(0, count)))
  const state = { ...seen.now, lateFeedback: taught, lateFailures: failed, next }
  return { opening: plain(seen.opening), state: plain(state) }
}

async function using<T>(opener: Opener, purpose: 'look' | 'go on', use: (opened: Opened) => T): Promise<T> {
  const opened = await opener(purpose)
  try {
    return use(opened)
  } finally {
    await opened.close()
  }
}

function look(router: Router, requests: readonly string[], tenants: readonly string[]) {
  const explained = Object.fromEntries(
    requests.map((id) => [id, outcome(() => router.explain(id).chosen)] as const),
  )
  const latest = requests.filter((id) => !explained[id].startsWith('throws ')).slice(-2)
  return {
    ...totals(router, tenants),
    requests: explained,
    explanations: latest.map((id) => router.explain(id)),
  }
}

/** What it has counted and learned. Its journal and kernel are of the process that has opened it. */
function totals(router: Router, tenants: readonly string[]) {
  const { journal: _, kernel: __, ...stats } = router.stats()
  return {
    stats,
    tenants: Object.fromEntries(tenants.map((id) => [id, attempt(() => router.tenantStats(id))])),
    arms: Object.fromEntries(stats.models.map(({ id }) => [id, router.inspectArm(id)])),
  }
}

/** A reward and a settlement for each request: taken, or refused for which reason, and what is learned of them. */
function teachLate(
  router: Router,
  requests: readonly string[],
  tenants: readonly string[],
  before: ReadonlyMap<string, Json>,
) {
  const answers = requests.map((id, i) => {
    const reward = outcome(() => router.reward(id, ((i * 7) % 11) / 11) && 'taken')
    const settlement = { costUsd: (1 + (i % 5)) / 2000, latencyMs: 300 + 40 * (i % 17) }
    const { settle: refusal } = (before.get(id) ?? {}) as { readonly settle?: Json }
    const settle = refusedThen(refusal) ?? outcome(() => router.settle(id, settlement) && 'taken')
    return [id, { reward, settle }] as const
  })
  return { answers: Object.fromEntries(answers), ...totals(router, tenants) }
}

function failLate(
  router: Router,
  requests: readonly string[],
  tenants: readonly string[],
  before: ReadonlyMap<string, Json>,
) {
  const answers = requests.map((id, i) => {
    const fail =
      refusedThen(before.get(id)) ??
      outcome(() => router.fail(id, i % 2 === 0 ? undefined : { costUsd: 1e-4 }) && 'taken')
    return [id, fail] as const
  })
  return { answers: Object.fromEntries(answers), stats: totals(router, tenants).stats }
}

/** What was answered then, by request. */
function answersIn(state: Json, part: string): ReadonlyMap<string, Json> {
  if (state === null) return new Map()
  const { answers } = (
    state as Readonly<Record<string, { readonly answers: Readonly<Record<string, Json>> }>>
  )[part]
  return new Map(Object.entries(answers))
}

/** Bills that came too late for release 0.1.0 are booked since; what becomes of them is tested with late bills. */
function refusedThen(answer: Json | undefined): string | null {
  const isLate = /^throws (?:REQUEST_FAILED|REQUEST_CLOSED|MODEL_REMOVED)$/.test(String(answer))
  return isLate ? String(answer) : null
}

function goOn({ router, clock, ownName }: Opened, tenants: readonly string[], steps: readonly Step[]) {
  const ids: (string | null)[] = []
  const taken = steps.map(({ advanceMs, input, options, feedback }) => {
    clock.now += advanceMs
    const decision = attempt(() => router.route(input, options))
    ids.push(typeof decision === 'string' ? null : decision.id)
    return { decision: named(decision, ownName), feedback: feedback.map((each) => teach(router, ids, each)) }
  })
  return { steps: taken, ...totals(router, tenants) }
}

/** A decision whose ids are the same each time. */
function named(decision: Decision | string, ownName: string | null): Decision | string {
  if (ownName === null || typeof decision === 'string') return decision
  return { ...decision, id: decision.id.replace(`${ownName}.`, 'own.') }
}

function teach(
  router: Router,
  ids: readonly (string | null)[],
  { back, settle, reward, fail }: Feedback,
): string {
  const id = ids[ids.length - 1 - back] ?? null
  if (id === null) return 'no request'
  if (settle !== undefined) return outcome(() => router.settle(id, settle) && 'taken')
  if (reward !== undefined) return outcome(() => router.reward(id, reward) && 'taken')
  return outcome(() => router.fail(id, fail) && 'taken')
}

function outcome(call: () => string): string {
  return attempt(call)
}

function attempt<T>(call: () => T): T | string {
  try {
    return call()
  } catch (error) {
    if (error instanceof Error && 'code' in error) return `throws ${String(error.code)}`
    throw error
  }
}
