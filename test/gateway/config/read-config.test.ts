import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GatewayConfig } from '../../../src/gateway/config/config.js'
import { ConfigError } from '../../../src/gateway/config/config-error.js'
import { readConfig, readConfigText } from '../../../src/gateway/config/read-config.js'
import { ENV, EXAMPLE, exampleTree, smallTree, type Tree } from './example.js'

async function mistakesOf(reading: Promise<GatewayConfig>): Promise<string[]> {
  const error = await reading.then(
    () => null,
    (error: unknown) => error,
  )
  if (error === null) return []
  if (!(error instanceof ConfigError)) throw error
  return error.message.split('\n')
}

const ofTree = (tree: unknown, env: Readonly<Record<string, string>> | null = ENV) =>
  mistakesOf(readConfig(tree, { name: 'c', env }))
const ofText = (text: string) => mistakesOf(readConfigText(text, { name: 'c.yaml', env: ENV }))
const ofSmall = (more: Tree) => ofTree({ ...smallTree(), ...more })

describe('a text of several documents', () => {
  it('is refused: only the first would count', async () => {
    const text = 'upstreams: []\n---\nmodels: []\n'
    await expect(readConfigText(text, { name: 'c', env: ENV })).rejects.toMatchObject({
      mistakes: [{ message: expect.stringMatching(/expected one document, got 2/), place: { line: 2 } }],
    })
  })
})

describe("a config of LiteLLM's proxy", () => {
  it('is told as that, with the command that turns it into one', async () => {
    const text =
      'litellm_settings: { cache: true }\nmodel_list:\n  - { model_name: a, litellm_params: { model: b } }\n'
    expect(await ofText(text)).toEqual([
      "c.yaml:2:1: model_list: a config of LiteLLM's proxy: 'paretobandit import-config' makes one of the gateway of it",
    ])
  })

  it('is not what has models of its own', async () => {
    expect((await ofSmall({ model_list: [] })).join('\n')).toMatch(/model_list: unknown/)
  })
})

