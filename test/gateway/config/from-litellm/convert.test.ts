import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { configTextOf, stepsOf } from '../../../../src/gateway/config/from-litellm/config-text.js'
import { type ConvertOptions, fromLiteLlm } from '../../../../src/gateway/config/from-litellm/convert.js'
import { grownNames } from '../../../../src/gateway/config/from-litellm/old-names.js'
import { readConfigText } from '../../../../src/gateway/config/read-config.js'
import { ParetoBanditError } from '../../../../src/index.js'
import { expectRejection } from '../../../support/errors.js'
import type { Tree } from '../example.js'

const SECRET = 'sk-this-is-a-secret-0123456789'

/** Converts, and checks that the gateway takes what comes out. */
async function converted(file: Tree, options: Partial<ConvertOptions> = {}) {
  const made = await fromLiteLlm(file, { env: {}, prices: null, ...options })
  const text = configTextOf(made, 'config.yaml')
  const config = await readConfigText(text, { name: 'gateway.yaml', env: null })
  expect(text).not.toContain(SECRET)
  expect(parse(text)).toEqual(made.tree)
  const { toDo, changed, leftOut } = made.findings
  return { tree: made.tree, text, config, steps: stepsOf(made), toDo, changed, leftOut }
}

const of = (params: Tree, more: Tree = {}): Tree => ({
  model_list: [{ model_name: 'm', litellm_params: params, ...more }],
})

/** The only upstream and the only model that come of a deployment. */
async function one(params: Tree, more: Tree = {}, options: Partial<ConvertOptions> = {}) {
  const { tree, ...others } = await converted(of(params, more), options)
  const [upstream] = tree.upstreams as Tree[]
  const [model] = tree.models as Tree[]
  return { upstream, model, tree, ...others }
}

