import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type LangfuseOptions, LangfuseScores } from '../../../src/rewards/feedback/langfuse.js'

const START = Date.UTC(2026, 0, 15, 12)
const SCALES = [
  { name: 'quality', worst: 0, best: 10, source: 'judge' },
  { name: 'thumb', worst: 0, best: 1, source: 'person' },
]

interface Score {
  readonly id: string
  readonly timestamp: number
  readonly [field: string]: unknown
}

let server: Server | null = null
afterEach(() => void server?.close())

/** A server with the scores of a project, the newest first, as Langfuse answers. */
async function langfuse(options: Partial<LangfuseOptions> = {}) {
  const scores: Score[] = []
  const asked: string[] = []
  const state = { now: START, status: 200, body: null as string | null }
  server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://localhost')
    asked.push(`${request.headers.authorization} ${url.pathname} page ${url.searchParams.get('page')}`)
    const [page, limit] = ['page', 'limit'].map((name) => Number(url.searchParams.get(name)))
    const [from, to] = ['fromTimestamp', 'toTimestamp'].map((name) =>
      Date.parse(url.searchParams.get(name) ?? ''),
    )
    const found = scores
      .filter(({ timestamp }) => timestamp >= from && timestamp < to)
      .sort((a, b) => b.timestamp - a.timestamp)
    const data = found
      .slice((page - 1) * limit, page * limit)
      .map((score) => ({ ...score, timestamp: new Date(score.timestamp).toISOString() }))
    const meta = { page, limit, totalItems: found.length, totalPages: Math.ceil(found.length / limit) }
    response.writeHead(state.status, { 'content-type': 'application/json' })
    response.end(state.body ?? JSON.stringify({ data, meta }))
  })
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const make = (more: Partial<LangfuseOptions> = {}) =>
    new LangfuseScores({
      baseUrl,
      publicKey: 'pk-lf-1',
      secretKey: 'sk-lf-1',
      scores: SCALES,
      now: () => state.now,
      ...options,
      ...more,
    })
  const add = (id: string, more: object = {}) =>
    scores.push({
      id,
      timestamp: state.now,
      traceId: `d.${id}`,
      name: 'quality',
      value: 7,
      dataType: 'NUMERIC',
      ...more,
    })
  return { make, add, asked, state, scores }
}

const idsOf = ({ rewards }: { rewards: readonly { decision: string }[] }) =>
  rewards.map(({ decision }) => decision.slice(2)).sort()

