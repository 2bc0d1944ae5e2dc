import { isAmount, isRecord } from '../../base/check.js'
import { type Json, listOf, objectsOf } from '../../base/json.js'
import { type Asked, type InputSize, NO_FACTS, type ProtocolAdapter, RequestError } from './adapter.js'
import { dearerIn } from './dearer.js'
import { storeOf } from './file-addresses.js'
import { inputSize } from './input-size.js'
import { wantedFlag, wantedText } from './json-read.js'
import { openAiError, openAiErrorEvent } from './openai-errors.js'
import { countsInput, usageOf, usagePathOf } from './usage.js'

/** `POST /v1/embeddings`: to a model that is named. */
export const OPENAI_EMBEDDINGS: ProtocolAdapter = {
  surface: 'embeddings',
  format: null,
  protocol: 'openai',
  errors: 'openai',
  path: '/embeddings',
  passedHeaders: [],
  read,
  changes: () => ({}),
  readAnswer: (answer) => {
    const hasAnswer = objectsOf(answer.data).length > 0
    const error = openAiError(answer)
    return { ...NO_FACTS, hasContent: hasAnswer, hasAnswer, usage: usageIn(answer), finish: 'stop', error }
  },
  keptAs: () => null,
  readEvent: () => NO_FACTS,
  shown: (data) => data,
  usagePath: usagePathOf,
  errorEvent: openAiErrorEvent,
  endEvent: '',
}

/** Voyage counts a total alone: all of it is prompt. */
function usageIn(answer: Json): Json | null {
  const usage = usageOf(answer)
  if (usage === null || countsInput(usage) || !isAmount(usage.total_tokens)) return usage
  return { ...usage, prompt_tokens: usage.total_tokens }
}

function read(body: Json): Asked {
  const { input } = body
  const inputs: readonly unknown[] = Array.isArray(input) ? input : [input]
  const texts = inputs.filter((each) => typeof each === 'string')
  // Texts, or tokens as numbers, or lists of those; some providers take objects too: `{ text }`, `{ image }`.
  const tokens =
    inputs.filter((each) => typeof each === 'number').length + inputs.filter(isTokens).flat().length
  if (inputs.length === 0 || (texts.length === 0 && tokens === 0))
    throw new RequestError('input: expected a text, or a list of texts or tokens')
  // Whoever knows of no stream leaves it out; one that comes all the same would look like a failure of its model.
  if (wantedFlag(body, 'stream'))
    throw new RequestError('stream: embeddings are answered in one piece', 'unsupported')
  return {
    model: wantedText(body, 'model'),
    isStreamed: false,
    wantsUsage: false,
    needs: new Set(),
    prompt: texts.map((content) => ({ role: 'user', content })),
    other: { tokens: 0, bytes: 0 },
    size: sizeOf(inputs, body, tokens),
    maxOutputTokens: 0,
    answers: 1,
    predictedTokens: 0,
    predictedBytes: 0,
    reasoningTokens: 0,
    dearer: dearerIn(body),
    session: null,
    keptAs: null,
    lock: null,
    nativeOnly: null,
  }
}

/** Some servers take a conversation too (vLLM), or pictures. */
function sizeOf(inputs: readonly unknown[], { messages, images }: Json, tokens: number): InputSize {
  const written = inputs.filter((each) => typeof each !== 'number' && !isTokens(each)).map(asPart)
  const pictures = listOf(images).map((image) => ({ type: 'image', image }))
  const size = inputSize([...written, messages, ...pictures])
  const accountSchemes = new Set(size.accountSchemes)
  for (const each of inputs)
    for (const text of isTokens(each) ? [] : Array.isArray(each) ? each : [each]) {
      const scheme = typeof text === 'string' ? storeOf(text) : null
      if (scheme !== null) accountSchemes.add(scheme)
    }
  return { ...size, knownTokens: size.knownTokens + tokens, accountSchemes }
}

function isTokens(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'number')
}

/** Of an object with a picture, as Jina has it. */
function asPart(value: unknown): unknown {
  return isRecord(value) && typeof value.image === 'string' ? { ...value, type: 'image' } : value
}
