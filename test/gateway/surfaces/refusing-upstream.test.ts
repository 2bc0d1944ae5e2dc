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