describe('a config', () => {
  it('is read whole, with every default', async () => {
    const config = await readConfigText(EXAMPLE, { name: 'gateway.yaml', env: ENV })
    expect(config.models.map(({ id }) => id)).toEqual(['small', 'large', 'sonnet', 'embed'])
    expect(config.models[3]).toMatchObject({ kind: 'embeddings', capabilities: [], enabled: true })
    expect(config.upstreams[0].apiKey?.reveal()).toBe(ENV.OPENAI_API_KEY)
    expect(config.timeouts.firstTokenMs).toBe(120_000)
    expect(config.rewards.weights).toEqual({ validator: 0.2, client: 1, person: 2, judge: 0.5 })
    expect(config.keys[0]).toMatchObject({ name: 'support-bot', tenant: 'support', expiresAt: null })
    expect(config.keys[0].sha256).toMatch(/^[0-9a-f]{64}$/)
    const small = await readConfig(smallTree())
    expect(small.listen).toEqual({ host: '127.0.0.1', port: 8787 })
    expect(small.models[0]).toMatchObject({ upstreamModel: 'm', capabilities: ['tools', 'jsonSchema'] })
  })

  it('tells every mistake at once, each with its place in the file', async () => {
    const text = EXAMPLE.replace('port: 8787', 'port: 99999')
      .replace('protocol: anthropic', 'protocol: antropic')
      .replace('upstream: openai\n    upstreamModel: gpt-5\n', 'upstream: opnai\n')
      .replace('per: month', 'per: month, pre: 3')
      .replace('tenant: support\n', 'tenant: suport\n')
      .replace('groups: [everyday]\n    requests', 'groups: [everyday, evryday]\n    requests')
    expect(await ofText(text)).toEqual([
      'c.yaml:6:3: listen.port: expected a whole number from 0 to 65535, got 99999',
      "c.yaml:15:29: caps[0].pre: unknown; did you mean 'per'?",
      `c.yaml:23:5: upstreams[1].protocol: expected one of openai, anthropic, ai-sdk, got "antropic"; did you mean 'anthropic'?`,
      `c.yaml:39:5: models[1].upstream: no upstream is called "opnai"; did you mean 'openai'?`,
      `c.yaml:84:5: keys[0].tenant: no tenant is called "suport"; did you mean 'support'?`,
      `c.yaml:85:24: keys[0].groups[1]: no group of a model is called "evryday"; did you mean 'everyday'?`,
    ])
  })

  it('with any bytes in it that were changed is read, or told with its mistakes', async () => {
    const change = fc.tuple(
      fc.nat(EXAMPLE.length),
      fc.nat(6),
      fc.constantFrom(
        '',
        ' ',
        '\n',
        '\t',
        ':',
        '-',
        '{',
        '[',
        '"',
        '&a',
        '*a',
        '!!',
        '? ',
        '|',
        '%',
        '\u0000',
        '\ufeff',
        '9',
        'x',
      ),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        let text = EXAMPLE
        for (const [at, length, put] of changes) text = text.slice(0, at) + put + text.slice(at + length)
        for (const mistake of await ofText(text)) expect(mistake).toMatch(/^c\.yaml:\d+:\d+: ./)
      }),
      { numRuns: 300 },
    )
  })

  it('names what is missing where it is missing', async () => {
    expect(await ofText('models: []\n')).toEqual([
      'c.yaml:1:1: upstreams: is missing: providers, and servers of your own',
      'c.yaml:1:1: models: expected at least 1 and at most 10000 entries, got 0',
    ])
    const [first] = await ofText(EXAMPLE.replace('    baseUrl: https://api.openai.com/v1\n', ''))
    expect(first).toBe(
      'c.yaml:18:5: upstreams[0].baseUrl: is missing: what paths such as /chat/completions or /messages are added to',
    )
  })

  it.each([
    ['', 'c.yaml:1:1: expected a config, the file is empty'],
    ['# nothing\n', 'c.yaml:1:1: expected a config, the file is empty'],
    ['- a\n- b\n', 'c.yaml:1:1: expected an object, got a list of 2'],
    ['just words', 'c.yaml:1:1: expected an object, got a text'],
    ['a: 1\na: 2\n', 'c.yaml:2:1: this name stands in its object already: expected it once'],
    ['a: [1, 2\nb: 3\n', 'c.yaml:2:1:'],
    ['a: !secret x\n', 'c.yaml:1:4: Unresolved tag: !secret'],
    ['a: *nobody\n', 'c.yaml:1:1: Unresolved alias'],
    ['{"listen": {"port": 1,}}}', 'c.yaml:1:25:'],
    [
      `a: &a [x]\n${'bcdefghijk'.replace(/./g, (c) => `${c}: &${c} [${`*${String.fromCharCode(c.charCodeAt(0) - 1)},`.repeat(9)}]\n`)}`,
      'c.yaml:1:1: Excessive alias count',
    ],
    ['['.repeat(100_000), 'c.yaml:1:'],
    ['\u0000\u0001', 'c.yaml:1:1:'],
  ] as const)('that is no config is told with its place (%#)', async (text, start) => {
    const [first] = await ofText(text)
    expect(first.slice(0, start.length)).toBe(start)
  })

  it('with a tab is told the tab, and not what the lines behind it look like then', async () => {
    const tabbed = EXAMPLE.replace(/^ {2}(?=port: )/m, '\t').replace(
      '\n  - id: research',
      '\n\t- id: research',
    )
    const lines = tabbed.split('\n').flatMap((line, i) => (line.startsWith('\t') ? [i + 1] : []))
    expect(lines).toHaveLength(2)
    expect(await ofText(tabbed)).toEqual(
      lines.map((line) => `c.yaml:${line}:1: a tab in an indent: expected spaces`),
    )
  })

  it('without a space after a colon is told that', async () => {
    expect(await ofText(EXAMPLE.replace('{ usd: 200,', '{ usd:200,'))).toEqual([
      expect.stringMatching(/^c\.yaml:\d+:\d+: caps\[0\]: expected a space after 'usd:'$/),
    ])
  })

  it.each([
    ['apiKey:SECRET', "upstreams[0]: expected a space after 'apiKey:'"],
    ['apikey:SECRET', "upstreams[0]: expected a space after 'apikey:'"],
    ['apiKey=SECRET', "upstreams[0]: expected 'apiKey: ' in place of 'apiKey='"],
    ['apiKey SECRET', 'upstreams[0]: a name is unknown; known are id, apiKey,'],
    [
      'headers: { authorization:Bearer SECRET }',
      "upstreams[0].headers: expected a space after 'authorization:'",
    ],
    [
      "headers: { 'x-key SECRET': $A }",
      'upstreams[0].headers: of each entry expected a header in lower case',
    ],
    ['apiKey: { SECRET: 1 }', 'upstreams[0].apiKey: expected the name of an environment variable'],
  ])('repeats no secret that YAML takes for part of a name: %s', async (member, said) => {
    const secret = 'sk-0123456789abcdef'
    const upstream = `  - { id: x, protocol: openai, baseUrl: https://x.example/v1, ${member.replace('SECRET', secret)} }`
    const told = await ofText(EXAMPLE.replace('upstreams:\n', `upstreams:\n${upstream}\n`))
    expect(told).toEqual([expect.stringContaining(said)])
    expect(told.join()).not.toContain(secret)
  })

  const SECRET = 'sk-0123456789abcdef'
  const withParameters = (parameters: string) =>
    EXAMPLE.replace(
      'models:\n',
      `models:\n  - { id: x, upstream: openai, prices: { inputUsdPerMTok: 1, outputUsdPerMTok: 1 }, parameters: ${parameters} }\n`,
    )

  it.each([
    [`{ apiKey:${SECRET} }`, "models[0].parameters: expected a space after 'apiKey:'"],
    [`{ apiKey=${SECRET} }`, "models[0].parameters: expected 'apiKey: ' in place of 'apiKey='"],
    [`{ apiKey ${SECRET} }`, 'models[0].parameters: expected a word for the name of each parameter'],
    [`{ 'apiKey:${SECRET}': 1 }`, "models[0].parameters: expected a space after 'apiKey:'"],
    [`{ model:${SECRET} }`, "models[0].parameters: expected a space after 'model:'"],
    [
      `{ providerOptions: { openai: [{ a: 1 }, { apiKey:${SECRET}, a: 1 }] } }`,
      "models[0].parameters: expected a space after 'apiKey:'",
    ],
    [`apiKey:${SECRET}`, "models[0].parameters: expected a space after 'apiKey:'"],
    [`Bearer ${SECRET}`, 'models[0].parameters: expected an object, got a text of 26 characters'],
  ])('takes no parameters whose names have their values in them: %s', async (parameters, said) => {
    const told = await ofText(withParameters(parameters))
    expect(told).toEqual([expect.stringContaining(said)])
    expect(told.join()).not.toContain(SECRET)
  })

  it('takes parameters with the names that bodies have', async () => {
    const parameters = {
      temperature: null,
      'top-p.x': 1,
      logit_bias: { '50256': -100 },
      providerOptions: { 'my gateway': { seed: null, 'a b': null } },
      response_format: {
        schema: {
          properties: { 'xml:lang': { type: 'string' }, 'first name': {}, 'a=b': {} },
          patternProperties: { '^x:[a-z]+$': {} },
        },
      },
    }
    const config = await readConfigText(withParameters(JSON.stringify(parameters)), { name: 'c', env: ENV })
    expect(config.models[0].parameters).toEqual(parameters)
  })

  it.each([
    ['upstreams', `apiKey:${SECRET}`, "upstreams[0]: expected a space after 'apiKey:'"],
    ['upstreams', `{ id: x, protocol: apiKey:${SECRET} }`, 'upstreams[0].protocol: expected one of'],
    ['upstreams', `{ id: x, protocol: openai apiKey:${SECRET} }`, 'upstreams[0].protocol: expected one of'],
    ['models', `{ id: x, kind: chat region:${SECRET} }`, 'models[0].kind: expected one of'],
    ['models', `{ id: x, kind: chat api_key = ${SECRET} }`, 'models[0].kind: expected one of'],
  ])('repeats no secret that YAML takes for part of a text: %s: %s', async (part, entry, said) => {
    const told = await ofText(EXAMPLE.replace(`${part}:\n`, `${part}:\n  - ${entry}\n`))
    expect(told).toContainEqual(expect.stringContaining(said))
    expect(told.join()).not.toContain(SECRET)
  })

  it('is read in a time that grows with it: a gateway reads it again while it serves', async () => {
    let reads = 0
    const tenants = Array.from({ length: 100 }, (_, i) => ({
      get id() {
        reads++
        return `t${i}`
      },
    }))
    const keys = Array.from({ length: 400 }, (_, i) => ({
      name: `k${i}`,
      sha256: String(i).padStart(64, '0'),
      tenant: `t${i % 100}`,
    }))
    const { keys: found } = await readConfig({ ...smallTree(), tenants, keys })
    expect(found).toHaveLength(400)
    expect(reads / tenants.length).toBeLessThan(20)
    const same = { name: 'again', sha256: keys[7].sha256 }
    const error = await readConfig({ ...smallTree(), tenants, keys: [...keys, same] }).catch((e) => e)
    expect(error.message).toContain('keys[400]: is the same key as keys[7]')
  })

  it('may be JSON, with the same places', async () => {
    const text = JSON.stringify({ ...exampleTree(), $schema: './x.json', listen: { port: -1 } }, null, 2)
    expect(await ofText(text)).toEqual(
      ['c.yaml:4:5: listen.port: expected a whole number from 0 to 65535, got -1'].map((line) =>
        line.replace('4:5', `${text.slice(0, text.indexOf('"port"')).split('\n').length}:5`),
      ),
    )
  })

  it('refuses parts that contradict each other', async () => {
    const up = { id: 'up', protocol: 'openai', baseUrl: 'http://h:1' }
    const free = { id: 'free', upstream: 'up', prices: null }
    const [m] = smallTree().models as Tree[]
    expect(await ofSmall({ upstreams: [up, up] })).toEqual([
      'c: upstreams[1].id: "up" stands twice, first in entry 0',
    ])
    expect(await ofSmall({ models: [free] })).toEqual([])
    expect(await ofSmall({ models: [free], tenants: [{ id: 't', caps: [{ usd: 1, per: 'day' }] }] })).toEqual(
      [
        'c: models[0].prices: expected prices, got null: tenants[0].caps is in force, and what has no price is not held by it',
      ],
    )
    expect(await ofSmall({ models: [{ ...free, enabled: false }, m], budget: { usdPerRequest: 1 } })).toEqual(
      [],
    )
    expect(await ofSmall({ models: [{ ...m, contextTokens: 10, maxInputTokens: 12 }] })).toEqual([
      'c: models[0].maxInputTokens: expected at most contextTokens, 10, got 12',
    ])
    expect(await ofSmall({ models: [{ ...m, contextTokens: 10, maxOutputTokens: 11 }] })).toEqual([
      'c: models[0].maxOutputTokens: expected at most contextTokens, 10, got 11',
    ])
    const metrics = [{ name: 'a', worst: 1, best: 1 }]
    expect(await ofSmall({ rewards: { metrics } })).toEqual([
      'c: rewards.metrics[0]: worst and best are the same: no value would tell anything',
    ])
    expect(await ofSmall({ rewards: { judge: { model: 'x', capUsdPerDay: 1 } } })).toEqual([
      'c: rewards.judge.model: no chat model is called "x"; did you mean \'m\'?',
    ])
    const sha256 = 'a'.repeat(64)
    expect(
      await ofSmall({
        keys: [
          { name: 'a', sha256 },
          { name: 'b', sha256 },
        ],
        admin: { sha256 },
      }),
    ).toEqual([
      'c: keys[0]: is the admin key: clients must not have it',
      'c: keys[1]: is the same key as keys[0]',
      'c: keys[1]: is the admin key: clients must not have it',
    ])
    expect(
      await ofSmall({ keys: [{ name: 'a' }, { name: 'b', sha256, value: '$SUPPORT_BOT_KEY' }] }),
    ).toEqual([
      'c: keys[0]: expected sha256 or value, got neither',
      'c: keys[1]: expected sha256 or value, got both',
    ])
  })

  it('is what the engine takes: its own checks are asked, part by part', async () => {
    const prices = { inputUsdPerMTok: 1, outputUsdPerMTok: 2 }
    const tier = (aboveInputTokens: number) => ({ aboveInputTokens, ...prices })
    const mistakes = await ofSmall({
      models: [{ id: 'm', upstream: 'up', prices: { ...prices, tiers: [tier(20), tier(10)] } }],
      caps: [
        { usd: 1, per: 'day' },
        { usd: 2, per: 'day' },
      ],
      tenants: [{ id: 't', caps: [{ usd: 1, per: 'day', timeZone: 'Europe/Berln' }] }],
      routing: { latency: { ms: 100, percentile: 0.2 } },
    })
    expect(mistakes).toHaveLength(4)
    expect(mistakes[0]).toMatch(/^c: routing\.latency\.percentile: expected a share above 0.5/)
    expect(mistakes[1]).toMatch(/^c: models\[0\]\.prices\.tiers\[1\]\.aboveInputTokens: /)
    expect(mistakes[2]).toMatch(/^c: caps\[1\]: expected one cap of each kind/)
    expect(mistakes[3]).toMatch(/^c: tenants\[0\]\.caps\[0\]\.timeZone: .*did you mean 'Europe\/Berlin'/)
    expect(await ofSmall({ routing: { policy: 'paper', strict: true } })).toHaveLength(1)
  })
})

