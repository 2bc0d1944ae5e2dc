import { readFileSync } from 'node:fs'
import { mkdir, readdir, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { parse } from 'yaml'
import { START_PROVIDERS } from '../../src/cli/init/providers.js'
import type { Tree } from '../gateway/config/example.js'
import { folderOfInit, LIST, SECRET, TWO } from './init-list.js'

const folder = folderOfInit()

async function made(...flags: string[]): Promise<{ said: string; text: string; tree: Tree }> {
  const said = await folder.ok(['init', '--prices', 'list.json', ...flags])
  const written = (await folder.read('gateway.yaml')).toString()
  return { said, text: written, tree: parse(written) as Tree }
}

describe('init', () => {
  test('writes a config that check-config takes, and says what comes next', async () => {
    vi.stubEnv('PARETOBANDIT_ADMIN_KEY', `${SECRET}-admin`)
    const { said, text: written, tree } = await made(...TWO, '--usd-per-request', '0.002')
    expect(said.split('\n')).toEqual([
      'gateway.yaml: 2 models on 1 upstream, budget $0.002 per request',
      'next:',
      '  $ paretobandit check-config gateway.yaml',
      '  $ paretobandit keys create my-app',
      '  $ paretobandit serve gateway.yaml',
      'and in clients, with the key that was printed:',
      "  new OpenAI({ baseURL: 'http://127.0.0.1:8787/v1', apiKey: KEY }), and the model 'auto'; 'nano', 'large' mean the same (aliases)",
      '',
    ])
    expect(`${said}${written}`).not.toContain(SECRET)
    expect(written).toMatch(/^# yaml-language-server: \$schema=\S+\/gateway\.schema\.json\n/)
    expect(tree).toEqual({
      listen: { host: '127.0.0.1', port: 8787 },
      store: { kind: 'sqlite', file: 'paretobandit.db' },
      budget: { usdPerRequest: 0.002 },
      upstreams: [
        { id: 'openai', protocol: 'openai', baseUrl: 'https://api.openai.com/v1', apiKey: '$OPENAI_API_KEY' },
      ],
      models: [
        {
          id: 'openai/nano',
          upstream: 'openai',
          upstreamModel: 'nano',
          prices: { inputUsdPerMTok: 0.05, outputUsdPerMTok: 0.4 },
          contextTokens: 400_000,
          maxOutputTokens: 128_000,
          capabilities: ['tools', 'jsonSchema', 'images', 'reasoning'],
        },
        {
          id: 'openai/large',
          upstream: 'openai',
          upstreamModel: 'large',
          prices: { inputUsdPerMTok: 1.25, outputUsdPerMTok: 10 },
          contextTokens: 400_000,
          maxOutputTokens: 400_000,
          capabilities: ['tools', 'jsonSchema', 'images', 'reasoning'],
        },
      ],
      aliases: { nano: 'auto', large: 'auto' },
      admin: { key: '$PARETOBANDIT_ADMIN_KEY' },
    })
    // The user that serves it is often another, as in the image.
    expect((await stat(join(folder.path, 'gateway.yaml'))).mode & 0o777).toBe(0o666 & ~process.umask())
    const checked = await folder.ok(['check-config'])
    expect(checked).toContain('budget $0.002 per request')
    expect(checked).toContain('admin API on')
  })

  test('without a budget it says in the file what requests cost, and a budget that can be taken as it stands', async () => {
    const { said, text: written, tree } = await made(...TWO)
    expect(said).toMatch(/^gateway\.yaml: 2 models on 1 upstream, no budget$/m)
    expect(tree).not.toHaveProperty('budget')
    expect(tree).not.toHaveProperty('admin')
    expect(written).toContain('#   $0.000170  openai/nano\n#   $0.00425  openai/large\n')
    const taken = written.replace(/^# (?=budget|caps:| {2}- \{ usd|admin:| {2}'\*')/gm, '')
    await folder.write('taken.yaml', taken)
    vi.stubEnv('PARETOBANDIT_ADMIN_KEY', SECRET)
    const checked = await folder.ok(['check-config', 'taken.yaml'])
    expect(checked).toContain('budget $0.00085 per request, cap $100 per month (UTC)')
    expect(checked).toContain('admin API on')
    expect(parse(taken)).toMatchObject({ aliases: { '*': 'auto' } })
  })

  test('a month has a cap, and with its requests each has a budget', async () => {
    const month = ['--usd-per-month', '500', '--requests-per-month', '300000']
    const { said, tree } = await made(...TWO, ...month)
    expect(tree).toMatchObject({ budget: { usdPerRequest: 0.00166 }, caps: [{ usd: 500, per: 'month' }] })
    expect(said).toContain('budget $0.00166 per request, cap $500 per month')
    const alone = await folder.run(['init', '-', '--prices', 'list.json', ...TWO, '--usd-per-month', '5'])
    expect(parse(alone.stdout)).not.toHaveProperty('budget')
    expect(alone.stderr).toContain('no budget, cap $5 per month')
    const exact = [...TWO, '--usd-per-month', '30', '--requests-per-month', '10000']
    const { stdout } = await folder.run(['init', '-', '--prices', 'list.json', ...exact])
    expect(parse(stdout)).toMatchObject({ budget: { usdPerRequest: 0.003 } })
  })

  test.each([
    ['0.0001', /note: the budget is below \$0\.00017, what a request of .* costs on the cheapest model/],
    ['0.01', /note: the budget is not below \$0\.00425, what a request of .* it saves nothing/],
  ])('says of a budget of %s that it can do nothing', async (budget, note) => {
    expect((await made(...TWO, '--usd-per-request', budget)).said).toMatch(note)
  })

  test('prints to standard output, and writes nothing', async () => {
    const { code, stdout, stderr } = await folder.run(['init', '-', '--prices', 'list.json', ...TWO])
    expect(code).toBe(0)
    expect(parse(stdout)).toMatchObject({ aliases: { nano: 'auto' } })
    expect(stderr).toMatch(/^standard output: 2 models on 1 upstream, no budget\nnext:\n/)
    expect(await readdir(folder.path)).toEqual(['list.json'])
  })

  test('leaves every file that is there', async () => {
    const words = ['init', '--prices', 'list.json', ...TWO]
    await folder.write('gateway.yml', 'old')
    await folder.refused(
      words,
      /gateway\.yml: expected a new file, it is there already: edit it, name another/,
    )
    await folder.write('other.yaml', 'old')
    await folder.refused([...words, 'other.yaml'], /other\.yaml: expected a new file, it is there already/)
    await mkdir(join(folder.path, 'a'))
    await folder.refused([...words, 'a'], /a: expected a new file/)
    await folder.refused([...words, 'none/g.yaml'], /none\/g\.yaml: cannot write it: no such file or folder/)
    await folder.refused([...words, 'g.json'], /g\.json: expected a name that ends in \.yaml/)
    for (const name of ['gateway.yml', 'other.yaml']) expect((await folder.read(name)).toString()).toBe('old')
    const said = await folder.ok([...words, 'my gateway.yaml'])
    expect(said).toContain("  $ paretobandit keys create my-app --config 'my gateway.yaml'\n")
  })

  test('without --model it lists the models of the keys that are set, by what they cost, and writes nothing', async () => {
    vi.stubEnv('ANTHROPIC_API_KEY', SECRET)
    const said = await folder.ok(['init', '--prices', 'list.json'])
    expect(said).toMatch(/^list\.json \(models\.dev\): models of openai, anthropic; USD per million tokens/)
    const rows = said.split('\n').filter((line) => /^(openai|anthropic|google)\//.test(line))
    expect(rows.map((row) => row.split(/ {2,}/))).toEqual([
      ['openai/nano', '0.05', '0.4', '0.170', '400000'],
      ['anthropic/haiku', '1', '5', '2.500', '-', '--unpriced dearest'],
      ['openai/large', '1.25', '10', '4.250', '400000'],
    ])
    expect(said).toMatch(/^1 more is not shown: /m)
    expect(said).toMatch(
      /^Nothing is written yet\. Choose two to five that you would use, far apart in price/m,
    )
    expect(await readdir(folder.path)).toEqual(['list.json'])
    vi.stubEnv('MISTRAL_API_KEY', SECRET)
    expect(await folder.ok(['init', '--prices', 'list.json'])).toMatch(/^none in this list: mistral$/m)
    vi.unstubAllEnvs()
    vi.stubEnv('OPENAI_API_KEY', '')
    expect(await folder.ok(['init', '--prices', 'list.json', '--no-secrets'])).toContain('google/flash')
  })

  test('models of several providers are reached by every client, by packages of the AI SDK', async () => {
    vi.stubEnv('ANTHROPIC_API_KEY', SECRET)
    vi.stubEnv('GOOGLE_API_KEY', SECRET)
    const models = [...TWO, '--model', 'anthropic/haiku', '--model', 'gemini/flash']
    const { said, tree } = await made(...models, '--unpriced', 'dearest')
    expect(tree.upstreams).toMatchObject([
      { id: 'openai' },
      { id: 'anthropic', protocol: 'ai-sdk', package: '@ai-sdk/anthropic', apiKey: '$ANTHROPIC_API_KEY' },
      { id: 'google', protocol: 'ai-sdk', package: '@ai-sdk/google', apiKey: '$GOOGLE_API_KEY' },
    ])
    expect(said).toContain('note: anthropic/haiku: the list has no price of cacheWrite1h')
    expect(said).toContain('  $ npm install @ai-sdk/google\n')
    expect(said).not.toContain('npm install @ai-sdk/anthropic')
    expect(await folder.ok(['check-config'])).toContain('4 models on 3 upstreams')
  })

  test('models of Anthropic alone are reached by its own protocol', async () => {
    vi.stubEnv('ANTHROPIC_API_KEY', SECRET)
    vi.stubEnv('ANTHROPIC_BASE_URL', 'https://proxy.example.com/anthropic/')
    const { said, tree } = await made('--model', 'anthropic/haiku', '--unpriced', 'dearest')
    expect(tree.upstreams).toMatchObject([
      { protocol: 'anthropic', baseUrl: 'https://proxy.example.com/anthropic/v1' },
    ])
    expect(tree.models).toMatchObject([{ capabilities: ['tools', 'jsonSchema', 'files'] }])
    expect(said).toContain('note: anthropic is called at the address that ANTHROPIC_BASE_URL has')
    expect(said).toContain("new Anthropic({ baseURL: 'http://127.0.0.1:8787', apiKey: KEY })")
    expect(said).toContain("'haiku' means the same")
    expect(said).toContain('note: with one model there is nothing to choose')
    expect(await folder.ok(['check-config'])).toContain('1 model on 1 upstream')
  })

  test.each(START_PROVIDERS)('knows where $id is', async ({ id, alsoCalled, keyNames }) => {
    vi.stubEnv('OPENAI_API_KEY', '')
    vi.stubEnv(keyNames[keyNames.length - 1], SECRET)
    await folder.write('list.json', [
      { id: `${id}/m`, inputUsdPerMTok: 1, outputUsdPerMTok: 2 },
      { id: 'plain', inputUsdPerMTok: 2, outputUsdPerMTok: 4 },
    ])
    const word = alsoCalled[0] ?? id
    const { tree } = await made('--model', `${word}/m`, '--model', `${id}/plain`)
    expect(tree.models).toMatchObject([
      { id: `${id}/m`, upstream: id, prices: { inputUsdPerMTok: 1 } },
      { id: `${id}/plain`, upstreamModel: 'plain', prices: { inputUsdPerMTok: 2 } },
    ])
    expect(await folder.ok(['check-config'])).toContain('2 models on 1 upstream')
    expect(await folder.ok(['init', '--prices', 'list.json'])).toContain(`${id}/m`)
  })

  test('writes names of all kinds so that they are read again', async () => {
    const names = [
      ...'? - | ! & @ % # * ~ > ` , { [ } ]'.split(' '),
      'a:b',
      '123',
      'null',
      'yes',
      "'",
      '"',
      '{x}',
      '<<',
      'a#b',
      '$A',
      '\\',
      '__proto__',
    ]
    await folder.write(
      'list.json',
      names.map((name) => ({ id: `openai/${name}`, inputUsdPerMTok: 1, outputUsdPerMTok: 2 })),
    )
    const { text: written, tree } = await made(...names.flatMap((name) => ['--model', `openai/${name}`]))
    for (const line of written.split('\n')) expect(line.length).toBeLessThan(140)
    const models = tree.models as readonly Tree[]
    expect(models.map(({ upstreamModel }) => upstreamModel)).toEqual(names)
    expect(models.map(({ id }) => id)).toEqual(names.map((name) => `openai/${name}`))
    // Of aliases '*' would be all other names.
    expect(Object.keys(tree.aliases as Tree).sort()).toEqual(
      names.filter((name) => name !== '*' && name !== '<<').sort(),
    )
    expect(await folder.ok(['check-config'])).toContain(`${names.length} models on 1 upstream`)
  })

  test('takes sizes and capabilities of LiteLLM and of OpenRouter as well', async () => {
    const costs = { input_cost_per_token: 1e-6, output_cost_per_token: 2e-6, litellm_provider: 'openai' }
    await folder.write('list.json', {
      nano: { ...costs, mode: 'chat', max_input_tokens: 1000, max_output_tokens: 500, supports_vision: true },
      long: { ...costs, mode: 'responses' },
      vector: { ...costs, mode: 'embedding' },
      'ft:nano': { ...costs, mode: 'chat' },
      gone: { ...costs, mode: 'chat', deprecation_date: '2020-01-01' },
    })
    const rows = (await folder.ok(['init', '--prices', 'list.json'])).match(/^openai\/.*$/gm) ?? []
    expect(rows.map((row) => row.split(/ +/)[0])).toEqual(['openai/nano', 'openai/long'])
    expect(rows[1]).toMatch(/clients of \/v1\/responses$/)
    const litellm = await made('--model', 'openai/nano', '--model', 'openai/long')
    expect(litellm.tree.models).toMatchObject([
      { maxInputTokens: 1000, maxOutputTokens: 500, capabilities: ['tools', 'jsonSchema', 'images'] },
      { id: 'openai/long' },
    ])
    expect(litellm.said).toContain('note: openai/long: it answers /v1/responses alone')
    await folder.refused(
      ['init', 'g.yaml', '--prices', 'list.json', '--model', 'openai/vector'],
      /--model: expected models for chats, as list\.json has others under openai\/vector: .*kind: embeddings/,
    )
    vi.stubEnv('OPENROUTER_API_KEY', SECRET)
    const architecture = { input_modalities: ['text', 'file'], output_modalities: ['text'] }
    await folder.write('list.json', {
      data: [
        {
          id: 'openai/nano',
          pricing: { prompt: '0.000001', completion: '0.000002' },
          architecture,
          context_length: 2000,
          top_provider: { max_completion_tokens: 300 },
          supported_parameters: ['tools', 'logprobs'],
        },
      ],
    })
    expect(await folder.ok(['init', '--prices', 'list.json'])).toContain('openrouter/openai/nano')
    const { stdout } = await folder.run([
      ...['init', '-', '--prices', 'list.json', '--model', 'openrouter/openai/nano'],
      ...['--model', 'openai/nano'],
    ])
    const { models, aliases } = parse(stdout) as Tree
    expect(models).toMatchObject([
      {
        id: 'openrouter/openai/nano',
        upstreamModel: 'openai/nano',
        contextTokens: 2000,
        maxOutputTokens: 300,
        capabilities: ['tools', 'files', 'logprobs'],
      },
      { id: 'openai/nano', upstreamModel: 'nano', prices: { inputUsdPerMTok: 1 } },
    ])
    // A model's own id is no alias.
    expect(aliases).toEqual({ nano: 'auto' })
    vi.stubEnv('OPENROUTER_API_KEY', '')
    await folder.refused(
      ['init', '--prices', 'list.json'],
      /expected models of openai, .*: OpenRouter's \/models has none, as its names are those of OpenRouter/,
    )
  })
})

describe('a list at an address', () => {
  const server = createServer((_, response) => response.end(JSON.stringify(LIST)))
  let url = ''
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api.json`
  })
  afterAll(() => {
    server.close()
  })

  test('is read again by the gateway, under the same names and with the same choices', async () => {
    const as = ['--as', 'openai/tiny=openai/nano', '--accept', 'openai/large', '--unpriced', 'dearest']
    const words = ['init', '-', '--prices', url, '--model', 'openai/tiny', '--model', 'openai/large', ...as]
    const { stdout } = await folder.run(words)
    expect(parse(stdout)).toMatchObject({
      models: [
        {
          id: 'openai/tiny',
          upstreamModel: 'tiny',
          prices: { inputUsdPerMTok: 0.05 },
          contextTokens: 400_000,
        },
        { id: 'openai/large' },
      ],
      prices: {
        source: url,
        format: 'models.dev',
        refresh: '6h',
        unpriced: 'dearest',
        accept: ['openai/large'],
        models: { 'openai/tiny': 'openai/nano', 'openai/large': 'openai/large' },
      },
    })
    // What is accepted stays accepted, whatever the list says next.
    expect(stdout).toMatch(/# .* a price that is far off is not taken, but of models under 'accept'\. /)
    await folder.write('g.yaml', stdout)
    expect(await folder.ok(['check-config', 'g.yaml'])).toContain(
      `prices from ${url}, read again every 6 hours`,
    )
  })

  test('that no config may hold is left to a variable', async () => {
    const { stdout } = await folder.run(['init', '-', '--prices', `${url}/@me/list`, ...TWO])
    expect(parse(stdout)).not.toHaveProperty('prices')
    expect(stdout).toContain('# prices: { source: $PRICE_LIST_URL }')
  })

  test('with a token in it is in no output', async () => {
    const secret = `${url}?token=${SECRET}`
    const listed = await folder.run(['init', '--prices', secret])
    const { stdout, stderr } = await folder.run(['init', '-', '--prices', secret, ...TWO])
    for (const each of [listed.stdout, listed.stderr, stdout, stderr]) expect(each).not.toContain(SECRET)
    expect(listed.stdout).toContain('init --prices LIST --model')
    expect(parse(stdout)).not.toHaveProperty('prices')
    expect(stdout).toContain('# prices: { source: $PRICE_LIST_URL }')
  })
})

describe('what is said of init', () => {
  test.each(['docs/GATEWAY.md', 'README.md'])('the lines of %s do what they say', async (page) => {
    const docs = readFileSync(new URL(`../../${page}`, import.meta.url), 'utf8')
    const lines = docs.match(/^ *paretobandit (init|check-config gateway\.yaml|keys create) ?.*$/gm) ?? []
    const { nano, large } = LIST.openai.models
    await folder.write('list.json', { openai: { models: { 'gpt-5-nano': nano, 'gpt-5': large } } })
    const said: string[] = []
    // A page has other keys later.
    for (const line of lines.slice(0, 1 + lines.findIndex((each) => each.includes('keys create')))) {
      const words = line
        .trim()
        .replace(/ +#.*$/, '')
        .replace('https://models.dev/api.json', 'list.json')
        .split(' ')
      const { code, stdout, stderr } = await folder.run(words.slice(1))
      expect(code, `${line}: ${stderr}`).toBe(0)
      said.push(stdout)
    }
    const key = said.pop()
    expect(said[0]).toContain('openai/gpt-5-nano')
    expect(said[1]).toContain('gateway.yaml: 2 models on 1 upstream, budget $0.002 per request')
    for (const checked of said.slice(2)) expect(checked).toContain('gateway.yaml: no mistakes')
    expect(key).toMatch(/^pb-[0-9a-f]{64}$/m)
  })

  test('its help and its docs name every variable that it reads, and no flag without a use', async () => {
    const docs = readFileSync(new URL('../../docs/GATEWAY.md', import.meta.url), 'utf8')
    const help = await folder.ok(['init', '--help'])
    for (const { keyNames, addressName } of START_PROVIDERS)
      for (const name of [...keyNames, addressName ?? []].flat())
        for (const each of [help, docs]) expect(each).toContain(name)
    expect(help).not.toContain('--driver')
  })
})
