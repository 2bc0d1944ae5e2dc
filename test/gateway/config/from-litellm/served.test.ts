import { afterEach, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { configTextOf } from '../../../../src/gateway/config/from-litellm/config-text.js'
import { fromLiteLlm } from '../../../../src/gateway/config/from-litellm/convert.js'
import { PRICES } from '../../../../src/gateway/node/simulated/prices.js'
import { startUpstream } from '../../../../src/gateway/node/simulated/upstream.js'
import { ASK, startGateway, UPSTREAM_KEY } from '../../clients/gateway.js'

const open: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

it("serves a file of LiteLLM's proxy: by a model's name, by that of a group, at the provider's bill", async () => {
  const upstream = await startUpstream({ apiKey: UPSTREAM_KEY })
  open.push(() => upstream.close())
  const deployment = (model_name: string, model: 'sim-small' | 'sim-middle' | 'sim-large') => ({
    model_name,
    litellm_params: {
      model: `openai/${model}`,
      api_base: `${upstream.baseUrl}/`,
      api_key: 'os.environ/UPSTREAM_KEY',
      input_cost_per_token: PRICES[model].inputUsdPerMTok / 1e6,
      output_cost_per_token: PRICES[model].outputUsdPerMTok / 1e6,
    },
  })
  const file = stringify({
    model_list: [
      deployment('fast', 'sim-small'),
      deployment('chat', 'sim-middle'),
      deployment('chat', 'sim-large'),
    ],
    router_settings: { num_retries: 1, model_group_alias: { old: 'chat' } },
  })
  const made = await fromLiteLlm(parse(file), { env: {}, prices: null })
  const { upstreams, models, aliases, retries } = parse(configTextOf(made, 'config.yaml'))
  const gateway = await startGateway({ upstream, tree: { upstreams, models, aliases, retries } })
  open.push(() => gateway.close())
  const served: string[] = []
  for (const model of ['fast', 'chat-1', 'chat-2', 'chat', 'old', 'auto']) {
    const { response } = await gateway.openai.chat.completions.create({ ...ASK, model }).withResponse()
    served.push(response.headers.get('x-paretobandit-model') ?? '')
  }
  await gateway.over(6)
  expect(served.slice(0, 3)).toEqual(['fast', 'chat-1', 'chat-2'])
  expect(served[3]).toMatch(/^chat-[12]$/)
  expect(served[4]).toMatch(/^chat-[12]$/)
  expect(upstream.entries).toHaveLength(6)
  const billed = upstream.entries.reduce((sum, { costUsd }) => sum + costUsd, 0)
  expect(billed).toBeGreaterThan(0)
  expect(gateway.bookedUsd()).toBeCloseTo(billed, 12)
})