describe('scores of Langfuse', () => {
  it('are rewards by their scales, those that are named', async () => {
    const { make, add, state, asked } = await langfuse()
    const polled = make()
    add('a')
    add('b', { name: 'thumb', dataType: 'BOOLEAN', value: 0, stringValue: 'False' })
    add('c', { name: 'thumb', dataType: 'CATEGORICAL', value: 0, stringValue: 'correct' })
    add('d', { name: 'latency' })
    add('e', { value: 11 })
    add('f', { traceId: null })
    state.now += 1000
    const { rewards, refused, hasMore } = await polled.poll()
    expect([...rewards].sort((x, y) => (x.decision < y.decision ? -1 : 1))).toEqual([
      { decision: 'd.a', value: 0.7, weight: 1, source: 'judge', idempotencyKey: 'langfuse:a' },
      { decision: 'd.b', value: 0, weight: 1, source: 'person', idempotencyKey: 'langfuse:b' },
      { decision: 'd.c', value: 1, weight: 1, source: 'person', idempotencyKey: 'langfuse:c' },
    ])
    expect({ refused, hasMore }).toEqual({ refused: 2, hasMore: false })
    expect(asked).toEqual([`Basic ${btoa('pk-lf-1:sk-lf-1')} /api/public/v2/scores page 1`])
  })

  it('are the worst of what is so where less is better', async () => {
    const { make, add, state } = await langfuse()
    const polled = make({ scores: [{ name: 'made-up', worst: 1, best: 0, source: 'judge' }] })
    for (const [id, value] of [
      ['a', 1],
      ['b', 0],
    ] as const)
      add(id, { name: 'made-up', dataType: 'BOOLEAN', value })
    state.now += 1000
    const { rewards } = await polled.poll()
    expect(Object.fromEntries(rewards.map(({ decision, value }) => [decision, value]))).toEqual({
      'd.a': 0,
      'd.b': 1,
    })
  })

  it('are read page by page, each once, while others come', async () => {
    const { make, add, state } = await langfuse({ pageSize: 2, pagesMax: 2 })
    const polled = make()
    for (let i = 0; i < 9; i++) add(`s${i}`)
    state.now += 1000
    const first = await polled.poll()
    expect(first.hasMore).toBe(true)
    // What comes now is newer than the window that is being read.
    state.now += 1000
    add('late')
    state.now += 1000
    const seen = [...idsOf(first)]
    for (let i = 0; i < 4; i++) seen.push(...idsOf(await polled.poll()))
    expect(seen.sort()).toEqual(['late', ...Array.from({ length: 9 }, (_, i) => `s${i}`)])
    expect((await polled.poll()).rewards).toEqual([])
  })

  it('are read on by another process from the cursor', async () => {
    const { make, add, state } = await langfuse({ pageSize: 2, pagesMax: 1 })
    const polled = make()
    for (let i = 0; i < 4; i++) add(`s${i}`)
    state.now += 1000
    const first = idsOf(await polled.poll())
    const cursor = JSON.parse(JSON.stringify(polled.cursor))
    const second = idsOf(await make({ cursor }).poll())
    expect([...first, ...second].sort()).toEqual(['s0', 's1', 's2', 's3'])
  })

  it('that are written late are found, and counted once', async () => {
    const { make, add, state } = await langfuse()
    const polled = make()
    add('early')
    state.now += 100_000
    expect(idsOf(await polled.poll())).toEqual(['early'])
    add('written-late', { timestamp: state.now - 30_000 })
    state.now += 10_000
    expect(idsOf(await polled.poll())).toEqual(['written-late'])
  })

  it('are not lost where a poll fails', async () => {
    const { make, add, state } = await langfuse()
    const polled = make()
    add('a')
    state.now += 1000
    const before = polled.cursor
    for (const [status, body] of [
      [500, null],
      [401, null],
      [200, 'no JSON'],
      [200, '{"data":7}'],
      [200, '[]'],
    ] as const) {
      Object.assign(state, { status, body })
      await expect(polled.poll()).rejects.toMatchObject({ code: 'SOURCE_FAILED' })
      expect(polled.cursor).toEqual(before)
    }
    Object.assign(state, { status: 200, body: null })
    expect(idsOf(await polled.poll())).toEqual(['a'])
    const away = make({
      fetch: () => Promise.reject(new Error('away')),
    })
    await expect(away.poll()).rejects.toMatchObject({ code: 'SOURCE_FAILED' })
  })

  it.each<[string, object, string]>([
    ['an invalid scale', { scores: [null] }, 'scores[0]'],
    ['a scale without its worst', { scores: [{ name: 'a', best: 1 }] }, 'scores[0].worst'],
    ['an invalid time', { timeoutMs: -1 }, 'timeoutMs'],
    ['a fetch that is no function', { fetch: 'fetch' }, 'fetch'],
    ['a path that is no text', { path: 7 }, 'path'],
    ['a clock that is no function', { now: 5 }, 'now'],
    ['a `decisionOf` that is no function', { decisionOf: 'id' }, 'decisionOf'],
  ])('are refused with %s', async (_, options, field) => {
    const { make } = await langfuse()
    expect(() => make(options as Partial<LangfuseOptions>)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', field }),
    )
  })

  it('are read no further than a page may be long', async () => {
    let pulled = 0
    let isCancelled = false
    const body = new ReadableStream({
      pull: (controller) => {
        pulled++
        controller.enqueue(new Uint8Array(1_000_000))
      },
      cancel: () => {
        isCancelled = true
      },
    })
    const { make } = await langfuse()
    const polled = make({ fetch: async () => new Response(body) })
    await expect(polled.poll()).rejects.toMatchObject({ code: 'SOURCE_FAILED' })
    expect(isCancelled).toBe(true)
    expect(pulled).toBeLessThan(12)
  })

  it('are polled one at a time: a second poll meanwhile has a code of its own, and the first goes on', async () => {
    const { make } = await langfuse()
    let answer: (response: Response) => void = () => {}
    const polled = make({ fetch: () => new Promise<Response>((resolve) => (answer = resolve)) })
    const first = polled.poll()
    await expect(polled.poll()).rejects.toMatchObject({ code: 'POLL_RUNNING' })
    answer(Response.json({ data: [], meta: { totalPages: 1 } }))
    expect(await first).toMatchObject({ rewards: [], hasMore: false })
    const third = polled.poll()
    answer(Response.json({ data: [], meta: { totalPages: 1 } }))
    expect(await third).toMatchObject({ rewards: [] })
  })

  it.each([
    ['baseUrl', { baseUrl: 'ftp://x' }],
    ['baseUrl', { baseUrl: '' }],
    ['publicKey', { publicKey: '' }],
    ['secretKey', { secretKey: 7 as never }],
    ['scores', { scores: [] }],
    ['pageSize', { pageSize: 0 }],
    ['pagesMax', { pagesMax: 1e9 }],
    ['cursor.page', { cursor: { fromMs: 0, toMs: null, page: 0 } }],
    ['clock', { cursor: { fromMs: Number.NaN, toMs: null, page: 1 } }],
  ])('need %s', (field, bad) => {
    const options = { baseUrl: 'https://h', publicKey: 'p', secretKey: 's', scores: SCALES, ...bad }
    expect(() => new LangfuseScores(options)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', field }),
    )
  })
})