describe('what was written for another gateway', () => {
  const price = (price: number) => ({
    models: [
      {
        id: 'm',
        upstream: 'up',
        prices: {
          inputUsdPerMTok: 1,
          outputUsdPerMTok: 2,
          cachedInputUsdPerMTok: price,
          tiers: [{ aboveInputTokens: 1000, inputUsdPerMTok: price, outputUsdPerMTok: 2 }],
        },
      },
    ],
  })

  it.each([
    [2.5e-7, '0.25'],
    [0.000003, '3'],
    [0.0000999, '99.9'],
  ])('a price of one token is refused, with the price of a million: %d', async (given, million) => {
    const why = `expected USD per million tokens, of 0.0001 at least or 0, got ${given}: if that is the price of one token, write ${million}`
    expect(await ofSmall(price(given))).toEqual([
      `c: models[0].prices.cachedInputUsdPerMTok: ${why}`,
      `c: models[0].prices.tiers[0].inputUsdPerMTok: ${why}`,
    ])
  })

  it.each([0, 0.0001, 0.005, 600])('a price of a million tokens is taken, and so is 0: %d', async (given) => {
    expect(await ofSmall(price(given))).toEqual([])
  })

  it.each([
    ['openai', 'https://h/v1/chat/completions', 'expected the address before /chat/completions, which the'],
    ['openai', 'https://h/v1/responses', 'expected the address before /responses, which the'],
    ['anthropic', 'https://h/v1/messages', 'expected the address before /messages, which the'],
    ['anthropic', 'https://api.anthropic.com', 'expected https://api.anthropic.com/v1, as'],
    ['openai', 'https://api.openai.com', 'expected https://api.openai.com/v1, as'],
  ])('an address that would be called wrongly is refused: %s, %s', async (protocol, baseUrl, why) => {
    expect(await ofSmall({ upstreams: [{ id: 'up', protocol, baseUrl }] })).toEqual([
      expect.stringContaining(`c: upstreams[0].baseUrl: ${why}`),
    ])
  })

  it.each(['http://127.0.0.1:9', 'https://h/v1', 'https://h/messages/v1', 'https://h/anthropic'])(
    'another address is taken: %s',
    async (baseUrl) => {
      expect(await ofSmall({ upstreams: [{ id: 'up', protocol: 'openai', baseUrl }] })).toEqual([])
    },
  )

  it.each(['os.environ/OPENAI_API_KEY', 'env::OPENAI_API_KEY'])(
    'the name of an environment variable is given as it is written here: %s',
    async (apiKey) => {
      const upstreams = [{ id: 'up', protocol: 'openai', baseUrl: 'http://h:1', apiKey }]
      expect(await ofSmall({ upstreams })).toEqual([
        'c: upstreams[0].apiKey: expected the name of an environment variable, such as $OPENAI_API_KEY: secrets do not stand in this file',
      ])
    },
  )
})