describe('a model of LiteLLM', () => {
  it.each([
    ['openai/gpt-4o', 'openai', 'https://api.openai.com/v1', '$OPENAI_API_KEY', 'gpt-4o'],
    ['gpt-4o', 'openai', 'https://api.openai.com/v1', '$OPENAI_API_KEY', 'gpt-4o'],
    ['o3-mini', 'openai', 'https://api.openai.com/v1', '$OPENAI_API_KEY', 'o3-mini'],
    ['groq/llama-3.1-8b', 'openai', 'https://api.groq.com/openai/v1', '$GROQ_API_KEY', 'llama-3.1-8b'],
    ['openrouter/qwen/qwen3', 'openai', 'https://openrouter.ai/api/v1', '$OPENROUTER_API_KEY', 'qwen/qwen3'],
    ['command-r', 'openai', 'https://api.cohere.ai/compatibility/v1', '$COHERE_API_KEY', 'command-r'],
    ['ollama/llama3', 'openai', 'http://localhost:11434/v1', undefined, 'llama3'],
    ['claude-sonnet-4-5', 'ai-sdk', undefined, '$ANTHROPIC_API_KEY', 'claude-sonnet-4-5'],
    ['gemini/gemini-2.5-flash', 'ai-sdk', undefined, '$GEMINI_API_KEY', 'gemini-2.5-flash'],
    ['vertex_ai/gemini-2.5-pro', 'ai-sdk', undefined, undefined, 'gemini-2.5-pro'],
    ['bedrock/converse/anthropic.claude-v2', 'ai-sdk', undefined, undefined, 'anthropic.claude-v2'],
    ['openai/responses/gpt-5', 'openai', 'https://api.openai.com/v1', '$OPENAI_API_KEY', 'gpt-5'],
  ])('%s is called at its provider', async (model, protocol, baseUrl, apiKey, upstreamModel) => {
    const made = await one({ model })
    expect(made.upstream).toMatchObject({ protocol, ...(apiKey === undefined ? {} : { apiKey }) })
    expect([made.upstream.baseUrl, made.upstream.apiKey]).toEqual([baseUrl, apiKey])
    expect(made.model).toMatchObject({ id: 'm', upstreamModel })
    const { package: name } = made.upstream
    expect(made.toDo.includes(`npm install ${name}`)).toBe(protocol === 'ai-sdk')
  })

  it.each([
    ['azure/eu', 'https://x.openai.azure.com/', 'https://x.openai.azure.com/openai/v1'],
    ['azure/eu', 'https://x.openai.azure.com/openai/v1/', 'https://x.openai.azure.com/openai/v1'],
    ['openai/q', 'http://localhost:8000/v1', 'http://localhost:8000/v1'],
    ['openai/q', 'http://localhost:8000/v1/chat/completions?x=1', 'http://localhost:8000/v1'],
    ['hosted_vllm/q', 'https://gpu.example.com', 'https://gpu.example.com'],
    ['azure/eu', 'https://x.openai.azure.com/openai', 'https://x.openai.azure.com/openai/v1'],
    ['azure/eu', 'https://x.openai.azure.com/openai/deployments/eu/', 'https://x.openai.azure.com/openai/v1'],
    [
      'azure/eu',
      'https://x.openai.azure.com/openai/deployments/eu/chat/completions?api-version=2024-02-01',
      'https://x.openai.azure.com/openai/v1',
    ],
    ['ollama_chat/q', 'http://gpu:11434', 'http://gpu:11434/v1'],
    ['ollama_chat/q', 'http://gpu:11434/api/chat', 'http://gpu:11434/v1'],
  ])('%s at %s is called there', async (model, api_base, baseUrl) => {
    const { upstream } = await one({ model, api_base, api_key: 'os.environ/MY_KEY' })
    expect(upstream).toMatchObject({ protocol: 'openai', baseUrl, apiKey: '$MY_KEY' })
  })

  it("of a provider's own address, written out, has its key", async () => {
    for (const api_base of ['https://api.openai.com/v1', 'https://api.openai.com/v1/']) {
      const { upstream, changed } = await one({ model: 'openai/gpt-5', api_base })
      expect(upstream).toMatchObject({ baseUrl: 'https://api.openai.com/v1', apiKey: '$OPENAI_API_KEY' })
      expect(changed).toEqual([])
    }
  })

  it("of a package has the provider's key and path at its own address, and its path alone at another", async () => {
    for (const api_base of [
      ...['https://api.anthropic.com', 'https://api.anthropic.com/', 'https://api.anthropic.com/v1'],
      'https://api.anthropic.com/v1/messages',
    ]) {
      const { upstream, changed } = await one({ model: 'anthropic/claude-sonnet-4-5', api_base })
      expect(upstream).toMatchObject({ package: '@ai-sdk/anthropic', apiKey: '$ANTHROPIC_API_KEY' })
      expect([upstream.baseUrl, changed]).toEqual([undefined, []])
    }
    const { upstream } = await one({
      model: 'anthropic/claude-sonnet-4-5',
      api_base: 'https://proxy.example.com/anthropic',
    })
    expect([upstream.baseUrl, upstream.apiKey]).toEqual(['https://proxy.example.com/anthropic/v1', undefined])
    const google = await one({
      model: 'gemini/gemini-2.5-pro',
      api_base: 'https://generativelanguage.googleapis.com/v1beta',
    })
    expect(google.upstream).toEqual({
      ...{ id: 'gemini', protocol: 'ai-sdk', package: '@ai-sdk/google', apiKey: '$GEMINI_API_KEY' },
    })
  })

  it('is told where its address has a user or a query, which may be a secret', async () => {
    const { upstream, changed } = await one({
      model: 'openai/q',
      api_base: `https://me:${SECRET}@gpu.example.com/v1?code=${SECRET}&api-version=1`,
      api_key: 'none',
    })
    expect(upstream.baseUrl).toBe('https://gpu.example.com/v1')
    expect(changed).toEqual([
      'model_list[0]: of its api_base not taken over: the user and password, the query (code)',
    ])
  })

  it('of Anthropic on Vertex is called by the part of the package for it', async () => {
    const { upstream, toDo } = await one({
      model: 'vertex_ai/claude-sonnet-4-5',
      vertex_project: 'p',
      vertex_location: 'os.environ/REGION',
    })
    expect(upstream).toMatchObject({
      package: '@ai-sdk/google-vertex/anthropic',
      options: { project: 'p', location: '$REGION' },
    })
    expect(toDo).toEqual(['npm install @ai-sdk/google-vertex'])
  })

  it("sends a provider's key nowhere else", async () => {
    const { upstream, changed } = await one({ model: 'openai/q', api_base: 'http://gpu:8000/v1' })
    expect(upstream.apiKey).toBeUndefined()
    expect(changed).toContainEqual(
      'model_list[0]: no key is sent to gpu:8000: LiteLLM sent OPENAI_API_KEY where that was set',
    )
  })

  it('is where a variable says, if that is set', async () => {
    const params = { model: 'azure/eu', api_base: 'os.environ/AZURE_BASE' }
    const env = { AZURE_BASE: 'https://x.openai.azure.com' }
    const { upstream } = await one(params, {}, { env })
    expect(upstream.baseUrl).toBe('https://x.openai.azure.com/openai/v1')
    await expectRejection(fromLiteLlm(of(params), { env: {}, prices: null }), 'DATA_INVALID', 'model_list')
    const both = {
      model_list: [...(of(params).model_list as Tree[]), ...(of({ model: 'gpt-5' }).model_list as Tree[])],
    }
    expect((await converted(both)).leftOut).toEqual([
      'model_list[0] (m): its address is in AZURE_BASE, which is not set here: set it and convert again',
    ])
  })

  it('has what the credential has that it names', async () => {
    const credential_list = [
      { credential_name: 'other', credential_values: { api_key: 'os.environ/OTHER' } },
      {
        credential_name: 'eu',
        credential_values: { api_key: SECRET, api_base: 'https://x.openai.azure.com', api_version: '2024' },
      },
    ]
    const params = { model: 'azure/eu', litellm_credential_name: 'eu', base_model: 'azure/gpt-5' }
    const { tree, steps, changed } = await converted({ ...of(params), credential_list })
    expect(tree.upstreams).toMatchObject([
      { baseUrl: 'https://x.openai.azure.com/openai/v1', apiKey: '$AZURE_API_KEY' },
    ])
    expect([steps, changed]).toEqual([
      [
        'credential_list[1].credential_values.api_key: a secret stands there: put it into the environment as AZURE_API_KEY',
      ],
      [],
    ])
    const own = await converted({ ...of({ ...params, api_key: 'os.environ/OWN' }), credential_list })
    expect(own.tree.upstreams).toMatchObject([{ apiKey: '$OWN' }])
    const gone = of({ model: 'gpt-5', litellm_credential_name: 'gone' })
    expect((await converted({ ...gone, credential_list })).toDo).toEqual([
      'model_list[0]: litellm_credential_name: no credential of the file has this name: write its apiKey',
    ])
  })

  it('is where a variable says that the file sets, and all of these have to be set here', async () => {
    const { tree, steps, text } = await converted({
      ...of({ model: 'openai/q', api_base: 'os.environ/BASE', api_key: 'os.environ/KEY' }),
      environment_variables: { BASE: 'https://x.example/v1', KEY: SECRET, [`a:${SECRET}`]: 1 },
    })
    expect(tree.upstreams).toMatchObject([{ baseUrl: 'https://x.example/v1', apiKey: '$KEY' }])
    expect(steps).toEqual([
      'environment_variables: the gateway sets none: put those into its environment that it reads: KEY',
    ])
    expect(text).not.toContain('environment_variables, ')
  })

  it('keeps its parameters, sizes, capabilities and headers', async () => {
    const { upstream, model, changed } = await one(
      {
        model: 'openai/gpt-5',
        temperature: 0.2,
        max_tokens: 50,
        extra_body: { top_k: 3, model: 'other', 'a b': 1 },
        additional_drop_params: ['top_p'],
        organization: 'os.environ/ORG',
        extra_headers: { 'X-Team': SECRET },
        rpm: 6,
        shine: true,
      },
      { model_info: { max_input_tokens: 100_000, max_output_tokens: 200_000, supports_vision: true } },
    )
    expect(model).toMatchObject({
      parameters: { top_k: 3, top_p: null },
      // In LiteLLM a client's own go before these.
      defaultParameters: { temperature: 0.2, max_tokens: 50 },
      // The list has no sum of both: what fits each may be asked for together.
      maxInputTokens: 100_000,
      maxOutputTokens: 200_000,
      capabilities: ['tools', 'jsonSchema', 'images'],
    })
    expect(Object.keys(model.parameters as Tree).sort()).toEqual(['top_k', 'top_p'])
    expect(upstream.headers).toEqual({ 'x-team': '$HEADER_X_TEAM', 'openai-organization': '$ORG' })
    expect(changed).toEqual([
      expect.stringMatching(/^model_list\[0\]: rpm: limits are set for keys/),
      'model_list[0].litellm_params: not taken over: shine, model, a b',
    ])
  })

  it.each([
    [{ api_key: SECRET }, 'api_key'],
    [{ options: [{ Authorization: `Bearer ${SECRET}` }] }, 'options'],
    [{ access_token: SECRET }, 'access_token'],
  ])('copies no secret that stands in its body: %j', async (extra_body, name) => {
    const { model, changed } = await one({
      model: 'openai/gpt-5',
      extra_body: { ...extra_body, max_tokens: 5 },
    })
    expect(model.parameters).toEqual({ max_tokens: 5 })
    expect(changed).toEqual([`model_list[0].litellm_params: not taken over: ${name}`])
  })

  it('copies no secret that YAML has made part of a name or of the text of the line before', async () => {
    const grown = `api_key:${SECRET}`
    const params = { model: 'gpt-5', [grown]: null, extra_body: { [grown]: null }, user: `a ${grown}` }
    const { changed, model } = await one(
      { ...params, vertex_project: `p ${grown}` },
      { [grown]: 1, model_info: { [grown]: null } },
    )
    expect(model.parameters).toBeUndefined()
    expect(changed.join('\n')).toContain('a name of 38 characters')
    for (const section of ['litellm_settings', 'router_settings', 'general_settings', 'guardrails'])
      await converted({ ...of({ model: 'gpt-5' }), [section]: { [grown]: null }, [grown]: null })
    for (const odd of [
      { model: `gpt-5 ${grown}` },
      { model: 'openai/q', api_base: `https://x.example/v1 ${grown}` },
    ])
      await expect(fromLiteLlm(of(odd), { env: {}, prices: null })).rejects.toThrow(/^(?!.*secret)/s)
    const vertex = await one({ model: 'vertex_ai/gemini-2.5-pro', vertex_project: `p ${grown}` })
    expect(vertex.upstream.options).toEqual({ project: '$VERTEX_PROJECT' })
    const tagged = await one({ model: 'ollama/monkey:7b', stop: ['\nkey: '] }, { model_name: 'monkey:7b' })
    expect(tagged.model).toMatchObject({ id: 'monkey:7b', defaultParameters: { stop: ['\nkey: '] } })
    const named = { model_list: [{ model_name: `m ${grown}`, litellm_params: { model: 'gpt-5' } }] }
    await expect(fromLiteLlm(named, { env: {}, prices: null })).rejects.toThrow(/^(?!.*secret)/s)
    const based = await one({ model: 'gpt-5' }, { model_info: { base_model: `gpt-5 ${grown}` } })
    expect(based.tree.prices).toMatchObject({ models: { m: 'gpt-5' } })
  })

  it('names all that it has and that is not taken over', async () => {
    const { model, changed } = await one(
      {
        model: 'openai/gpt-5',
        region_name: 'eu',
        ...{
          weight: 2,
          order: 1,
          tags: ['paid'],
          max_retries: 4,
          num_retries: 2,
          drop_params: true,
          headers: { 'X-A': 'os.environ/A' },
        },
      },
      {
        rpm: 3,
        model_info: {
          ...{
            id: 'x',
            base_model: 'gpt-5',
            max_tokens: '4096',
            max_input_tokens: '1e5',
            supports_vision: 'yes',
          },
          ...{ access_groups: ['beta models'], team_id: 't', description: 'd' },
        },
      },
    )
    expect(model).toMatchObject({
      ...{ maxInputTokens: 100_000, maxOutputTokens: 4096, region: 'eu', groups: ['beta-models'] },
      capabilities: ['tools', 'jsonSchema', 'images'],
    })
    expect(changed).toEqual([
      'model_list[0]: weight, order: the router decides by rewards and costs',
      'model_list[0]: max_retries, num_retries: retries are the same for all models',
      'model_list[0]: drop_params: a model that does not take a member is passed over for those that do',
      'model_list[0].litellm_params: not taken over: tags',
      'model_list[0].model_info: not taken over: team_id, description',
      'model_list[0]: not taken over: rpm',
      "model_info.access_groups: 'beta-models' in place of 'beta models'",
    ])
  })

  it('that is in a group of keys is not asked under the name of others, where that group is called so', async () => {
    const entry = (name: string, model: string, groups: readonly string[] = []) => ({
      ...{ model_name: name, litellm_params: { model } },
      ...(groups.length === 0 ? {} : { model_info: { access_groups: groups } }),
    })
    const { config } = await converted({
      model_list: [
        ...[entry('fast', 'openai/gpt-5-mini'), entry('fast', 'groq/llama-3.1-8b')],
        entry('dear', 'openai/gpt-5', ['fast']),
      ],
    })
    const group = config.aliases.fast.replace('auto:', '')
    const inGroup = (name: string) =>
      config.models.filter(({ groups }) => groups.includes(name)).map(({ upstreamModel }) => upstreamModel)
    expect(inGroup(group)).toEqual(['gpt-5-mini', 'llama-3.1-8b'])
    expect(inGroup('fast')).toEqual(['gpt-5'])
  })

  it('whose parameters stand in variables has no text in their place', async () => {
    const { model, changed } = await one({
      model: 'openai/gpt-5',
      ...{ temperature: 'os.environ/T', user: ' os.environ/U', stop: ['$5'], max_tokens: 5 },
      extra_body: { metadata: { app: ['os.environ/APP'] } },
    })
    expect(model).not.toHaveProperty('parameters')
    expect(model.defaultParameters).toEqual({ stop: ['$5'], max_tokens: 5 })
    expect(changed).toEqual(['model_list[0].litellm_params: not taken over: temperature, user, metadata'])
  })

  it('is the one that a variable names, if that is set', async () => {
    const params = { model: 'os.environ/MODEL' }
    const { upstream, model, tree } = await one(params, {}, { env: { MODEL: 'anthropic/claude-sonnet-4-5' } })
    expect([upstream.package, model.upstreamModel]).toEqual(['@ai-sdk/anthropic', 'claude-sonnet-4-5'])
    expect(tree.prices).toMatchObject({ models: { m: 'anthropic/claude-sonnet-4-5' } })
    await expect(fromLiteLlm(of(params), { env: {}, prices: null })).rejects.toThrow(
      'its model is in MODEL, which is not set here: set it and convert again',
    )
  })

  it.each([
    [{ model: 'vertex_ai/gemini-2.5-pro', vertex_credentials: SECRET }, /GOOGLE_APPLICATION_CREDENTIALS/],
    [
      { model: 'bedrock/amazon.nova-pro-v1:0', aws_role_name: 'r', aws_profile_name: 'p' },
      /AWS_ACCESS_KEY_ID/,
    ],
    [
      { model: 'azure/eu', api_base: 'https://x.openai.azure.com', tenant_id: 't', client_secret: SECRET },
      /key/,
    ],
  ])('that shows who it is in another way has to be told so: %j', async (params, what) => {
    const { toDo } = await one(params, { model_info: { base_model: 'gpt-5' } })
    expect(toDo.filter((line) => line.startsWith('model_list[0]'))).toEqual([expect.stringMatching(what)])
  })

  it('tells the package of the AI SDK what LiteLLM was told', async () => {
    const { upstream } = await one({
      model: 'bedrock/anthropic.claude',
      aws_region_name: 'us-east-1',
      aws_access_key_id: 'os.environ/KEY_ID',
      aws_secret_access_key: SECRET,
    })
    expect(upstream).toMatchObject({
      package: '@ai-sdk/amazon-bedrock',
      options: { region: 'us-east-1', accessKeyId: '$KEY_ID', secretAccessKey: '$AWS_SECRET_ACCESS_KEY' },
    })
  })

  it.each([
    [{ model: 'openai/*' }, {}, /stands for every model/],
    [{ model: 'sagemaker/x' }, {}, /its provider 'sagemaker' is not known here/],
    [{ model: 'my-own' }, {}, /its provider cannot be told from its name/],
    [{ model: 'azure/eu' }, {}, /has no api_base/],
    [{ model: 'openai/x', api_base: 'nowhere' }, {}, /api_base is no URL/],
    [{ model: 'dall-e-3' }, {}, /no model for chats or embeddings/],
    [{ model: 'x' }, { model_info: { mode: 'rerank' } }, /no model for chats or embeddings/],
    [{ model: 'openai/whisper-1' }, {}, /no model for chats or embeddings/],
    [{ model: 'openai/x' }, { model_info: { mode: 'image_generation' } }, /no model for chats/],
    [{ model: 'gemini/text-embedding-004' }, {}, /embeddings of gemini are not reached/],
    [{}, {}, /no model_name, or no model/],
  ])('is left out where it cannot be called: %j', async (params, more, why) => {
    const list = of(params, more).model_list as Tree[]
    const { leftOut, tree } = await converted({
      model_list: [...list, ...(of({ model: 'gpt-5' }).model_list as Tree[])],
    })
    expect(leftOut).toEqual([expect.stringMatching(why)])
    expect(tree.models).toHaveLength(1)
    await expect(fromLiteLlm({ model_list: list }, { env: {}, prices: null })).rejects.toThrow(why)
  })

  it('for embeddings is one', async () => {
    expect((await one({ model: 'text-embedding-3-small' })).model.kind).toBe('embeddings')
    const named = await one({ model: 'openai/x' }, { model_info: { mode: 'embedding' } })
    expect(named.model.kind).toBe('embeddings')
  })
})

