import { afterEach, describe, expect, it } from 'vitest'
import { closeAll, HELLO } from '../surfaces/gateway-server.js'
import { mockOf, mockServer, mockTree } from './mocks.js'

afterEach(closeAll)

const CHAT = '/v1/chat/completions'

/** What a model is told, by version of its specification, where the config and the client say so. */
async function told(version: 'v3' | 'v4', config: object, client: object, path = CHAT) {
  const model = mockOf(version, {})
  const server = await mockServer(model, [{ ...mockTree(), ...config }])
  const limit = path === CHAT ? {} : { max_tokens: 9000 }
  const body = { model: 'auto', messages: HELLO, ...limit, ...client }
  expect((await server.post(path, body)).status).toBe(200)
  const [call] = model.doGenerateCalls
  return {
    reasoning: call !== undefined && 'reasoning' in call ? call.reasoning : undefined,
    providerOptions: call?.providerOptions,
  }
}

const DEFAULT = { defaultParameters: { providerOptions: { mock: { reasoningEffort: 'low', user: 'u' } } } }

describe.each(['v3', 'v4'] as const)('default options of a package, of specification %s', (version) => {
  const effort = version === 'v3' ? { reasoningEffort: 'high' } : {}
  const reasoning = version === 'v3' ? undefined : 'high'

  it('are told where the client says nothing of the same', async () => {
    const providerOptions = { mock: { reasoningEffort: 'low', user: 'u' } }
    expect(await told(version, DEFAULT, {})).toEqual({ reasoning: undefined, providerOptions })
  })

  it('stand behind the effort that a client says', async () => {
    expect(await told(version, DEFAULT, { reasoning_effort: 'high' })).toEqual({
      reasoning,
      providerOptions: { mock: { user: 'u', ...effort } },
    })
    const alone = { defaultParameters: { providerOptions: { mock: { reasoningEffort: 'low' } } } }
    expect(await told(version, alone, { reasoning_effort: 'high' })).toEqual({
      reasoning,
      providerOptions: version === 'v3' ? { mock: effort } : undefined,
    })
  })

  it('stand behind the thinking that a client says', async () => {
    const thinking = { type: 'enabled', budget_tokens: 2000 }
    const { providerOptions } = await told(version, DEFAULT, { thinking }, '/v1/messages')
    expect(providerOptions).toEqual({
      mock: { user: 'u', thinking: { type: 'enabled', budgetTokens: 2000 } },
    })
  })

  it('stand behind a client that wants nothing thought', async () => {
    for (const [path, client] of [
      ['/v1/messages', { thinking: { type: 'disabled' } }],
      [CHAT, { reasoning: { enabled: false } }],
    ] as const)
      expect((await told(version, DEFAULT, client, path)).providerOptions).toEqual({ mock: { user: 'u' } })
  })

  it('stay where a client says providerOptions of its own, which nobody reads', async () => {
    for (const own of [{}, { mock: { user: 'x' } }, null]) {
      const { providerOptions } = await told(version, DEFAULT, { providerOptions: own })
      expect(providerOptions).toEqual({ mock: { reasoningEffort: 'low', user: 'u' } })
    }
  })

  it('stand behind those of parameters, which stand above the client; null there takes them out', async () => {
    const parameters = { providerOptions: { mock: { reasoningEffort: 'none' } } }
    const { providerOptions } = await told(version, { ...DEFAULT, parameters }, { reasoning_effort: 'high' })
    expect(providerOptions).toEqual({ mock: { user: 'u', reasoningEffort: 'none' } })
    const out = { ...DEFAULT, parameters: { providerOptions: null } }
    expect((await told(version, out, {})).providerOptions).toBeUndefined()
  })
})
