import { createHash } from 'node:crypto'
import OpenAI from 'openai'
import { afterEach, describe, expect, it } from 'vitest'
import { readConfig } from '../../../src/gateway/config/read-config.js'
import { JUDGE_TENANT } from '../../../src/gateway/config/router-options.js'
import type { RewardReport } from '../../../src/gateway/metrics/reward-metrics.js'
import type { Entry } from '../../../src/gateway/node/simulated/ledger.js'
import type { PartialPlan, UpstreamRequest } from '../../../src/gateway/node/simulated/plan.js'
import { mockOf, mockTree, VERSIONS } from '../ai-sdk/mocks.js'
import { smallTree, type Tree } from '../config/example.js'
import { CLIENT_KEY, closeAll, gatewayServer, HELLO, modelTree } from '../surfaces/gateway-server.js'

afterEach(closeAll)

const isOfJudge = ({ body }: Pick<UpstreamRequest, 'body'>) =>
  JSON.stringify(body).includes('You grade answers')
const ofJudge = ({ request }: Entry) => isOfJudge(request)
const ANSWER = 'Bonjour, the answer.'

interface JudgeServer {
  readonly grade?: PartialPlan
  readonly judge?: Tree
  readonly rewards?: Tree
  readonly random?: () => number
  readonly tree?: Tree
}

async function server({
  grade = {},
  judge = {},
  rewards = {},
  random = () => 0.5,
  tree = {},
}: JudgeServer = {}) {
  return gatewayServer({
    models: [modelTree('sim-small'), modelTree('sim-middle'), modelTree('sim-claude')],
    script: (request) => (isOfJudge(request) ? { text: '{"score": 7}', ...grade } : { text: ANSWER }),
    random,
    tree: {
      rewards: {
        windowMs: 0,
        validators: { enabled: false },
        judge: { model: 'sim-middle', share: 1, capUsdPerDay: 1, ...judge },
        ...rewards,
      },
      ...tree,
    },
  })
}
type Server = Awaited<ReturnType<typeof server>>

const CHAT = { model: 'sim-small', messages: HELLO }

async function ask(made: Server, more: object = {}): Promise<Response> {
  const response = await made.post('/v1/chat/completions', { ...CHAT, ...more })
  expect(response.status).toBe(200)
  await response.clone().text()
  return response
}

const meanReward = (made: Server) =>
  made.router.stats().models.find(({ id }) => id === 'sim-small')?.meanReward ?? null

