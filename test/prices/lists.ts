/**
 * Small price lists in the shapes of public ones. Entries and prices are as the lists had them: LiteLLM's
 * model_prices_and_context_window.json (BerriAI/litellm at 00035b69, read 2026-11-27), models.dev (anomalyco/models.dev at f3fc6922,
 * 2026-07-02); OpenRouter's after its description of `/models`, read 2026-11-27. Names that begin with `made-` are ours.
 */
export type Entry = Readonly<Record<string, unknown>>

const chat = { litellm_provider: 'openai', mode: 'chat' }

export const LITELLM: Readonly<Record<string, Entry>> = {
  sample_spec: {
    input_cost_per_token: 0,
    output_cost_per_token: 0,
    litellm_provider: 'one of https://docs.litellm.ai/docs/providers',
    mode: 'one of: chat, embedding',
    search_context_cost_per_query: { search_context_size_high: 0 },
  },
  fallback_generalizations: { rules: [] },
  'amazon.nova-lite-v1:0': { ...chat, input_cost_per_token: 6e-8, output_cost_per_token: 2.4e-7 },
  'amazon.nova-2-lite-v1:0': {
    ...chat,
    cache_read_input_token_cost: 7.5e-8,
    input_cost_per_token: 3e-7,
    output_cost_per_token: 2.5e-6,
  },
  'amazon.nova-2-pro-preview-20251202-v1:0': {
    ...chat,
    cache_read_input_token_cost: 5.46875e-7,
    input_cost_per_token: 2.1875e-6,
    input_cost_per_image_token: 2.1875e-6,
    input_cost_per_audio_token: 2.1875e-6,
    output_cost_per_token: 1.75e-5,
  },
  'eu.anthropic.claude-haiku-4-5-20251001-v1:0': {
    ...chat,
    cache_creation_input_token_cost: 1.375e-6,
    cache_creation_input_token_cost_above_1hr: 2.2e-6,
    cache_read_input_token_cost: 1.1e-7,
    input_cost_per_token: 1.1e-6,
    output_cost_per_token: 5.5e-6,
    max_input_tokens: 200_000,
    supports_vision: true,
  },
  'eu.anthropic.claude-sonnet-4-20250514-v1:0': {
    ...chat,
    cache_creation_input_token_cost: 3.75e-6,
    cache_read_input_token_cost: 3e-7,
    input_cost_per_token: 3e-6,
    output_cost_per_token: 1.5e-5,
    input_cost_per_token_above_200k_tokens: 6e-6,
    output_cost_per_token_above_200k_tokens: 2.25e-5,
    cache_creation_input_token_cost_above_200k_tokens: 7.5e-6,
    cache_read_input_token_cost_above_200k_tokens: 6e-7,
  },
  'eu.anthropic.claude-opus-4-1-20250805-v1:0': {
    ...chat,
    cache_creation_input_token_cost: 1.875e-5,
    cache_read_input_token_cost: 1.5e-6,
    input_cost_per_token: 1.5e-5,
    output_cost_per_token: 7.5e-5,
    search_context_cost_per_query: { search_context_size_high: 0.01 },
  },
  'made-services': {
    ...chat,
    input_cost_per_token: 1.25e-6,
    output_cost_per_token: 1e-5,
    cache_read_input_token_cost: 1.25e-7,
    input_cost_per_token_batches: 6.25e-7,
    output_cost_per_token_batches: 5e-6,
    input_cost_per_token_flex: 6.25e-7,
    output_cost_per_token_flex: 6e-6,
    input_cost_per_token_priority: 2.5e-6,
    output_cost_per_token_priority: 2e-5,
    supports_audio_input: false,
  },
  'made-audio': {
    ...chat,
    input_cost_per_token: 6e-7,
    output_cost_per_token: 2.4e-6,
    cache_read_input_token_cost: 6e-8,
    input_cost_per_audio_token: 1e-5,
    output_cost_per_audio_token: 2e-5,
    cache_read_input_audio_token_cost: 3e-7,
  },
  'made-hears': {
    ...chat,
    input_cost_per_token: 1e-6,
    output_cost_per_token: 4e-6,
    supports_audio_input: true,
  },
  'made-ranges': {
    litellm_provider: 'dashscope',
    mode: 'chat',
    tiered_pricing: [
      { range: [0, 32_000], input_cost_per_token: 1.2e-6, output_cost_per_token: 6e-6 },
      { range: [32_000, 128_000], input_cost_per_token: 2.4e-6, output_cost_per_token: 1.2e-5 },
    ],
  },
  'embed-english-light-v3.0': { litellm_provider: 'cohere', mode: 'embedding', input_cost_per_token: 1e-7 },
  'embed-english-v3.0': {
    litellm_provider: 'cohere',
    mode: 'embedding',
    input_cost_per_token: 1e-7,
    output_cost_per_token: 0,
    input_cost_per_image: 0.0001,
  },
  'embed-multilingual-v2.0': { litellm_provider: 'cohere', mode: 'embedding', input_cost_per_token: 1e-7 },
  'embed-multilingual-v3.0': { litellm_provider: 'cohere', mode: 'embedding', input_cost_per_token: 1e-7 },
  // A mistake that the list really has: 1,000 times the prices beside it.
  'embed-multilingual-light-v3.0': {
    litellm_provider: 'cohere',
    mode: 'embedding',
    input_cost_per_token: 0.0001,
    output_cost_per_token: 0,
  },
  'perplexity/search': { litellm_provider: 'perplexity', mode: 'search', input_cost_per_query: 0.005 },
}

