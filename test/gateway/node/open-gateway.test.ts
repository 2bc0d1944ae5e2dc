import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Gateway } from '../../../src/gateway/gateway.js'
import { type OpenGatewayOptions, openGateway } from '../../../src/gateway/node/open-gateway.js'
import { PRICES } from '../../../src/gateway/node/simulated/prices.js'
import { startUpstream, type Upstream } from '../../../src/gateway/node/simulated/upstream.js'
import type { RouterStats } from '../../../src/index.js'

const env = {
  CLIENT_KEY: 'pb-client-0123456789abcdef',
  UPSTREAM_KEY: 'sk-upstream-0123456789',
  ADMIN_KEY: 'pb-admin-0123456789abcdef',
}

let folder: string
let file: string
let upstream: Upstream
const open: Gateway[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paretobandit-own-server-'))
  file = join(folder, 'gateway.json')
  upstream = await startUpstream({ apiKey: env.UPSTREAM_KEY })
  await write(['sim-small', 'sim-middle'])
})
afterEach(async () => {
  for (const gateway of open.splice(0)) await gateway.close()
  await upstream.close()
  await rm(folder, { recursive: true })
})

const write = (models: readonly string[], more: object = {}) =>
  writeFile(
    file,
    JSON.stringify({
      store: { kind: 'sqlite', file: join(folder, 'gateway.db') },
      upstreams: [{ id: 'up', protocol: 'openai', baseUrl: upstream.baseUrl, apiKey: '$UPSTREAM_KEY' }],
      models: models.map((id) => ({ id, upstream: 'up', prices: PRICES[id] })),
      rewards: { windowMs: 0, validators: { enabled: false } },
      admin: { key: '$ADMIN_KEY' },
      keys: [{ name: 'client', value: '$CLIENT_KEY' }],
      ...more,
    }),
  )

async function opened(more: Partial<OpenGatewayOptions> = {}): Promise<Gateway> {
  const gateway = await openGateway({ file, env, basePath: '/api/llm', ...more })
  open.push(gateway)
  return gateway
}

const close = async (gateway: Gateway) => {
  open.splice(open.indexOf(gateway), 1)
  await gateway.close()
}

async function ask(gateway: Gateway, path: string, body?: object, key = env.CLIENT_KEY) {
  const response = await gateway.fetch(
    new Request(`https://app.example.com/api/llm${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }),
  )
  return { status: response.status, headers: response.headers, text: await response.text() }
}

const CHAT = { model: 'auto', messages: [{ role: 'user', content: 'Why is the sky blue?' }] }

describe('openGateway', () => {
  it('goes on where the last process stopped: its ledger, and feedback on what that one answered', async () => {
    const first = await opened()
    const answer = await ask(first, '/v1/chat/completions', CHAT)
    expect(answer.status).toBe(200)
    const decision_id = answer.headers.get('x-paretobandit-decision')
    const made = await ask(first, '/admin/keys', { name: 'later' }, env.ADMIN_KEY)
    expect(made.status).toBe(201)
    await close(first)

    const second = await opened()
    const { key } = JSON.parse(made.text) as { key: string }
    expect((await ask(second, '/v1/models', undefined, key)).status).toBe(200)
    expect((await ask(second, '/v1/feedback', { decision_id, value: 1 })).status).toBe(200)
    const { pacer, models } = JSON.parse(
      (await ask(second, '/admin/stats', undefined, env.ADMIN_KEY)).text,
    ) as RouterStats
    expect(Math.abs(pacer.spendUsd - upstream.costUsd())).toBeLessThan(1e-9)
    expect(models.reduce((sum, { rewarded }) => sum + rewarded, 0)).toBe(1)
  })

  it('applies verdicts that wait as it is closed: such an answer takes no feedback later', async () => {
    await write(['sim-small'], { rewards: { windowMs: 0, weights: { validator: 1 } } })
    const first = await opened()
    const answer = await ask(first, '/v1/chat/completions', CHAT)
    const decision_id = answer.headers.get('x-paretobandit-decision')
    await close(first)

    const late = await ask(await opened(), '/v1/feedback', { decision_id, value: 0 })
    expect(late.status).toBe(409)
    expect(late.text).toContain('decision_closed')
  })

  it('reads its file again', async () => {
    const lines: string[] = []
    const gateway = await opened({ write: (_level, _fields, message) => lines.push(message) })
    await write(['sim-small'])
    expect((await ask(gateway, '/admin/reload', {}, env.ADMIN_KEY)).status).toBe(200)
    expect((await ask(gateway, '/v1/models/sim-middle')).status).toBe(404)
    expect(lines).toContain('config reloaded')
  })

  it('says that its store is open already, and leaves it as it is', async () => {
    const gateway = await opened()
    await expect(openGateway({ file, env })).rejects.toMatchObject({ code: 'STORE_LOCKED' })
    expect((await ask(gateway, '/v1/chat/completions', CHAT)).status).toBe(200)
  })

  it('closes what it has opened where the gateway cannot be put together', async () => {
    const surfaces = () => {
      throw new Error('no surfaces')
    }
    await expect(openGateway({ file, env, surfaces })).rejects.toThrow('no surfaces')
    expect((await ask(await opened(), '/v1/models')).status).toBe(200)
  })

  it('closes what it has opened where the lines of its log find no place', async () => {
    const full = () => {
      throw new Error('no room for lines')
    }
    await expect(openGateway({ file, env, write: full })).rejects.toThrow('no room for lines')
    expect((await ask(await opened(), '/v1/models')).status).toBe(200)
  })

  it('corrects a name that is none of its options', async () => {
    const options = { file, env, basepath: '/api/llm' } as OpenGatewayOptions
    await expect(openGateway(options)).rejects.toMatchObject({ code: 'UNKNOWN_OPTION', field: 'basepath' })
  })

  it('says what is wrong with the file', async () => {
    await write(['sim-small'], { budjet: {} })
    await expect(openGateway({ file, env })).rejects.toThrow(/budjet/)
    await expect(openGateway({ file: join(folder, 'none.yaml'), env })).rejects.toThrow(/ENOENT/)
  })

  it.each([
    ['options', undefined],
    ['options', 'gateway.yaml'],
    ['file', {}],
    ['file', { file: '' }],
    ['file', { file: 7 }],
    ['basePath', { file: 'gateway.yaml', basePath: '/api/llm/' }],
    ['env', { file: 'gateway.yaml', env: 'x' }],
    ['write', { file: 'gateway.yaml', write: 'x' }],
    ['surfaces', { file: 'gateway.yaml', surfaces: {} }],
  ])('refuses wrong %s: %j', async (field, options) => {
    await expect(openGateway(options as OpenGatewayOptions)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      field,
    })
  })
})
