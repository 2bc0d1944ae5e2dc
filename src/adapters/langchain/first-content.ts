import type { AIMessageChunk } from '@langchain/core/messages'
import { isRecord } from '../../base/check.js'
import { listOf } from '../../base/json.js'
import { begunStream, PIECES_BEFORE_MAX } from '../begun-stream.js'

/**
 * The same stream, read until something is said, or `PIECES_BEFORE_MAX` pieces say nothing.
 * @throws (the promise is rejected with) what reading it throws before that
 */
export async function firstContent<Stream extends AsyncIterable<AIMessageChunk>>(
  stream: Stream,
): Promise<Stream> {
  const source = stream[Symbol.asyncIterator]()
  const pieces: AIMessageChunk[] = []
  for (;;) {
    const { done, value } = await source.next()
    if (done === true) break
    pieces.push(value)
    if (saysSomething(value) || pieces.length >= PIECES_BEFORE_MAX) break
  }
  return begunStream(stream, pieces, source)
}

/** A role, an id, a count of tokens or an empty text is not yet an answer. */
function saysSomething({ content, tool_call_chunks, additional_kwargs }: AIMessageChunk): boolean {
  if (typeof content === 'string' ? content !== '' : listOf(content).some(isSaid)) return true
  if (listOf(tool_call_chunks).length > 0) return true
  return Object.entries(additional_kwargs ?? {}).some(
    ([name, value]) => name !== '__raw_response' && value != null && value !== '',
  )
}

function isSaid(part: unknown): boolean {
  return !(isRecord(part) && part.type === 'text' && part.text === '')
}
