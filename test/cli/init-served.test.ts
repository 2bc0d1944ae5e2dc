import OpenAI from 'openai'
import { afterEach, expect, test, vi } from 'vitest'
import { START_PROVIDERS } from '../../src/cli/init/providers.js'
import { PRICES } from '../../src/gateway/node/simulated/prices.js'
import { startUpstream } from '../../src/gateway/node/simulated/upstream.js'
import { ADMIN_KEY, UPSTREAM_KEY } from '../gateway/clients/gateway.js'
import { startProcess } from '../gateway/clients/process.js'
import { Folder } from './support.js'

const folder = new Folder()

afterEach(() => {
  vi.unstubAllEnvs()
})

test('from a key in the environment to answers, feedback and a bill to the cent', async () => {
  const upstream = await startUpstream({ apiKey: UPSTREAM_KEY })
  try {
    const env = {
      OPENAI_API_KEY: UPSTREAM_KEY,
      OPENAI_BASE_URL: upstream.baseUrl,
      ANTHROPIC_API_KEY: UPSTREAM_KEY,
      // Anthropic's clients add the /v1 themselves.
      ANTHROPIC_BASE_URL: upstream.origin,
      PARETOBANDIT_ADMIN_KEY: ADMIN_KEY,
    }
    for (const { keyNames } of START_PROVIDERS) for (const name of keyNames) vi.stubEnv(name, '')
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
    const ids = ['sim-small', 'sim-large', 'sim-claude']
    const named = (id: string) => `${id === 'sim-claude' ? 'anthropic' : 'openai'}/${id}`
    await folder.write(
      'prices.json',
      ids.map((id) => ({ id, ...PRICES[id] })),
    )
    await folder.ok([
      ...['init', '--prices', 'prices.json', ...ids.flatMap((id) => ['--model', named(id)])],
      ...['--usd-per-request', '0.01'],
    ])
    const written = (await folder.read('gateway.yaml')).toString()
    expect(written).not.toContain(UPSTREAM_KEY)
    // Where others may listen on the port that it names.
    await folder.write('gateway.yaml', written.replace('port: 8787', 'port: 0'))
    expect(await folder.ok(['check-config'])).toContain('no mistakes')
    const { stdout } = await folder.run(['keys', 'create', 'my-app'])
    const gateway = await startProcess(folder.path, 'gateway.yaml', env)
    try {
      const client = new OpenAI({ apiKey: stdout.trim(), baseURL: `${gateway.url}/v1`, maxRetries: 0 })
      const chosen: string[] = []
      // A name that the client sends already means what `auto` does; the id of a model is that model.
      for (const model of ['auto', 'sim-large', 'openai/sim-large', 'anthropic/sim-claude']) {
        const { data, response } = await client.chat.completions
          .create({ model, messages: [{ role: 'user', content: 'What is a contextual bandit?' }] })
          .withResponse()
        expect(data.choices[0].message.content).not.toBe('')
        chosen.push(response.headers.get('x-paretobandit-model') ?? '')
        const decision = response.headers.get('x-paretobandit-decision')
        const taken = await client.post('/feedback', { body: { decision_id: decision, value: 1 } })
        expect(taken).toMatchObject({ status: 'taken' })
      }
      expect(chosen.slice(2)).toEqual(['openai/sim-large', 'anthropic/sim-claude'])
      for (const each of chosen) expect(ids.map(named)).toContain(each)
      const { models, requests } = await gateway.stats()
      expect(models.map(({ id }) => id)).toEqual(ids.map(named))
      const spent = models.reduce((sum, { spendUsd }) => sum + spendUsd, 0)
      expect(upstream.costUsd()).toBeGreaterThan(0)
      expect(spent).toBeCloseTo(upstream.costUsd(), 9)
      expect(requests).toBe(4)
    } finally {
      expect(await gateway.end()).toBe(0)
    }
  } finally {
    await upstream.close()
  }
})
