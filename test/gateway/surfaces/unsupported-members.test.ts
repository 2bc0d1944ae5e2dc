import { afterEach, describe, expect, it } from 'vitest'
import { type Unsupported, unsupportedIn } from '../../../src/gateway/completions/unsupported.js'
import type { Script } from '../../../src/gateway/node/simulated/plan.js'
import { closeAll, gatewayServer, HELLO, modelTree } from './gateway-server.js'

afterEach(closeAll)

const CHAT = '/v1/chat/completions'
const MODELS = [modelTree('sim-middle'), modelTree('sim-small')]

/** OpenAI's words. */
const unsupportedParameter = (name: string) =>
  `Unsupported parameter: '${name}' is not supported with this model.`
const unsupportedValue = (name: string, value: unknown) =>
  `Unsupported value: '${name}' does not support ${value} with this model. Only the default (1) value is supported.`

const refusal = (message: string) => ({ fault: { kind: 'status', status: 400, message } }) as const

/** The middle one reasons: it takes no temperature but 1, and its limit by its newer name alone. */
const reasoning: Script = ({ body }) => {
  if (body.model !== 'sim-middle') return {}
  const { temperature = 1, max_tokens: limit = null, top_p: share = null } = body
  if (limit !== null)
    return refusal(`${unsupportedParameter('max_tokens')} Use 'max_completion_tokens' instead.`)
  if (share !== null) return refusal(unsupportedParameter('top_p'))
  return temperature === 1 ? {} : refusal(unsupportedValue('temperature', temperature))
}