describe('several models of one name', () => {
  it('are a group whose name is an alias, and an alias of the name another', async () => {
    const [first] = of({ model: 'gpt-5', api_key: SECRET }).model_list as Tree[]
    const [second] = of({ model: 'gpt-5', api_key: `${SECRET}2` }).model_list as Tree[]
    const [third] = of({ model: 'gpt-5', api_key: SECRET }).model_list as Tree[]
    const router_settings = { model_group_alias: { best: 'm', 'a/b': { model: 'm', hidden: true } } }
    const { tree, changed, steps } = await converted({ model_list: [first, second, third], router_settings })
    expect(tree.models).toMatchObject([
      { id: 'm-1', upstream: 'openai', groups: ['m'] },
      { id: 'm-2', upstream: 'openai-2', groups: ['m'] },
      { id: 'm-3', upstream: 'openai', groups: ['m'] },
    ])
    expect(tree.aliases).toEqual({ m: 'auto:m', best: 'auto:m', 'a/b': 'auto:m' })
    expect((tree.upstreams as Tree[]).map(({ apiKey }) => apiKey)).toEqual([
      '$OPENAI_API_KEY',
      '$OPENAI_API_KEY_2',
    ])
    expect(steps.slice(0, 2)).toEqual([
      'model_list[0].litellm_params.api_key: a secret stands there: put it into the environment as OPENAI_API_KEY',
      'model_list[1].litellm_params.api_key: a secret stands there: put it into the environment as OPENAI_API_KEY_2',
    ])
    expect(changed).toContainEqual(
      "model_name m: 3 models: clients go on calling 'm' for any of them, and one alone by its id",
    )
  })

  it('take no name from another model, whichever comes first', async () => {
    const names = ['chat', 'chat', 'chat-2', 'a b', 'a-b', 'a/b', 'a/b', 'a.b', 'a+b', 'a+b']
    const model_list = names.map((model_name, i) => ({ model_name, litellm_params: { model: `gpt-${i}` } }))
    const router_settings = { model_group_alias: { 'a:b': 'chat-2', gone: 'nowhere', 'a.b': 'chat' } }
    const { tree, changed } = await converted({ model_list, router_settings })
    expect((tree.models as Tree[]).map(({ id, groups }) => [id, groups])).toEqual([
      ['chat-1', ['chat']],
      ['chat-3', ['chat']],
      ['chat-2', undefined],
      ['a-b-2', undefined],
      ['a-b', undefined],
      ['a/b-1', ['a-b']],
      ['a/b-2', ['a-b']],
      ['a.b', undefined],
      ['a+b-1', ['a-b-2']],
      ['a+b-2', ['a-b-2']],
    ])
    expect(tree.aliases).toEqual({
      chat: 'auto:chat',
      'a b': 'a-b-2',
      'a/b': 'auto:a-b',
      'a+b': 'auto:a-b-2',
      'a:b': 'chat-2',
    })
    const several = (name: string) =>
      `model_name ${name}: 2 models: clients go on calling '${name}' for any of them, and one alone by its id`
    expect(changed).toEqual([
      several('chat'),
      several('a/b'),
      several('a+b'),
      'router_settings.model_group_alias: gone: its model is not in the new file',
      'router_settings.model_group_alias: a.b: a model is called so, which stays what it is',
    ])
  })

  it('gives a secret no name that the file has for another', async () => {
    const [first] = of({ model: 'gpt-5', api_key: SECRET }).model_list as Tree[]
    const [second] = of({ model: 'gpt-5', api_key: 'os.environ/OPENAI_API_KEY' }).model_list as Tree[]
    const { tree } = await converted({ model_list: [first, second] })
    expect((tree.upstreams as Tree[]).map(({ apiKey }) => apiKey)).toEqual([
      '$OPENAI_API_KEY_2',
      '$OPENAI_API_KEY',
    ])
  })

  it('gives a secret no name that is read for a model without a key', async () => {
    const [first] = of({ model: 'gpt-5', api_key: SECRET }).model_list as Tree[]
    const [second] = of({ model: 'openai/gpt-5-mini' }).model_list as Tree[]
    const { tree } = await converted({ model_list: [first, second] })
    expect((tree.upstreams as Tree[]).map(({ apiKey }) => apiKey)).toEqual([
      '$OPENAI_API_KEY_2',
      '$OPENAI_API_KEY',
    ])
  })

  it('gives a secret no name that a package reads for another model', async () => {
    const bedrock = (more: Tree) =>
      of({ model: 'bedrock/amazon.nova-pro-v1:0', ...more }).model_list as Tree[]
    const keys = { aws_access_key_id: SECRET, aws_secret_access_key: `${SECRET}2` }
    const { tree } = await converted({ model_list: [...bedrock(keys), ...bedrock({})] })
    expect(tree.upstreams).toMatchObject([
      { options: { accessKeyId: '$AWS_ACCESS_KEY_ID_2', secretAccessKey: '$AWS_SECRET_ACCESS_KEY_2' } },
      { package: '@ai-sdk/amazon-bedrock' },
    ])
    const alone = await converted({ model_list: bedrock(keys) })
    expect(alone.tree.upstreams).toMatchObject([{ options: { accessKeyId: '$AWS_ACCESS_KEY_ID' } }])
    const empty = {
      model_list: [
        ...(of({ model: 'gpt-5', api_key: SECRET }).model_list as Tree[]),
        ...(of({ model: 'gpt-5', api_key: null }).model_list as Tree[]),
      ],
    }
    expect((await converted(empty)).tree.upstreams).toMatchObject([
      { apiKey: '$OPENAI_API_KEY_2' },
      { apiKey: '$OPENAI_API_KEY' },
    ])
  })

  it.each(['auto', 'auto:x', 'a b', '\u4f60', ''])(
    'and names that ids cannot be are changed: %j',
    async (name) => {
      const { config } = await converted({
        model_list: [{ model_name: name, litellm_params: { model: 'gpt-5' } }],
      })
      expect(config.models[0].upstreamModel).toBe('gpt-5')
      expect(config.aliases).toEqual(name === 'a b' ? { 'a b': 'a-b' } : {})
    },
  )

  it('and a model for any name is one here', async () => {
    const { config } = await converted({
      model_list: [{ model_name: '*', litellm_params: { model: 'gpt-5' } }],
    })
    expect(config.models.map(({ id }) => id)).toEqual(['any'])
    expect(config.aliases).toEqual({ '*': 'any' })
  })
})