describe('secrets', () => {
  it('come from the environment, and a missing one is named', async () => {
    expect(await ofTree(exampleTree(), { ...ENV, OPENAI_API_KEY: '' })).toEqual([
      'c: upstreams[0].apiKey: the environment variable OPENAI_API_KEY is empty',
    ])
    expect(await ofTree(exampleTree(), {})).toEqual([
      'c: upstreams[0].apiKey: the environment variable OPENAI_API_KEY is not set',
      'c: upstreams[1].apiKey: the environment variable ANTHROPIC_API_KEY is not set',
      'c: keys[0].value: the environment variable SUPPORT_BOT_KEY is not set',
      'c: admin.key: the environment variable PARETOBANDIT_ADMIN_KEY is not set',
    ])
    expect(await ofTree(exampleTree(), null)).toEqual([])
    const options = {
      region: '$AWS_REGION',
      secretAccessKey: '$AWS_SECRET',
      accessKeyId: '$SPACED',
      plain: 3,
    }
    const sdk = { id: 'up', protocol: 'ai-sdk', package: '@ai-sdk/amazon-bedrock', options }
    expect(await ofTree({ ...smallTree(), upstreams: [sdk] }, { AWS_SECRET: '', SPACED: 'a ' })).toEqual([
      'c: upstreams[0].options.region: the environment variable AWS_REGION is not set',
      'c: upstreams[0].options.secretAccessKey: the environment variable AWS_SECRET is empty',
      'c: upstreams[0].options.accessKeyId: the environment variable SPACED has spaces or line ends around its value',
      'c: upstreams[0].options.plain: expected a text, $NAME, true or false, got 3',
    ])
    expect(await ofTree({ ...exampleTree(), admin: { key: '$toString' } }, ENV)).toHaveLength(1)
  })

  it('are never repeated, whatever is wrong with them', async () => {
    const bad = 'sk-LEAK-0123456789\n'
    const tree = exampleTree()
    const [first, ...others] = tree.upstreams as Tree[]
    const leaks = [
      ofTree(tree, { ...ENV, OPENAI_API_KEY: bad }),
      ofTree(tree, { ...ENV, OPENAI_API_KEY: 'sk-LEAK-\u00fc' }),
      ofTree(tree, { ...ENV, SUPPORT_BOT_KEY: 'LEAK' }),
      ofTree({ ...tree, upstreams: [{ ...first, apiKey: 'sk-LEAK-plain' }, ...others] }),
      ofTree({ ...tree, upstreams: [{ ...first, headers: { authorization: 'Bearer LEAK\n' } }, ...others] }),
      ofTree({ ...tree, store: { kind: 'redis', url: 'redis://:LEAK@host' } }),
      ofTree({ ...tree, store: { kind: 'redis', url: '$R' } }, { ...ENV, R: 'http://LEAK' }),
      ofTree({ ...tree, rewards: { links: { secret: '$R' } } }, { ...ENV, R: 'LEAK' }),
      ofTree({ ...tree, upstreams: [{ ...first, baseUrl: 'http://user:LEAK@host/v1' }, ...others] }),
      ofTree({ ...tree, upstreams: [{ ...first, baseUrl: 'http://host/v1?key=LEAK' }, ...others] }),
      ofTree({ ...tree, upstreams: [{ ...first, baseUrl: 'http://host/v1#LEAK' }, ...others] }),
    ]
    for (const leak of leaks) {
      const mistakes = await leak
      expect(mistakes).toHaveLength(1)
      expect(mistakes.join()).not.toContain('LEAK')
    }
  })

  it('do not show in a config that is printed', async () => {
    const config = await readConfigText(EXAMPLE, { name: 'gateway.yaml', env: ENV })
    const shown = [
      JSON.stringify(config),
      inspect(config, { depth: 9, showHidden: true }),
      `${config.upstreams[0].apiKey}`,
    ]
    for (const value of Object.values(ENV)) expect(shown.join()).not.toContain(value)
    expect(shown.join()).toContain('$OPENAI_API_KEY')
  })

  it('do not show either where an operator has written one into the file, as a header or an option', async () => {
    const headers = { authorization: 'Bearer LEAK-1', 'x-api-key': 'LEAK-2', 'x-title': 'shown' }
    const options = { apiKey: 'LEAK-3', accessToken: 'LEAK-4', region: 'eu' }
    const tree = smallTree()
    const [first] = tree.upstreams as Tree[]
    const sdk = { id: 'sdk', protocol: 'ai-sdk', package: '@ai-sdk/google', options }
    const config = await readConfig(
      { ...tree, upstreams: [{ ...first, headers }, sdk] },
      { name: 'c', env: ENV },
    )
    const text = JSON.stringify(config)
    expect(text).not.toContain('LEAK')
    expect(text).toContain('shown')
    expect(text).toContain('"eu"')
    const sent = config.upstreams[0].headers.authorization
    expect(typeof sent === 'string' ? sent : sent.reveal()).toBe('Bearer LEAK-1')
  })
})