describe('a judge', () => {
  it.each<[string, PartialPlan]>([
    ['has a grade', {}],
    ['says no grade', { text: 'no grade' }],
    ['says no usage', { usage: { place: 'missing' } }],
    ['fails', { fault: { kind: 'status', status: 500 } }],
    ['has no answer in time', { fault: { kind: 'status', status: 504, isGenerated: true, body: 'html' } }],
    ['breaks off', { fault: { kind: 'reset', afterPieces: 1 } }],
    ['sends something else', { fault: { kind: 'malformed', afterPieces: 1 } }],
  ])('pays for its own calls, whatever becomes of them, and no client does: %s', async (_, grade) => {
    const made = await server({ grade })
    await ask(made)
    const [client, judge] = await made.over(2)
    expect([client.tenant, judge.tenant]).toEqual([null, JUDGE_TENANT])
    const { spendUsd, reservedUsd } = made.ledger()
    expect(reservedUsd).toBe(0)
    expect(spendUsd).toBeCloseTo((client.costUsd ?? Number.NaN) + (judge.costUsd ?? Number.NaN), 12)
    expect(made.router.tenantStats(JUDGE_TENANT).spendUsd).toBeCloseTo(judge.costUsd ?? Number.NaN, 12)
    const paidUsd = made.upstream.entries.filter(ofJudge).reduce((sum, { costUsd }) => sum + costUsd, 0)
    expect(judge.costUsd).toBeGreaterThanOrEqual(paidUsd - 1e-9)
  })

  it('is shown the question at the end of a long text, and what tools said', async () => {
    const made = await server()
    const call = { id: 'c', type: 'function', function: { name: 'look', arguments: '{"at":"map"}' } }
    await ask(made, {
      messages: [
        { role: 'user', content: `${'x '.repeat(20_000)}What is it of?` },
        { role: 'assistant', content: null, tool_calls: [call] },
        { role: 'tool', tool_call_id: 'c', content: 'Of Rome.' },
      ],
    })
    await made.over(2)
    const shown = JSON.stringify(made.upstream.entries.find(ofJudge)?.request.body)
    for (const text of ['What is it of?', 'look(', 'Of Rome.']) expect(shown).toContain(text)
  })

  it('leaves no note of its own requests: they would push out those of clients', async () => {
    const made = await server({ tree: { sessions: { sessionsMax: 1 } } })
    const response = await ask(made)
    await expect.poll(() => meanReward(made), { timeout: 5000 }).toBeCloseTo(0.7, 12)
    await made.over(2)
    const notes = made.deps()?.notes
    expect(await notes?.entries('sessions')).toMatchObject([[expect.anything(), { model: 'sim-small' }]])
    const id = response.headers.get('x-paretobandit-decision')
    expect((await notes?.entries('decisions'))?.map(([decision]) => decision)).toEqual([id])
  })

  for (const stream of [false, true])
    it(`grades an answer, which is its reward, streamed: ${stream}`, async () => {
      const made = await server()
      await ask(made, { stream })
      await expect.poll(() => meanReward(made), { timeout: 5000 }).toBeCloseTo(0.7, 12)
      const [judged] = made.upstream.entries.filter(ofJudge)
      expect(judged.text).toContain(ANSWER)
      expect(judged.text).toContain('Say hello.')
      // Blind.
      expect(judged.text).not.toContain('sim-small')
      // Its own answers are not graded.
      await made.over(2)
      expect(made.upstream.entries).toHaveLength(2)
      expect(made.records[1]).toMatchObject({
        key: { id: 'judge' },
        tenant: JUDGE_TENANT,
        model: 'sim-middle',
      })
      expect(made.problems).toEqual([])
    })

  it('is paid from an account of its own, to the cent', async () => {
    const made = await server()
    for (let i = 0; i < 3; i++) await ask(made)
    await made.over(6)
    const judgeUsd = made.upstream.entries.filter(ofJudge).reduce((sum, { costUsd }) => sum + costUsd, 0)
    expect(judgeUsd).toBeGreaterThan(0)
    expect(made.router.tenantStats(JUDGE_TENANT).caps[0].spentUsd).toBeCloseTo(judgeUsd, 12)
    expect(Math.abs(made.ledger().spendUsd - made.upstream.costUsd())).toBeLessThan(1e-9)
  })

  it('grades no more when its cap is spent, and no client hears of it', async () => {
    const made = await server({ judge: { capUsdPerDay: 1e-9 } })
    for (let i = 0; i < 3; i++) await ask(made)
    await made.over(6)
    expect(made.upstream.entries.filter(ofJudge)).toEqual([])
    expect(made.records.filter(({ key }) => key?.id === 'judge')).toMatchObject(
      Array(3).fill({ outcome: 'refused', code: 'budget_exhausted' }),
    )
    expect(meanReward(made)).toBeNull()
    // Its model has not failed, nor was it asked.
    const text = () => made.deps()?.metrics.text()
    await expect.poll(text).toContain('paretobandit_judge_total{outcome="overCap"} 3')
    expect(text()).toContain('paretobandit_judge_total{outcome="failed"} 0')
  })

  it('that cannot answer has failed, whatever it is that its upstream says', async () => {
    const made = await server({ grade: { fault: { kind: 'status', status: 402 } } })
    await ask(made)
    const text = () => made.deps()?.metrics.text()
    await expect.poll(text).toContain('paretobandit_judge_total{outcome="failed"} 1')
    expect(text()).toContain('paretobandit_judge_total{outcome="overCap"} 0')
  })

  it('whose replies are never a grade has a line in the log', async () => {
    const made = await server({ grade: { text: '' } })
    for (let i = 0; i < 10; i++) await ask(made)
    const fields = { what: 'the judge', error: expect.stringContaining('none in 10 replies in a row') }
    await expect
      .poll(() => made.lines)
      .toContainEqual(
        // No word of the gateway, which works.
        expect.objectContaining({ level: 'error', fields, message: 'the judge failed' }),
      )
  })

  it('is waited for by no client', async () => {
    const made = await server({ grade: { fault: { kind: 'stall-before-headers' } } })
    const openai = new OpenAI({ apiKey: CLIENT_KEY, baseURL: `${made.url}/v1`, maxRetries: 0 })
    for (let i = 0; i < 20; i++) {
      const answer = await openai.chat.completions.create({
        model: 'sim-small',
        messages: [{ role: 'user', content: 'x' }],
      })
      expect(answer.choices[0].message.content).toBe(ANSWER)
    }
    // At most this many at a time.
    await made.upstream.until((entry) => ofJudge(entry) && entry.isStalled)
    expect(made.upstream.entries.filter(ofJudge).length).toBeLessThanOrEqual(4)
    // And the end of the gateway breaks them off, booked.
    await made.close()
    expect(made.ledger().reservedUsd).toBe(0)
    expect(made.problems).toEqual([])
  })

  it('grades a share of answers', async () => {
    const draws = [0.09, 0.11, 0.5, 0.01]
    let next = 0
    const made = await server({ judge: { share: 0.1 }, random: () => draws[next++ % draws.length] })
    for (let i = 0; i < 4; i++) await ask(made)
    await made.over(6)
    expect(made.upstream.entries.filter(ofJudge)).toHaveLength(2)
  })

  it('may speak the protocol of messages', async () => {
    const made = await server({ judge: { model: 'sim-claude' } })
    await ask(made)
    await expect.poll(() => meanReward(made), { timeout: 5000 }).toBeCloseTo(0.7, 12)
  })

  it('sees calls of tools, and is asked for no more than its model can answer', async () => {
    const models = [modelTree('sim-small'), modelTree('sim-middle', { maxOutputTokens: 300 })]
    const made = await server({ tree: { models } })
    const tools = [{ type: 'function', function: { name: 'find_city', parameters: { type: 'object' } } }]
    await ask(made, { tools, tool_choice: 'required' })
    await made.over(2)
    const [judged] = made.upstream.entries.filter(ofJudge)
    expect(judged.text).toContain('find_city')
    expect(judged.request.body.max_completion_tokens).toBe(300)
  })

  it.each([
    ['{"score": 10}', 1],
    ['{ "score":0 }', 0],
    ['Surely. {"score": 2.5}', 0.25],
    ['8', 0.8],
    ['8/10', 0.8],
    ['{"score": 11}', null],
    ['good', null],
    ['I would say 8, or 9', null],
  ])('says %s', async (text, value) => {
    const made = await server({ grade: { text } })
    await ask(made)
    await made.over(2)
    await new Promise((resolve) => setTimeout(resolve, 20))
    if (value === null) expect(meanReward(made)).toBeNull()
    else expect(meanReward(made)).toBeCloseTo(value, 12)
    expect(made.problems).toEqual([])
  })

  it('is compared with people, for /metrics and the admin API', async () => {
    const admin = { sha256: createHash('sha256').update('admin').digest('hex') }
    const rewards = { windowMs: 3_600_000, links: { secret: '$LINK_SECRET' } }
    const made = await server({ rewards, tree: { admin } })
    for (let i = 0; i < 3; i++) {
      const id = (await ask(made, { seed: i })).headers.get('x-paretobandit-decision')
      const known = await fetch(`${made.url}/v1/decisions/${id}`, {
        headers: { authorization: `Bearer ${CLIENT_KEY}` },
      })
      const { links } = (await known.json()) as { links: { up: string } }
      expect((await fetch(links.up, { method: 'POST' })).status).toBe(200)
    }
    const report = async () => {
      const headers = { authorization: 'Bearer admin' }
      const answer = await made.gateway.fetch(new Request('http://gateway/admin/rewards', { headers }))
      return (await answer.json()) as RewardReport
    }
    await expect.poll(async () => (await report()).agreement[0]?.count, { timeout: 5000 }).toBe(3)
    expect(await report()).toMatchObject({
      agreement: [{ sources: ['judge', 'person'], meanDifference: expect.closeTo(-0.3, 12) }],
      judge: { asked: 3, graded: 3, unreadable: 0 },
      calibration: { count: 3 },
    })
    const text = made.deps()?.metrics.text()
    expect(text).toContain('paretobandit_reward_pairs{a="judge",b="person"} 3')
    expect(text).toContain('paretobandit_judge_total{outcome="graded"} 3')
  })

  it('may have a rubric of the operator', async () => {
    const made = await server({ judge: { rubric: 'Short answers are good ones.' } })
    await ask(made)
    await made.over(2)
    expect(made.upstream.entries.filter(ofJudge)[0].text).toContain('Short answers are good ones.')
  })

  it('is one voice among others, by weight', async () => {
    const made = await server({ rewards: { windowMs: 3_600_000 } })
    const response = await ask(made)
    const decision_id = response.headers.get('x-paretobandit-decision')
    await made.post('/v1/feedback', { decision_id, value: 0 })
    await made.over(3)
    await made.close()
    // 0.7 with weight 0.5, 0 with weight 1.
    expect(meanReward(made)).toBeCloseTo(0.35 / 1.5, 12)
  })
})