describe('prices', () => {
  const info = {
    input_cost_per_token: 1.5e-7,
    output_cost_per_token: 6e-7,
    cache_read_input_token_cost: 7.5e-8,
  }

  it('of the file are USD per million tokens here', async () => {
    for (const made of [
      await one({ model: 'gpt-5', ...info }),
      await one({ model: 'gpt-5' }, { model_info: info }),
    ])
      expect(made.model.prices).toEqual({
        inputUsdPerMTok: 0.15,
        outputUsdPerMTok: 0.6,
        cachedInputUsdPerMTok: 0.075,
      })
  })

  it('may be texts, as LiteLLM takes them', async () => {
    const { model } = await one({
      model: 'gpt-5',
      ...{
        input_cost_per_token: '0.0000025',
        output_cost_per_token: '1e-5',
        cache_read_input_token_cost: ' 1e-6 ',
      },
    })
    expect(model.prices).toEqual({
      ...{ inputUsdPerMTok: 2.5, outputUsdPerMTok: 10, cachedInputUsdPerMTok: 1 },
    })
  })

  it('that cannot be told from what the file says are not those of a list unsaid', async () => {
    for (const costs of [
      { output_cost_per_token: 1e-5 },
      { input_cost_per_second: 1e-5 },
      { input_cost_per_token: 'os.environ/COST' },
    ]) {
      const { tree, toDo } = await one({ model: 'gpt-5', ...costs })
      expect(tree.prices).toMatchObject({ models: { m: 'gpt-5' } })
      expect(toDo).toEqual([
        `prices of m: model_list[0] has no number for input_cost_per_token: ${Object.keys(costs)[0]} not taken over`,
      ])
    }
  })

  it("of others are those of LiteLLM's list, by the name there", async () => {
    const { tree, model } = await one(
      { model: 'azure/eu', api_base: 'https://x.openai.azure.com' },
      { model_info: { base_model: 'azure/gpt-5' } },
    )
    expect(model.prices).toBeNull()
    expect(tree.prices).toMatchObject({ format: 'litellm', models: { m: 'azure/gpt-5' } })
    const { toDo } = await one({ model: 'azure/eu', api_base: 'https://x.openai.azure.com' })
    expect(toDo).toEqual([expect.stringMatching(/say under prices\.models which model 'eu' is/)])
  })

  it('of a list that is given stand in the new file', async () => {
    const source = { 'gpt-5': { ...info, litellm_provider: 'openai' } }
    const { model, tree } = await one({ model: 'gpt-5' }, {}, { prices: source })
    expect(model.prices).toMatchObject({ inputUsdPerMTok: 0.15, outputUsdPerMTok: 0.6 })
    expect(tree.prices).toBeUndefined()
    const missing = await one({ model: 'gpt-6' }, {}, { prices: source })
    expect(missing.toDo).toEqual([expect.stringMatching(/^prices of m: .*/)])
    expect(missing.tree.prices).toMatchObject({ models: { m: 'gpt-6' } })
    const later =
      /^# Prices that are null come from the list below when the gateway starts: .* booked at \$0/m
    expect(missing.text).toMatch(later)
    expect((await one({ model: 'gpt-5' }, {}, { prices: source })).text).not.toMatch(later)
  })

  it('are those of the provider that the file names', async () => {
    const source = {
      'gpt-5': { ...info, litellm_provider: 'openai' },
      'other/llama-3': { ...info, litellm_provider: 'other' },
      'claude-sonnet-4-5': { ...info, litellm_provider: 'anthropic', input_cost_per_token: 3e-6 },
    }
    for (const [params, input] of [
      [{ model: 'openai/gpt-5' }, 0.15],
      [{ model: 'anthropic/claude-sonnet-4-5' }, 3],
      [{ model: 'claude-sonnet-4-5', custom_llm_provider: 'anthropic' }, 3],
      [{ model: 'llama-3', custom_llm_provider: 'groq' }, null],
    ] as const) {
      const { model } = await one(params, {}, { prices: source })
      expect(model.prices).toEqual(
        input === null ? null : expect.objectContaining({ inputUsdPerMTok: input }),
      )
    }
  })

  it('of servers of your own are 0, and so is what the file says is free', async () => {
    const own = await one({ model: 'ollama/llama3' })
    expect(own.model.prices).toEqual({ inputUsdPerMTok: 0, outputUsdPerMTok: 0 })
    expect(own.toDo).toEqual([expect.stringMatching(/^prices of m: 0 is written/)])
    const free = await one({ model: 'openai/q', api_base: 'http://gpu/v1', input_cost_per_token: 0 })
    expect(free.model.prices).toEqual({ inputUsdPerMTok: 0, outputUsdPerMTok: 0 })
    expect(free.toDo).toEqual([])
  })
})

