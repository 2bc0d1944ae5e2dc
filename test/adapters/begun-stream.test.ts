import { AIMessageChunk } from '@langchain/core/messages'
import { describe, expect, it } from 'vitest'
import { firstContent as firstOfAiSdk, restOf } from '../../src/adapters/ai-sdk/first-content.js'
import { PIECES_BEFORE_MAX } from '../../src/adapters/begun-stream.js'
import { firstContent as firstOfLangChain } from '../../src/adapters/langchain/first-content.js'
import { firstContent as firstOfOpenAI } from '../../src/adapters/openai/first-content.js'
import { responsesSurface } from '../../src/adapters/openai/responses.js'

interface Piece {
  readonly type: string
}

const END = { finished: () => {}, failed: () => {} }

/** Pieces that say nothing, then two that do, and how many of them were read. */
class Source<T> implements AsyncIterable<T> {
  read = 0

  constructor(
    private readonly empty: number,
    private readonly nothing: T,
    private readonly said: T,
  ) {}

  async *[Symbol.asyncIterator]() {
    for (let i = 0; i < this.empty + 2; i++) {
      this.read++
      yield i < this.empty ? this.nothing : this.said
    }
  }
}

/** A stream that is read until something is said: how many pieces were read ahead, then all that the stream brings. */
const BEGINNINGS = {
  LangChain: async (empty: number) => {
    const source = new Source(empty, new AIMessageChunk(''), new AIMessageChunk('a'))
    const begun = await firstOfLangChain(source)
    const { read } = source
    return { read, pieces: (await all(begun)).map(({ content }) => content === 'a') }
  },
  OpenAI: async (empty: number) => {
    const source = new Source<Piece>(
      empty,
      { type: 'response.in_progress' },
      { type: 'response.output_text.delta' },
    )
    const begun = await firstOfOpenAI(source, responsesSurface, {}, null)
    const { read } = source
    return { read, pieces: (await all(begun)).map(({ type }) => type === 'response.output_text.delta') }
  },
  'the AI SDK': async (empty: number) => {
    const source = new Source<Piece>(empty, { type: 'raw' }, { type: 'text-delta' })
    const parts = source[Symbol.asyncIterator]()
    const stream = new ReadableStream<Record<string, unknown>>(
      {
        async pull(controller) {
          const { done, value } = await parts.next()
          if (done === true) controller.close()
          else controller.enqueue({ ...value })
        },
      },
      { highWaterMark: 0 },
    )
    const begun = await firstOfAiSdk(stream)
    const { read } = source
    const rest = restOf(
      begun,
      (part) => part,
      () => true,
      END,
    )
    return { read, pieces: (await all(rest)).map(({ type }) => type === 'text-delta') }
  },
}

async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const pieces: T[] = []
  for await (const piece of stream) pieces.push(piece)
  return pieces
}

describe.each(Object.entries(BEGINNINGS))(
  'a stream of %s that is read until something is said',
  (_, begin) => {
    it.each([
      [0, 1],
      [3, 4],
      [PIECES_BEFORE_MAX - 1, PIECES_BEFORE_MAX],
      [10 * PIECES_BEFORE_MAX, PIECES_BEFORE_MAX],
    ])('with %d empty pieces before it: %d are read ahead, and none is lost', async (empty, ahead) => {
      const { read, pieces } = await begin(empty)
      expect(read).toBe(ahead)
      expect(pieces).toHaveLength(empty + 2)
      expect(pieces.filter(Boolean)).toHaveLength(2)
      expect(pieces.slice(-2)).toEqual([true, true])
    })
  },
)
