import { afterEach, describe, expect, it } from 'vitest'
import { closeAll, gatewayServer, HELLO, modelTree } from './gateway-server.js'

afterEach(closeAll)

const CHAT = '/v1/chat/completions'
const BODY = { model: 'auto', messages: HELLO }

describe('a model whose provider refuses the key, the account or the name of the model', () => {
  it.each([401, 402, 403, 404])(
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