describe('what stands beside the models', () => {
  const priced = of({ model: 'gpt-5', input_cost_per_token: 1e-6, output_cost_per_token: 2e-6 })

  it('is taken over where it is the same here', async () => {
    const { tree, steps } = await converted({
      ...priced,
      litellm_settings: { request_timeout: 600, num_retries: 3, max_budget: 100, budget_duration: '30d' },
      router_settings: { stream_timeout: 1.5, cooldown_time: 30, redis_host: 'redis', redis_port: 6380 },
      general_settings: { master_key: 'os.environ/MASTER' },
    })
    expect(tree).toMatchObject({
      timeouts: { totalMs: 600_000, firstTokenMs: 1500 },
      retries: { triesMax: 4, cooldownMs: 30_000 },
      caps: [{ usd: 100, per: 'month' }],
      store: { kind: 'redis', url: 'redis://redis:6380' },
      admin: { key: '$MASTER' },
    })
    expect(steps).toEqual([])
  })

  it.each([
    ['24h', 'day', false],
    ['1d', 'day', false],
    ['7d', 'week', false],
    ['1mo', 'month', false],
    ['60m', 'hour', false],
    ['90d', 'month', true],
    ['2d', 'day', true],
    ['30s', 'hour', true],
  ])('a budget of %s is a cap of a %s', async (budget_duration, per, isTold) => {
    const { tree, changed } = await converted({
      ...priced,
      litellm_settings: { max_budget: 5, budget_duration },
    })
    expect(tree.caps).toEqual([{ usd: 5, per }])
    expect(changed.some((line) => line.includes('budget_duration'))).toBe(isTold)
  })

  it('of a budget without a length, or over models without prices, says what to write', async () => {
    const endless = await converted({ ...priced, litellm_settings: { max_budget: 5 } })
    expect([endless.tree.caps, endless.toDo]).toEqual([
      undefined,
      [expect.stringMatching(/no budget_duration/)],
    ])
    const unpriced = await converted({
      ...of({ model: 'gpt-5' }),
      litellm_settings: { max_budget: 5, budget_duration: '1d' },
    })
    expect([unpriced.tree.caps, unpriced.toDo]).toEqual([
      undefined,
      [expect.stringMatching(/a cap holds priced models alone/)],
    ])
  })

  it('may be texts, as LiteLLM takes them; what is out of bounds is told', async () => {
    const { tree, changed } = await converted({
      ...priced,
      litellm_settings: {
        request_timeout: '600',
        num_retries: '3',
        max_budget: '100',
        budget_duration: '1d',
      },
      router_settings: { stream_timeout: '2.5', cooldown_time: '5', disable_cooldowns: 'no' },
    })
    expect(tree).toMatchObject({
      timeouts: { totalMs: 600_000, firstTokenMs: 2500 },
      retries: { triesMax: 4, cooldownMs: 5000 },
      caps: [{ usd: 100, per: 'day' }],
    })
    expect(changed).toEqual([])
    const odd = await converted({
      ...priced,
      litellm_settings: {
        request_timeout: 'os.environ/T',
        num_retries: 30,
        max_budget: 0,
        budget_duration: 'x',
      },
      router_settings: { stream_timeout: -1, cooldown_time: 1e9, redis_port: 1 },
    })
    expect([odd.tree.timeouts, odd.tree.retries]).toEqual([
      undefined,
      { triesMax: 10, cooldownMs: 3_600_000 },
    ])
    expect(odd.changed).toEqual([
      'litellm_settings.num_retries: 10 tries are the most here',
      'router_settings.cooldown_time: 3600 seconds are the most here',
      'litellm_settings.request_timeout, router_settings.stream_timeout, litellm_settings.max_budget: not taken over, as what stands there is no number that can be used',
    ])
  })

  it('has no secret: not of an admin, nor of Redis', async () => {
    const { tree, steps } = await converted({
      ...priced,
      router_settings: { redis_host: 'redis', redis_password: SECRET },
      general_settings: { master_key: SECRET },
    })
    expect(tree).toMatchObject({ store: { url: '$REDIS_URL' }, admin: { key: '$PARETOBANDIT_ADMIN_KEY' } })
    expect(steps).toEqual([
      expect.stringMatching(/^general_settings\.master_key: .* as PARETOBANDIT_ADMIN_KEY$/),
      expect.stringMatching(/^router_settings: put the address of Redis into the environment as REDIS_URL/),
    ])
  })

  it.each([
    ['Portkey', { strategy: { mode: 'fallback' }, targets: [{ virtual_key: 'a' }] }],
    ['Portkey', { targets: [] }],
    [
      'TensorZero',
      { models: { 'gpt-4o': { routing: ['openai'], providers: { openai: { type: 'openai' } } } } },
    ],
  ])('of %s is told as that, with where its parts stand', async (name, file) => {
    const error = await fromLiteLlm(file, { env: {}, prices: null }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'DATA_INVALID', field: 'model_list' })
    expect(String(error)).toMatch(new RegExp(`this one is of ${name}, and docs/GATEWAY\\.md`))
  })

  it('is named where it is another way here, or not taken over', async () => {
    const { changed, text } = await converted({
      ...priced,
      litellm_settings: { success_callback: ['langfuse'], cache: true, set_verbose: true, fallbacks: [] },
      callback_settings: { A: SECRET },
      'odd\nname: x': 1,
    })
    expect(changed.join('\n')).toMatch(/litellm_settings\.success_callback: a JSON line a request/)
    expect(changed.join('\n')).toMatch(
      /litellm_settings\.cache, callback_settings, odd\nname: x: not taken over/,
    )
    expect(changed.join('\n')).not.toContain('set_verbose')
    expect(text.split('\n').every((line) => !line.startsWith('name:'))).toBe(true)
  })
})