const text = { modalities: { input: ['text'], output: ['text'] } }

export const MODELS_DEV: Readonly<Record<string, { readonly models: Readonly<Record<string, Entry>> }>> = {
  anthropic: {
    models: {
      'claude-sonnet-4-5': { ...text, cost: { input: 3, output: 15, cache_read: 0.3, cache_write: 3.75 } },
      'claude-haiku-4-5': { ...text, cost: { input: 1, output: 5, cache_read: 0.1, cache_write: 1.25 } },
    },
  },
  google: {
    models: {
      'gemini-2.5-pro': {
        ...text,
        cost: {
          input: 1.25,
          output: 10,
          cache_read: 0.125,
          tiers: [{ tier: { size: 200_000 }, input: 2.5, output: 15, cache_read: 0.25 }],
          context_over_200k: { input: 2.5, output: 15, cache_read: 0.25 },
        },
      },
      'gemini-2.5-flash': {
        modalities: { input: ['text', 'audio'], output: ['text'] },
        cost: { input: 0.3, output: 2.5, cache_read: 0.03, input_audio: 1 },
      },
    },
  },
  openai: {
    models: {
      'gpt-5': { ...text, cost: { input: 1.25, output: 10, cache_read: 0.125 } },
      'gpt-5-nano': { ...text, cost: { input: 0.05, output: 0.4, cache_read: 0.005 } },
      'made-old-tier': {
        ...text,
        cost: { input: 2, output: 8, cache_read: 0.5, context_over_200k: { input: 4, output: 12 } },
      },
    },
  },
  azure: { models: { 'gpt-5': { ...text, cost: { input: 1.25, output: 10, cache_read: 0.13 } } } },
  made: { models: { unpriced: { ...text }, video: { cost: null } } },
}

const speaks = { architecture: { input_modalities: ['text', 'image'], output_modalities: ['text'] } }

export const OPENROUTER: { readonly data: readonly Entry[] } = {
  data: [
    {
      id: 'anthropic/claude-sonnet-4.5',
      ...speaks,
      pricing: {
        prompt: '0.000003',
        completion: '0.000015',
        request: '0',
        image: '0.0048',
        web_search: '0.01',
        internal_reasoning: '0',
        input_cache_read: '0.0000003',
        input_cache_write: '0.00000375',
        input_cache_write_1h: '0.000006',
        overrides: [{ min_prompt_tokens: 200_000, prompt: '0.000006', completion: '0.0000225' }],
      },
    },
    {
      id: 'openai/gpt-5',
      ...speaks,
      pricing: {
        prompt: '0.00000125',
        completion: '0.00001',
        input_cache_read: '0.000000125',
        discount: 0.1,
      },
    },
    { id: 'openai/gpt-5-nano', ...speaks, pricing: { prompt: '0.00000005', completion: '0.0000004' } },
    { id: 'meta-llama/llama-3.1-8b-instruct:free', ...speaks, pricing: { prompt: '0', completion: '0' } },
    { id: 'openrouter/auto', ...speaks, pricing: { prompt: '-1', completion: '-1' } },
    {
      id: 'made/by-the-hour',
      ...speaks,
      pricing: {
        prompt: '0.000001',
        completion: '0.000002',
        request: '0.0005',
        overrides: [{ utc_start: '00:30', utc_end: '16:30', prompt: '0.0000005', completion: '0.000003' }],
      },
    },
  ],
}
