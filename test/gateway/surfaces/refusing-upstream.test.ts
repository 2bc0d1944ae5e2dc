import { afterEach, describe, expect, it } from 'vitest'
import { closeAll, gatewayServer, HELLO, modelTree } from './gateway-server.js'

afterEach(closeAll)

const CHAT = '/v1/chat/completions'
const BODY = { model: 'auto', messages: HELLO }

describe('a model whose provider lacks one of the paths', () => {
  it.each(['/v1/responses', '/v1/chat/completions'])(
    '%s: it goes on answering on the other',
    async (lacking) => {
      const server = await gatewayServer({
        script: ({ model, surface }) =>
          model === 'sim-small' && lacking.includes(surface)
            ? { fault: { kind: 'status', status: 404 } }
            : {},
        models: [modelTree('sim-small'), modelTree('sim-middle')],
        tree: { retries: { shareMax: 0 } },
      })
      const count = { refused: 0, small: 0 }
      for (let i = 0; i < 100; i++) {
        const isChat = i % 4 === 0
        const path = isChat ? CHAT : '/v1/responses'
        const response = await server.post(path, isChat ? BODY : { model: 'auto', input: 'x' })
        await response.text()
        if (path === lacking) {
          if (response.status !== 200) count.refused++
          continue
        }
        expect(response.status).toBe(200)
        if (response.headers.get('x-paretobandit-model') === 'sim-small') count.small++
      }
      expect(count.refused).toBeLessThanOrEqual(10)
      expect(count.small).toBeGreaterThan(0)
      // By name it is asked all the same, and says why not.
      const pinned = { model: 'sim-small', messages: HELLO, input: 'x' }
      const response = await server.post(lacking, pinned)
      const { error } = (await response.json()) as { error: { code: string } }
      expect([response.status, error.code]).toEqual([502, 'upstream_refused'])
    },
  )
})

describe('a model whose provider refuses the key, the account or the name of the model', () => {
  it.each([401, 402, 403, 404, 405])(
    'gets little traffic after %i, and is back with its first answer',
    async (status) => {
      let isMended = false
      const server = await gatewayServer({
        script: ({ model }) =>
          model === 'sim-small' && !isMended ? { fault: { kind: 'status', status } } : {},
        models: [modelTree('sim-small'), modelTree('sim-middle')],
        tree: { retries: { shareMax: 0 } },
      })
      const ask = async (count: number) => {
        let [refused, small] = [0, 0]
        for (let i = 0; i < count; i++) {
          const response = await server.post(CHAT, BODY)
          await response.text()
          if (response.status !== 200) refused++
          else if (response.headers.get('x-paretobandit-model') === 'sim-small') small++
        }
        return { refused, small }
      }
      const small = () => server.router.stats().models.find(({ id }) => id === 'sim-small')
      expect((await ask(150)).refused).toBeLessThanOrEqual(15)
      expect(small()).toMatchObject({ isAvailable: false, outages: 1 })
      isMended = true
      expect((await ask(60)).small).toBeGreaterThan(0)
      expect(small()?.isAvailable).toBe(true)
    },
  )
})

describe('a model whose provider does not have what a client refers to', () => {
  const file = { type: 'file', file: { file_id: 'file-1' } }
  const ASKS: readonly (readonly [path: string, body: object, message: string])[] = [
    [
      '/v1/responses',
      { input: [{ type: 'item_reference', id: 'msg_1' }] },
      "Item with id 'msg_1' not found.",
    ],
    ['/v1/responses', { input: 'x', conversation: 'conv_1' }, "Conversation with id 'conv_1' not found."],
    [CHAT, { messages: [{ role: 'user', content: [file] }] }, 'No such File object: file-1'],
  ]

  it.each(ASKS)(
    'stays for others, and the client hears what is missing: %s %j',
    async (path, said, message) => {
      const server = await gatewayServer({
        script: ({ body }) =>
          /msg_1|conv_1|file-1/.test(JSON.stringify(body))
            ? { fault: { kind: 'status', status: 404, message, code: 'not_found' } }
            : {},
        models: [modelTree('sim-small')],
      })
      for (let i = 0; i < 6; i++) {
        const before = server.upstream.entries.length
        const response = await server.post(path, { model: 'sim-small', ...said })
        expect([response.status, await response.json()]).toMatchObject([404, { error: { message } }])
        expect(server.upstream.entries.length).toBe(before + 1)
      }
      expect(server.router.stats().models).toMatchObject([{ isAvailable: true, outages: 0 }])
      expect((await server.post(CHAT, BODY)).status).toBe(200)
    },
  )

  it('is passed over for one that has it', async () => {
    const server = await gatewayServer({
      script: ({ model }) =>
        model === 'sim-middle'
          ? { fault: { kind: 'status', status: 404, message: 'No such File object', code: 'not_found' } }
          : {},
      models: [modelTree('sim-middle'), modelTree('sim-small')],
      tree: { retries: { shareMax: 1 } },
    })
    const messages = [{ role: 'user', content: [file] }]
    for (let i = 0; i < 8; i++)
      expect((await server.post(CHAT, { model: 'auto', messages })).status).toBe(200)
    expect(server.upstream.entries.some(({ status }) => status === 404)).toBe(true)
  })

  it.each([
    ['the name of the model', "The model 'sim-small' does not exist"],
    ['the path', 'Invalid URL (POST /v1/responses)'],
  ])('is told from one that lacks %s', async (_, message) => {
    const server = await gatewayServer({
      script: () => ({ fault: { kind: 'status', status: 404, message, code: 'not_found' } }),
      models: [modelTree('sim-small')],
    })
    const asked = { model: 'sim-small', input: 'x', conversation: 'conv_1' }
    const response = await server.post('/v1/responses', asked)
    expect([response.status, await response.json()]).toMatchObject([
      502,
      { error: { code: 'upstream_refused', message: 'the upstream answered 404' } },
    ])
  })
})