it.each([null, [], 'x', {}, { model_list: {} }, { model_list: [] }, { model_list: [null, 3] }])(
  'what is no config of LiteLLM is refused: %j',
  async (file) => {
    await expectRejection(fromLiteLlm(file, { env: {}, prices: null }), 'DATA_INVALID', 'model_list')
  },
)

it('a part that holds itself, as an alias of YAML can, has an end', async () => {
  const round: unknown[] = []
  round.push(round, { inner: round })
  const { model, changed } = await one({ model: 'gpt-5', tools: round, extra_body: { round } })
  expect(model.parameters).toBeUndefined()
  expect(changed).toEqual(['model_list[0].litellm_params: not taken over: tools, round'])
  expect((await converted({ ...of({ model: 'gpt-5' }), guardrails: round })).changed).toHaveLength(1)
  expect(grownNames({ round, a: { 'b:c': null } })).toEqual([
    { path: ['a'], message: "expected a space after 'b:'" },
  ])
})

it('whatever stands in a file, a config comes of it that the gateway takes, or a refusal', async () => {
  const model = fc.constantFrom(
    ...[
      'openai/gpt-5',
      'gpt-5',
      'ollama/y',
      'bedrock/z',
      'azure/x',
      'text-embedding-3',
      'groq/a/b',
      'claude-x',
      'm',
      '*',
    ],
  )
  const word = fc.constantFrom(
    ...[
      'm',
      'auto',
      'auto:m',
      '*',
      '',
      'os.environ/A',
      '$B',
      '$' + '{C}',
      'https://x.example/v1/',
      'http://h:1',
      '30d',
    ],
    ...['embedding', 'chat', 'a/b/c', '\u0000', '__proto__', 'a b', 'temperature', 'x-team', '\u4f60'],
  )
  const secret = fc.constantFrom(SECRET, `${SECRET}2`, 'os.environ/A', '', 7, null)
  const leaf = fc.oneof(word, fc.double(), fc.integer(), fc.boolean(), fc.constant(null), fc.constant([]))
  const any = fc.oneof(leaf, fc.dictionary(word, leaf), fc.array(leaf, { maxLength: 3 }))
  const names = [
    ...['temperature', 'max_tokens', 'extra_body', 'tools', 'stop', 'mode', 'odd', 'supports_vision'],
    ...[
      'input_cost_per_token',
      'output_cost_per_token',
      'max_input_tokens',
      'max_output_tokens',
      'base_model',
    ],
    ...['custom_llm_provider', 'additional_drop_params', 'vertex_project', 'aws_region_name', 'api_base'],
    ...['cache_read_input_token_cost', 'input_cost_per_token_above_200k_tokens', 'tiered_pricing'],
    ...['region_name', 'weight', 'tags', 'access_groups', 'max_tokens', 'litellm_credential_name'],
    ...['input_cost_per_second', 'vertex_credentials', 'supports_reasoning', 'num_retries'],
  ]
  const info = fc.dictionary(fc.constantFrom(...names), any, { maxKeys: 5 })
  const secrets = fc.record(
    {
      api_key: secret,
      organization: secret,
      headers: fc.dictionary(word, secret),
      aws_secret_access_key: secret,
      extra_headers: fc.dictionary(word, secret),
      extra_body: fc.dictionary(
        fc.constantFrom('api_key', 'authorization', 'a'),
        fc.record({ token: secret }),
      ),
    },
    { requiredKeys: [] },
  )
  const params = fc.tuple(fc.record({ model }), info, secrets).map((parts) => Object.assign({}, ...parts))
  const entry = fc.record(
    { model_name: word, litellm_params: params, model_info: info },
    { requiredKeys: ['model_name', 'litellm_params'] },
  )
  const settings = fc.dictionary(
    fc.constantFrom(
      ...[
        'max_budget',
        'budget_duration',
        'redis_host',
        'redis_port',
        'timeout',
        'num_retries',
        'cooldown_time',
      ],
      ...['model_group_alias', 'stream_timeout', 'disable_cooldowns', 'include'],
    ),
    fc.oneof(leaf, fc.dictionary(word, word)),
  )
  const withSecrets = fc.record(
    { master_key: secret, redis_password: secret, redis_url: secret },
    { requiredKeys: [] },
  )
  const section = fc.tuple(settings, withSecrets).map(([a, b]) => ({ ...a, ...b }))
  const file = fc.record(
    {
      model_list: fc.array(entry, { minLength: 1, maxLength: 5 }),
      ...{ litellm_settings: section, router_settings: section, general_settings: section },
      environment_variables: fc.dictionary(fc.constantFrom('A', 'B', 'a b', '__proto__'), secret),
      credential_list: fc.array(
        fc.record({
          credential_name: word,
          credential_values: fc.dictionary(fc.constantFrom(...names), any),
        }),
        { maxLength: 2 },
      ),
    },
    { requiredKeys: ['model_list'] },
  )
  let count = 0
  await fc.assert(
    fc.asyncProperty(file, async (tree) => {
      try {
        await converted(tree)
        count++
      } catch (error) {
        if (!(error instanceof ParetoBanditError) || error.code !== 'DATA_INVALID') throw error
      }
    }),
    { numRuns: 300 },
  )
  expect(count).toBeGreaterThan(150)
})