describe('fields', () => {
  const upstream = (more: Tree) =>
    ofSmall({ upstreams: [{ id: 'up', protocol: 'openai', baseUrl: 'http://h:1', ...more }] })
  const model = (more: Tree) =>
    ofSmall({
      models: [{ id: 'm', upstream: 'up', prices: { inputUsdPerMTok: 1, outputUsdPerMTok: 2 }, ...more }],
    })

  it.each([
    'https://h/v1/',
    'ftp://h',
    'http://u:p@h',
    'http://h?x',
    'http://h#x',
    'http://h:99999',
    'http://h/a b',
    '//h',
    'h',
    '',
  ])('a base URL is not %j', async (baseUrl) => {
    expect(await upstream({ baseUrl })).toHaveLength(1)
  })

  it.each([
    'http://127.0.0.1:8000',
    'https://h.example/openai/v1',
    'http://[::1]:80/v1',
    'http://vllm_1:8000/v1',
  ])('a base URL is %j', async (baseUrl) => {
    expect(await upstream({ baseUrl })).toEqual([])
  })

  it.each(['Host', 'host', 'content-length', 'transfer-encoding', 'proxy-authorization', 'a b', 'a:', ''])(
    'an upstream has no header %j of an operator',
    async (name) => {
      expect(await upstream({ headers: { [name]: 'x' } })).toHaveLength(1)
    },
  )

  it.each(['a\r\nb: c', 'ü', ' a', '$NOBODY', ''])('no header is %j', async (value) => {
    expect(await upstream({ headers: { 'x-a': value } })).toHaveLength(1)
  })

  it('says of an alias what it may be called, and what it may mean', async () => {
    const aliases = {
      m: 'auto',
      auto: 'm',
      a: 'auto:nobody',
      b: 'mm',
      c: 3,
      ' d': 'm',
    }
    expect(await ofSmall({ aliases })).toEqual([
      "c: aliases.auto: expected 1 to 200 characters of ASCII, not 'auto' or 'auto:...', for its name",
      "c: aliases.c: expected 'auto', 'auto:GROUP' or the id of a model, got 3",
      "c: aliases: of each entry expected 1 to 200 characters of ASCII, not 'auto' or 'auto:...', for its name",
      'c: aliases.m: a model is called so',
      'c: aliases.a: no group of a model is called "nobody"; none is configured',
      'c: aliases.b: no model is called "mm"; did you mean \'m\'?',
    ])
    expect(await ofSmall({ aliases: { 'llama3:8b': 'm', '*': 'auto', 'gpt 4': 'm' } })).toEqual([])
  })

  it.each(['auto', 'auto:x', 'a b', 'ü', '', 'a\n', 3, null])('a model is not called %j', async (id) => {
    expect(await model({ id })).not.toEqual([])
  })

  it.each([
    { model: 'x' },
    { stream: true },
    JSON.parse('{"__proto__": {"a": 1}}'),
    { a: JSON.parse('{"__proto__": 1}') },
    { a: Number.NaN },
    'x',
  ])('parameters are not %j', async (parameters) => {
    expect(await model({ parameters })).toHaveLength(1)
  })

  it.each([
    '2027-02-30',
    '2027-13-01',
    'tomorrow',
    '2027-01-01T00:00',
    1_800_000_000_000,
    '2027-01-01T25:00:00Z',
  ])('a time is not %j', async (expiresAt) => {
    expect(await ofSmall({ keys: [{ name: 'k', sha256: 'a'.repeat(64), expiresAt }] })).toHaveLength(1)
  })

  it('a time may have a zone', async () => {
    const at = async (expiresAt: string) =>
      (await readConfig({ ...smallTree(), keys: [{ name: 'k', sha256: 'a'.repeat(64), expiresAt }] })).keys[0]
        .expiresAt
    expect(await at('2027-01-31')).toBe(Date.UTC(2027, 0, 31))
    expect(await at('2027-01-31T01:00:00+02:00')).toBe(Date.UTC(2027, 0, 30, 23))
  })
})
