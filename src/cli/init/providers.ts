import { nearest } from '../../base/nearest.js'
import { reachOf } from '../../gateway/config/from-litellm/providers.js'
import type { PriceFormat } from '../../prices/index.js'

/** A provider that a first config can name: known by a key in the environment. */
export interface StartProvider {
  readonly id: string
  /** Other words for it, which lists and clients have. */
  readonly alsoCalled: readonly string[]
  /** Variables of its key, as its own clients read them; the first is named where none is set. */
  readonly keyNames: readonly string[]
  /** The variable of another address, as its own clients read it. */
  readonly addressName: string | null
  /** Its word in lists, before its models. */
  readonly words: { readonly [F in PriceFormat]?: string }
  readonly protocol: 'openai' | 'anthropic' | 'ai-sdk'
  /** Empty: its package knows. */
  readonly baseUrl: string
  /** By which every surface reaches it where it speaks a protocol of its own. */
  readonly package: string | null
}

interface Row {
  readonly alsoCalled?: readonly string[]
  readonly keyNames: readonly string[]
  readonly addressName?: string
  /** What LiteLLM calls it, also where its address is looked up. */
  readonly liteLlm?: string
  readonly modelsDev?: string
  /** Before its models in OpenRouter's list. Those are names there, which some providers have otherwise. */
  readonly openRouter?: string
}

const ROWS: Readonly<Record<string, Row>> = {
  openai: { keyNames: ['OPENAI_API_KEY'], addressName: 'OPENAI_BASE_URL', openRouter: 'openai' },
  anthropic: { keyNames: ['ANTHROPIC_API_KEY'], addressName: 'ANTHROPIC_BASE_URL', openRouter: 'anthropic' },
  google: {
    alsoCalled: ['gemini'],
    keyNames: ['GEMINI_API_KEY', 'GOOGLE_API_KEY', 'GOOGLE_GENERATIVE_AI_API_KEY'],
    liteLlm: 'gemini',
    openRouter: 'google',
  },
  mistral: { alsoCalled: ['mistralai'], keyNames: ['MISTRAL_API_KEY'], openRouter: 'mistralai' },
  groq: { keyNames: ['GROQ_API_KEY'] },
  deepseek: { keyNames: ['DEEPSEEK_API_KEY'], openRouter: 'deepseek' },
  xai: { alsoCalled: ['x-ai'], keyNames: ['XAI_API_KEY'], openRouter: 'x-ai' },
  openrouter: { keyNames: ['OPENROUTER_API_KEY'], openRouter: 'openrouter' },
  together: {
    alsoCalled: ['togetherai', 'together_ai'],
    keyNames: ['TOGETHER_API_KEY'],
    liteLlm: 'together_ai',
    modelsDev: 'togetherai',
  },
  fireworks: {
    alsoCalled: ['fireworks-ai', 'fireworks_ai'],
    keyNames: ['FIREWORKS_API_KEY'],
    liteLlm: 'fireworks_ai',
    modelsDev: 'fireworks-ai',
  },
  cerebras: { keyNames: ['CEREBRAS_API_KEY'] },
}

/** In the order of errors and help. Addresses are those of `import-config`: they stand once. */
export const START_PROVIDERS: readonly StartProvider[] = Object.entries(ROWS).map(([id, row]) => {
  const name = row.liteLlm ?? id
  const reach = reachOf({ name, model: '' })
  if (reach === null) throw new Error(`no address of ${name}`)
  return {
    id,
    alsoCalled: row.alsoCalled ?? [],
    keyNames: row.keyNames,
    addressName: row.addressName ?? null,
    words: {
      litellm: name,
      'models.dev': row.modelsDev ?? id,
      ...(row.openRouter === undefined ? {} : { openrouter: row.openRouter }),
      paretobandit: id,
    },
    protocol: id === 'anthropic' ? 'anthropic' : reach.protocol,
    baseUrl: id === 'anthropic' || reach.package === null ? (reach.baseUrl ?? '') : '',
    package: reach.package,
  }
})

export function providerCalled(word: string): StartProvider | undefined {
  return START_PROVIDERS.find(({ id, alsoCalled }) => id === word || alsoCalled.includes(word))
}

/** One that was likely meant. */
export function nearestProvider(word: string): string | undefined {
  return nearest(
    word,
    START_PROVIDERS.map(({ id }) => id),
  )
}

export type Environment = Readonly<Record<string, string | undefined>>

/** The variable that has its key; undefined: none is set. Its value is not looked at further. */
export function keyNameIn({ keyNames }: StartProvider, env: Environment): string | undefined {
  return keyNames.find((name) => isSet(env[name]))
}

export function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== ''
}
