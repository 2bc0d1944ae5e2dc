import { AIMessageChunk } from '@langchain/core/messages'
import { describe, expect, it } from 'vitest'
import { PIECES_BEFORE_MAX } from '../../src/adapters/begun-stream.js'
import { firstContent } from '../../src/adapters/langchain/first-content.js'

/** Counts what was read of it. */
class Pieces implements AsyncIterable<AIMessageChunk> {
  read = 0

  constructor(
    private readonly empty: number,
    private readonly said: readonly string[],
  ) {}

  async *[Symbol.asyncIterator]() {
    for (let i = 0; i < this.empty; i++) {
      this.read++
      yield new AIMessageChunk('')
    }
    for (const text of this.said) {
      this.read++
      yield new AIMessageChunk(text)
    }
  }
}

describe('a stream that is read until something is said', () => {
  it.each([
    [0, 1],
    [3, 4],
    [PIECES_BEFORE_MAX - 1, PIECES_BEFORE_MAX],
    [10 * PIECES_BEFORE_MAX, PIECES_BEFORE_MAX],
  ])('with %d empty pieces before it: %d are read ahead, and none is lost', async (empty, ahead) => {
    const source = new Pieces(empty, ['a', 'b'])
    const begun = await firstContent(source)
    expect(source.read).toBe(ahead)
    const texts: unknown[] = []
    for await (const { content } of begun) texts.push(content)
    expect(texts).toHaveLength(empty + 2)
    expect(texts.slice(-2)).toEqual(['a', 'b'])
  })
})