describe('the config of a judge', () => {
  const mistakesOf = (tree: Tree) =>
    readConfig({ ...smallTree(), ...tree }, { name: 'c', env: {} }).then(
      () => [],
      (error: { mistakes: { path: unknown[]; message: string }[] }) =>
        error.mistakes.map(({ path, message }) => `${path.join('.')}: ${message}`),
    )
  const rewards = { judge: { model: 'm', capUsdPerDay: 1 } }

  it('needs prices, for its account has a cap', async () => {
    const models = [{ id: 'm', upstream: 'up', prices: null }]
    expect(await mistakesOf({ rewards, models })).toEqual([
      expect.stringMatching(/^models\.0\.prices: .*rewards\.judge\.capUsdPerDay/),
    ])
  })

  it('needs a policy that keeps accounts, and its account to itself', async () => {
    expect(await mistakesOf({ rewards })).toEqual([])
    expect(await mistakesOf({ rewards, routing: { policy: 'paper' } })).toEqual([
      expect.stringMatching(/^rewards\.judge/),
    ])
    expect(await mistakesOf({ tenants: [{ id: JUDGE_TENANT }] })).toEqual([
      'tenants.0.id: this is the account of the judge',
    ])
  })

  it('is in force after a reload', async () => {
    const made = await server()
    const { live } = made.gateway
    const next = { ...live.current, rewards: { ...live.current.rewards, judge: null } }
    expect(live.replace(next).applied).toEqual([`tenant ${JUDGE_TENANT}: removed`])
    await ask(made)
    const { judge } = (await server()).gateway.live.current.rewards
    expect(live.replace({ ...next, rewards: { ...next.rewards, judge } }).applied).toEqual([
      `tenant ${JUDGE_TENANT}: added`,
    ])
    await ask(made)
    await expect.poll(() => meanReward(made), { timeout: 5000 }).toBeCloseTo(0.7, 12)
    expect(made.upstream.entries.filter(ofJudge)).toHaveLength(1)
  })
})

it.each(VERSIONS)('a judge may be a model of the AI SDK, %s', async (version) => {
  const made = await gatewayServer({
    models: [modelTree('sim-small'), mockTree()],
    upstreams: () => [{ id: 'mock', protocol: 'ai-sdk' }],
    aiSdk: {
      providers: { mock: () => mockOf(version, { content: [{ type: 'text', text: '{"score": 7}' }] }) },
    },
    script: () => ({ text: ANSWER }),
    random: () => 0.5,
    tree: {
      rewards: {
        windowMs: 0,
        validators: { enabled: false },
        judge: { model: 'mock', share: 1, capUsdPerDay: 1 },
      },
    },
  })
  await ask(made)
  await expect.poll(() => meanReward(made)).toBeCloseTo(0.7, 12)
})
