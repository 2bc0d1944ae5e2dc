import { afterEach, describe, expect, it } from 'vitest'
import { clientSurfaces } from '../../../src/gateway/client-surfaces.js'
import { createGateway } from '../../../src/gateway/gateway.js'
import { CLIENT_KEY, closeAll, gatewayServer, HELLO, modelTree } from './gateway-server.js'

afterEach(closeAll)

const AUTHORIZATION = { authorization: `Bearer ${CLIENT_KEY}` }
const mounted = (rewards: object = { windowMs: 0 }) =>
  gatewayServer({ basePath: '/api/llm', models: [modelTree('sim-small')], tree: { rewards } })

describe('a gateway that is mounted below a path', () => {
  it.each(['/api/llm', ''])('answers every call of clients below %j', async (below) => {
    const server = await mounted()
    const { fetch: web } = server.gateway
    const asked = (path: string, body?: object) =>
      web(
        new Request(`http://host${below}${path}`, {
          method: body === undefined ? 'GET' : 'POST',
          headers: { ...AUTHORIZATION, 'content-type': 'application/json' },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        }),
      )
    const answer = await asked('/v1/chat/completions', { model: 'auto', messages: HELLO })
    expect([answer.status, (await answer.text()).length > 10]).toEqual([200, true])
    const decision_id = answer.headers.get('x-paretobandit-decision')
    expect((await asked('/v1/chat/%63ompletions', { model: 'auto', messages: HELLO })).status).toBe(200)
    const taken = await asked('/v1/feedback?from=page', { decision_id, value: 0.5 })
    expect([taken.status, await taken.json()]).toEqual([200, expect.objectContaining({ status: 'taken' })])
    expect((await asked('/v1/models/sim-small')).status).toBe(200)
    expect((await asked('/readyz')).status).toBe(200)
    expect((await asked('/v1/nothing')).status).toBe(404)
    expect(server.router.stats().models[0].rewarded).toBe(1)
    expect(server.problems).toEqual([])
  })

  it('is so behind a socket of Node too, and takes no other path for its own', async () => {
    const server = await mounted()
    const body = { model: 'auto', messages: HELLO }
    expect((await server.post('/api/llm/v1/chat/completions', body)).status).toBe(200)
    expect((await server.post('/api/llms/v1/chat/completions', body)).status).toBe(404)
    expect((await server.post('/other/api/llm/v1/chat/completions', body)).status).toBe(404)
    const root = await fetch(`${server.url}/api/llm`)
    expect([root.status, await root.text()]).toEqual([404, expect.stringContaining('calls under /v1')])
  })

  it('makes links for people that lead to it', async () => {
    const server = await mounted({ windowMs: 0, links: { secret: '$LINK_SECRET' } })
    const answer = await server.post('/api/llm/v1/chat/completions', { model: 'auto', messages: HELLO })
    await answer.text()
    await server.over(1)
    const id = answer.headers.get('x-paretobandit-decision')
    const shown = await fetch(`${server.url}/api/llm/v1/decisions/${id}`, { headers: AUTHORIZATION })
    const { up } = ((await shown.json()) as { links: { up: string } }).links
    expect(up.startsWith(`${server.url}/api/llm/f/`)).toBe(true)
    expect((await fetch(up, { method: 'POST' })).status).toBe(200)
    expect(server.router.stats().models[0].meanReward).toBe(1)
  })

  it.each(['api/llm', '/api/llm/', '/', '/api?x', '/a b', '/ä', '/../x', '//x', 7, null])(
    'refuses %j as its path',
    async (basePath) => {
      const { config, router } = await gatewayServer({ models: [modelTree('sim-small')] })
      const options = { config, router, surfaces: clientSurfaces(), basePath: basePath as string }
      await expect(createGateway(options)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        field: 'basePath',
      })
    },
  )

  it('is corrected where it is misspelt', async () => {
    const { config, router } = await gatewayServer({ models: [modelTree('sim-small')] })
    const options = { config, router, surfaces: clientSurfaces(), basepath: '/api/llm' }
    await expect(createGateway(options)).rejects.toMatchObject({ code: 'UNKNOWN_OPTION', field: 'basepath' })
  })
})
