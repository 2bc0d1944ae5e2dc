import { isRecord } from '../../../base/check.js'
import { type Json, numberOf, objectOf, objectsOf, textOf } from '../../../base/json.js'
import { RequestError } from '../../protocols/adapter.js'
import type { AiSdkRequest, PromptMessage } from './model.js'

/** What is undefined is left out: models tell the two apart. */
export function given<T extends object>(fields: T): Given<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Given<T>
}

type Given<T> = {
  readonly [K in keyof T as undefined extends T[K] ? never : K]: T[K]
} & { readonly [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined> }

/** Settings that all surfaces call alike, and their limit of the answer. */
export function settingsOf(
  body: Json,
  limits: readonly string[],
): Omit<AiSdkRequest, 'prompt' | 'tools' | 'toolChoice' | 'responseFormat'> {
  const number = (name: string) => numberOf(body[name]) ?? undefined
  const most = Math.max(0, ...limits.map((name) => number(name) ?? 0))
  const stops = [body.stop, body.stop_sequences].flat().filter((each) => typeof each === 'string')
  return given({
    maxOutputTokens: most > 0 ? most : undefined,
    temperature: number('temperature'),
    topP: number('top_p'),
    topK: number('top_k'),
    presencePenalty: number('presence_penalty'),
    frequencyPenalty: number('frequency_penalty'),
    seed: number('seed'),
    stopSequences: stops.length > 0 ? stops : undefined,
  })
}

/** Arguments of a call: an object, as the model wrote it or as it is. */
export function argumentsOf(value: unknown): unknown {
  if (typeof value !== 'string') return value ?? {}
  try {
    return value.trim() === '' ? {} : JSON.parse(value)
  } catch {
    return value
  }
}

/** A file: a data URL, or an address where the model fetches it. @throws RequestError */
export function fileOf(url: string, fallbackType: string, filename?: string): Json {
  const inline = /^data:([^;,]*)((?:;[^;,]*)*),([\s\S]*)$/.exec(url)
  if (inline !== null) {
    const [, type, rest, data] = inline
    const isBase64 = /;base64$/i.test(rest)
    return {
      type: 'file',
      mediaType: type || fallbackType,
      data: isBase64 ? data : new TextEncoder().encode(decodedUri(data)),
      ...(filename === undefined ? {} : { filename }),
    }
  }
  if (!/^(https?|gs|s3):\/\//.test(url) || !URL.canParse(url))
    throw new RequestError('a file: expected a data URL, or an address')
  return { type: 'file', mediaType: fallbackType, data: new URL(url), ...(filename ? { filename } : {}) }
}

function decodedUri(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new RequestError('a file: its data URL is broken')
  }
}

/** Names of tools by the ids of their calls: results say the id alone. */
export class CallNames {
  private readonly names = new Map<string, string>()

  set(id: string, name: string): void {
    this.names.set(id, name)
  }

  of(id: string): string {
    return this.names.get(id) ?? 'tool'
  }
}

/** Results of tools that follow each other are one message. */
export function addToolResult(prompt: PromptMessage[], result: Json): void {
  const last = prompt.at(-1)
  if (last?.role === 'tool') prompt[prompt.length - 1] = { role: 'tool', content: [...last.content, result] }
  else prompt.push({ role: 'tool', content: [result] })
}

/** The texts of parts, whatever else stands between. */
export function textsOf(content: unknown): string {
  if (typeof content === 'string') return content
  return objectsOf(content)
    .map((part) => textOf(part.text) || textOf(part.refusal))
    .join('')
}

/** JSON of a shape, as `json_schema` says it; undefined: the client takes any text. */
export function responseFormatOf(format: Json | null): Json | undefined {
  const type = textOf(format?.type)
  if (type === 'json_object') return { type: 'json' }
  if (format === null || type !== 'json_schema') return undefined
  const { schema, name, description } = objectOf(format.json_schema) ?? format
  return given({
    type: 'json',
    schema: isRecord(schema) ? schema : undefined,
    name: typeof name === 'string' ? name : undefined,
    description: typeof description === 'string' ? description : undefined,
  })
}

/** What Anthropic's own models are told about caching; others ignore it. */
export function cachedOptions({ cache_control }: Json): { readonly providerOptions?: Json } {
  return objectOf(cache_control) === null
    ? {}
    : { providerOptions: { anthropic: { cacheControl: cache_control } } }
}

/** How closely OpenAI's own models look at a picture, by which it is billed; others ignore it. */
export function detailOptions(detail: unknown): { readonly providerOptions?: Json } {
  if (typeof detail !== 'string') return {}
  const options = { imageDetail: detail }
  return { providerOptions: { openai: options, azure: options } }
}