describe('what one model does not take', () => {
  it.each([
    ['a value', { temperature: 0.2 }, { temperature: 0.3 }],
    ['a member', { top_p: 0.5 }, null],
  ])('goes to others at once, and from then on: %s', async (_, said, other) => {
    const server = await gatewayServer({ models: MODELS, script: reasoning })
    const { upstream } = server
    for (let i = 0; i < 12; i++)
      expect((await server.post(CHAT, { model: 'auto', messages: HELLO, ...said })).status).toBe(200)
    const asked = () => upstream.entries.filter(({ request }) => request.body.model === 'sim-middle').length
    expect(asked()).toBe(1)
    for (let i = 0; i < 12; i++)
      expect((await server.post(CHAT, { model: 'auto', messages: HELLO, ...other })).status).toBe(200)
    expect(asked()).toBeGreaterThan(1)
    const records = await server.over(24)
    expect(records.every(({ outcome }) => outcome === 'answered')).toBe(true)
    expect(records.filter(({ tries }) => tries === 2)).toHaveLength(other === null ? 1 : 2)
    expect(server.ledger().spendUsd).toBeCloseTo(upstream.costUsd(), 12)
    expect(server.ledger().reservedUsd).toBe(0)
  })

  it.each(['constructor', '__proto__', 'toString'])(
    'keeps nobody away who does not say it: %s, a name that every object has',
    async (name) => {
      const script: Script = ({ body }) =>
        Object.hasOwn(body, name) ? refusal(unsupportedParameter(name)) : {}
      const server = await gatewayServer({ models: MODELS, script })
      const said = { model: 'auto', messages: HELLO }
      const odd = JSON.stringify(said).replace('{', `{"${name}":1,`)
      expect((await server.post(CHAT, odd)).status).toBe(400)
      const before = server.upstream.entries.length
      for (let i = 0; i < 6; i++) expect((await server.post(CHAT, said)).status).toBe(200)
      const asked = server.upstream.entries.slice(before).map(({ request }) => request.body.model)
      expect(asked).toEqual(Array(6).fill('sim-middle'))
    },
  )

  it.each([
    ['reasoning.effort', { reasoning: { effort: 'high' } }, { reasoning: { summary: 'auto' } }],
    ['text.verbosity', { text: { verbosity: 'low' } }, { text: { format: { type: 'text' } } }],
    ['messages[0].name', {}, {}],
    ['tools[0].strict', {}, {}],
    // Members of the client's own making, by these very names.
    ['messages.name', { 'messages.name': 1 }, {}],
    ['messages[0]', { 'messages[0]': 1 }, {}],
  ])('keeps nobody away who says something else beside it: %s', async (name, said, other) => {
    const { messages, tools } = {
      messages: [{ role: 'user', content: 'Say hello.', name: 'me' }],
      tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } }, strict: true }],
    }
    const odd = { model: 'auto', messages, tools, ...said }
    const isOdd = (body: object) => Object.hasOwn(body, 'odd')
    const server = await gatewayServer({
      models: MODELS,
      script: ({ body }) =>
        body.model === 'sim-middle' && isOdd(body) ? refusal(unsupportedParameter(name)) : {},
    })
    expect((await server.post(CHAT, { ...odd, odd: 1 })).status).toBe(200)
    const before = server.upstream.entries.length
    const tool = { type: 'function', function: { name: 'g', parameters: { type: 'object' } } }
    const plain = { model: 'auto', messages: HELLO, tools: [tool], ...other }
    for (let i = 0; i < 6; i++) expect((await server.post(CHAT, plain)).status).toBe(200)
    const asked = server.upstream.entries.slice(before).map(({ request }) => request.body.model)
    expect(asked).toContain('sim-middle')
  })

  it.each([
    ['an option of a stream', [], { stream: true, stream_options: { odd: 1 } }, 'stream_options.odd'],
    ['a member that is called like one', [], { 'model.odd': 1 }, 'model.odd'],
    [
      'a part of what parameters set',
      [modelTree('sim-middle', { parameters: { reasoning_effort: 'low' } })],
      { reasoning: { odd: 1 } },
      'reasoning.odd',
    ],
  ])('is no mistake of the operator where the client says it: %s', async (_, models, said, name) => {
    const server = await gatewayServer({
      models: models.length > 0 ? models : [modelTree('sim-middle')],
      script: ({ body }) =>
        JSON.stringify(body).includes('odd"') ? refusal(unsupportedParameter(name)) : {},
    })
    for (let i = 0; i < 5; i++) {
      const response = await server.post(CHAT, { model: 'auto', messages: HELLO, ...said })
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({ error: { message: unsupportedParameter(name) } })
    }
    expect(server.router.stats().models).toMatchObject([{ failed: 0 }])
  })

  const TOOLS = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }]

  it.each<readonly [number, string]>([
    [400, 'registry.ollama.ai/library/gemma:2b does not support tools'],
    [400, 'deepseek-reasoner does not support Function Calling'],
    [400, 'Function calling is not enabled for models/gemma-3-27b-it'],
    [400, '`tool calling` is not supported with this model'],
    [400, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'],
    [
      404,
      'No endpoints found that support tool use. To learn more about provider routing, visit: https://openrouter.ai/docs',
    ],
  ])('goes to others, also where tools are what it lacks: %i %s', async (status, message) => {
    const script: Script = ({ body }) =>
      body.model === 'sim-middle' && body.tools !== undefined
        ? { fault: { kind: 'status', status, message } }
        : {}
    const server = await gatewayServer({ models: MODELS, script })
    for (let i = 0; i < 12; i++)
      expect((await server.post(CHAT, { model: 'auto', messages: HELLO, tools: TOOLS })).status).toBe(200)
    const asked = () =>
      server.upstream.entries.filter(({ request }) => request.body.model === 'sim-middle').length
    expect(asked()).toBe(1)
    for (let i = 0; i < 12; i++) await (await server.post(CHAT, { model: 'auto', messages: HELLO })).text()
    expect(asked()).toBeGreaterThan(1)
  })

  it.each<readonly [number, string]>([
    [400, 'This model does not support image inputs'],
    [400, 'Developer instruction is not enabled for models/gemma-3-27b-it'],
    [404, 'No endpoints found that support image input'],
  ])(
    'goes to others where a part of a message is what it lacks, and stays for the rest: %i %s',
    async (status, message) => {
      const script: Script = ({ body }) =>
        body.model === 'sim-middle' ? { fault: { kind: 'status', status, message } } : {}
      const server = await gatewayServer({ models: MODELS, script, tree: { retries: { shareMax: 1 } } })
      for (let i = 0; i < 12; i++)
        expect((await server.post(CHAT, { model: 'auto', messages: HELLO })).status).toBe(200)
      expect(server.router.stats().models.find(({ id }) => id === 'sim-middle')?.isAvailable).toBe(true)
    },
  )

  it('is the client own matter where it names the model, in the words of its provider', async () => {
    const server = await gatewayServer({ models: MODELS, script: reasoning })
    for (let i = 0; i < 2; i++) {
      const response = await server.post(CHAT, { model: 'sim-middle', messages: HELLO, temperature: 0.2 })
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({
        error: { message: unsupportedValue('temperature', 0.2) },
      })
    }
    expect(await server.over(2)).toMatchObject(Array(2).fill({ outcome: 'refused', tries: 1 }))
    expect((await server.post(CHAT, { model: 'sim-middle', messages: HELLO })).status).toBe(200)
  })

  it.each(['parameters', 'defaultParameters'])(
    'is the operator own matter where the %s of the model say it',
    async (where) => {
      const models = [modelTree('sim-middle', { [where]: { temperature: 0.2 } }), modelTree('sim-small')]
      const server = await gatewayServer({ models, script: reasoning })
      for (let i = 0; i < 6; i++)
        expect((await server.post(CHAT, { model: 'auto', messages: HELLO, temperature: 1 })).status).toBe(200)
      const response = await server.post(CHAT, { model: 'sim-middle', messages: HELLO })
      expect(response.status).toBe(502)
      expect(JSON.stringify(server.lines)).toContain(unsupportedValue('temperature', 0.2))
    },
  )

  it('is not sent where the parameters of the model take it out', async () => {
    const models = [modelTree('sim-middle', { parameters: { temperature: null, top_p: null } })]
    const server = await gatewayServer({ models, script: reasoning })
    const said = { temperature: 0.2, top_p: 0.5 }
    expect((await server.post(CHAT, { model: 'auto', messages: HELLO, ...said })).status).toBe(200)
    expect(server.upstream.entries).toHaveLength(1)
  })
})

