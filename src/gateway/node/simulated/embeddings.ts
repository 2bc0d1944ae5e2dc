import { randomOf } from './answer.js'
import { openAiError } from './chat-protocol.js'
import { frame, type Job, type Protocol } from './frame.js'
import { type JsonRecord, type JsonValue, listOf, numberOf } from './json.js'

const DIMENSIONS = 8

export const embeddings: Protocol = {
  body: embeddingsBody,
  frames: () => [],
  error: openAiError,
  errorFrame: (_, message) => frame(openAiError(500, 'server_error', message)),
}

/** One input is a text or a list of token numbers; several are a list of those. */
function inputsOf(body: JsonRecord): readonly JsonValue[] {
  const list = listOf(body.input)
  return list.length === 0 || typeof list[0] === 'number' ? [body.input ?? ''] : list
}

export function embeddingTokens(body: JsonRecord): number {
  const lengthOf = (input: JsonValue) =>
    typeof input === 'string' ? Math.max(1, Math.ceil(input.length / 4)) : listOf(input).length
  return inputsOf(body).reduce<number>((sum, input) => sum + lengthOf(input), 0)
}

function embeddingsBody({ request, answer, plan }: Job): JsonRecord {
  const { body } = request
  const dimensions = numberOf(body.dimensions) ?? DIMENSIONS
  const data = inputsOf(body).map((input, index) => {
    const random = randomOf(1, JSON.stringify(input))
    const numbers = Float32Array.from({ length: dimensions }, () => 2 * random.next() - 1)
    const embedding =
      body.encoding_format === 'base64' ? Buffer.from(numbers.buffer).toString('base64') : [...numbers]
    return { object: 'embedding', index, embedding }
  })
  const usage = { prompt_tokens: answer.input.input, total_tokens: answer.input.input }
  return {
    object: 'list',
    data,
    model: request.model,
    ...(plan.usage.place === 'missing' ? {} : { usage }),
  }
}