describe('the limit of an answer', () => {
  it.each([
    ['max_tokens', 'max_completion_tokens', reasoning],
    [
      'max_completion_tokens',
      'max_tokens',
      ({ body }) =>
        body.max_completion_tokens === undefined
          ? {}
          : {
              fault: {
                kind: 'status',
                status: 422,
                message: 'extra_forbidden: body.max_completion_tokens: Extra inputs are not permitted',
              },
            },
    ],
  ] satisfies [string, string, Script][])(
    '%s is called %s where a provider knows that alone',
    async (said, sent, script) => {
      const server = await gatewayServer({ models: [modelTree('sim-middle')], script })
      for (const stream of [false, true, false]) {
        const response = await server.post(CHAT, { model: 'auto', messages: HELLO, stream, [said]: 7 })
        expect(response.status).toBe(200)
        await response.text()
      }
      const bodies = server.upstream.entries.map(({ request }) => request.body)
      expect(bodies.map((body) => [body[said], body[sent]])).toEqual([
        [7, undefined],
        ...Array(3).fill([undefined, 7]),
      ])
      expect(await server.over(3)).toMatchObject(Array(3).fill({ outcome: 'answered', tries: 1 }))
      expect(server.ledger().spendUsd).toBeCloseTo(server.upstream.costUsd(), 12)
      expect(server.ledger().reservedUsd).toBe(0)
    },
  )

  it.each(['max_tokens', 'max_completion_tokens'])(
    '%s keeps its name where its provider quotes what a request has in it',
    async (said) => {
      let asked = 0
      const server = await gatewayServer({
        models: [modelTree('sim-middle')],
        script: () => (++asked > 1 ? {} : refusal(`unsupported picture https://a.test/${said}.png`)),
      })
      const url = `https://a.test/${said}.png`
      const messages = [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }]
      expect((await server.post(CHAT, { model: 'auto', messages, [said]: 7 })).status).toBe(400)
      expect((await server.post(CHAT, { model: 'auto', messages: HELLO, [said]: 7 })).status).toBe(200)
      expect(server.upstream.entries.map(({ request }) => request.body[said])).toEqual([7, 7])
    },
  )

  it('that is too long is told in the words of the provider, and nothing is renamed', async () => {
    const words = 'max_tokens is too large: 700. This model supports at most 100 completion tokens'
    const server = await gatewayServer({
      models: [modelTree('sim-middle')],
      script: ({ body }) => (Number(body.max_tokens) > 100 ? refusal(words) : {}),
    })
    const ask = (limit: number) => server.post(CHAT, { model: 'auto', messages: HELLO, max_tokens: limit })
    expect(await (await ask(700)).json()).toMatchObject({ error: { message: words } })
    expect((await ask(7)).status).toBe(200)
    expect(server.upstream.entries.map(({ request }) => request.body.max_tokens)).toEqual([700, 7])
  })
})

describe('an answer says that a member is not supported', () => {
  const error = (message: string, more: object = {}) => JSON.stringify({ error: { message, ...more } })

  it.each<[string, number, string, Unsupported | null]>([
    [
      'by its code',
      400,
      error('no', { code: 'unsupported_parameter', param: 'logit_bias' }),
      { path: ['logit_bias'], isValue: false },
    ],
    [
      'of a value within',
      400,
      error('no', { code: 'unsupported_value', param: 'reasoning.effort' }),
      { path: ['reasoning', 'effort'], isValue: true },
    ],
    [
      'of a message',
      400,
      error(unsupportedValue('messages[0].role', "'system'")),
      { path: ['messages'], isValue: true },
    ],
    ['by its words', 422, error(unsupportedParameter('top_p')), { path: ['top_p'], isValue: false }],
    [
      'of one in a list',
      400,
      error(unsupportedParameter('tools[0].strict')),
      { path: ['tools'], isValue: true },
    ],
    ['not: another code', 400, error('no', { code: 'invalid_value', param: 'temperature' }), null],
    ['not: no member', 400, error('no', { code: 'unsupported_parameter' }), null],
    ['not: another status', 500, error(unsupportedParameter('top_p')), null],
    ['not: no JSON', 400, '<html>', null],
    ['not: words in the middle', 400, error(`I said: ${unsupportedParameter('top_p')}`), null],
  ])('%s', (_, status, text, found) => {
    expect(unsupportedIn(status, text, {})).toEqual(found)
  })
})
