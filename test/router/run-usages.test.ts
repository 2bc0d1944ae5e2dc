import { describe, expect, it } from 'vitest'
import { mulberry32, type Random } from '../../src/base/random.js'
import { createRouter } from '../../src/index.js'

/** Bills of streams that are drawn at random, beside what their prompts and answers really had. */

const STREAMS = 150
const USD_PER_MTOK = { input: 3, cachedInput: 0.5, output: 11 }
/** What servers repeat at the end where they no longer know. */
const NOTHING = [undefined, null, 0]

interface Truth {
  readonly prompt: number
  readonly cached: number
  /** Tokens of the answer, piece by piece. */
  readonly pieces: readonly number[]
}

type Draw = (most: number) => number
type Events = readonly Readonly<Record<string, unknown>>[]

function truthOf(draw: Draw): Truth {
  const prompt = 1 + draw(5000)
  const pieces = Array.from({ length: 1 + draw(5) }, () => 1 + draw(200))
  return { prompt, cached: draw(1) === 0 ? 0 : draw(prompt), pieces }
}

function soFar({ pieces }: Truth, i: number): number {
  return pieces.slice(0, i + 1).reduce((sum, each) => sum + each, 0)
}

const SHAPES: Readonly<Record<string, (truth: Truth, draw: Draw) => Events>> = {
  // Each piece has all that was counted so far, or nothing; the last may repeat counts of the prompt as nothing.
  OpenAI: (truth, draw) => {
    const { prompt, cached, pieces } = truth
    return pieces.flatMap((_, i): Events => {
      const isLast = i === pieces.length - 1
      if (!isLast && draw(1) === 0) return [{ choices: [{ delta: { content: 'x' } }] }]
      const usage = {
        prompt_tokens: prompt,
        prompt_tokens_details: { cached_tokens: cached },
        completion_tokens: soFar(truth, i),
        total_tokens: prompt + soFar(truth, i),
      }
      const later = { prompt_tokens: NOTHING[draw(2)], completion_tokens: NOTHING[draw(2)] }
      return isLast && draw(1) === 0 ? [{ usage }, { usage: later }] : [{ usage }]
    })
  },
  Anthropic: (truth, draw) => {
    const { prompt, cached, pieces } = truth
    const split = { input_tokens: prompt - cached, cache_read_input_tokens: cached }
    const isLate = draw(1) === 0
    const begun = isLate ? { input_tokens: prompt, cache_read_input_tokens: 0 } : split
    const end = isLate ? split : { input_tokens: NOTHING[draw(2)] }
    const started = { type: 'message_start', message: { usage: { ...begun, output_tokens: 1 + draw(3) } } }
    const last = pieces.length - 1
    return [
      started,
      ...pieces.map((_, i) => ({
        type: 'message_delta',
        usage: { ...(i === last ? end : {}), output_tokens: soFar(truth, i) },
      })),
    ]
  },
  Gemini: (truth, draw) => {
    const { prompt, cached, pieces } = truth
    const last = pieces.length - 1
    const counts = pieces.map((_, i) => ({
      usageMetadata: {
        promptTokenCount: prompt,
        cachedContentTokenCount: cached,
        candidatesTokenCount: soFar(truth, i),
        totalTokenCount: prompt + soFar(truth, i),
      },
      candidates: [i === last ? { finishReason: 'STOP' } : {}],
    }))
    return draw(1) === 0 ? counts : [...counts, { usageMetadata: counts[last].usageMetadata }]
  },
  // Each piece counts itself alone.
  LangChain: ({ prompt, cached, pieces }) =>
    pieces.map((output, i) => {
      const [input, read] = i === 0 ? [prompt, cached] : [0, 0]
      return {
        content: 'x',
        usage_metadata: {
          input_tokens: input,
          output_tokens: output,
          total_tokens: input + output,
          input_token_details: { cache_read: read },
        },
      }
    }),
}

describe('run books what a stream had, however its provider counts it', () => {
  it.each(Object.entries(SHAPES))('%s', async (_, eventsOf) => {
    const router = await createRouter({
      models: [
        {
          id: 'm',
          inputUsdPerMTok: USD_PER_MTOK.input,
          cachedInputUsdPerMTok: USD_PER_MTOK.cachedInput,
          outputUsdPerMTok: USD_PER_MTOK.output,
        },
      ],
      budget: null,
      dimension: 1,
      kernel: 'js',
      name: 'r',
      seed: 1,
      clock: () => 1.8e12,
    })
    const booked: number[] = []
    router.on('settled', ({ costUsd }) => booked.push(costUsd))
    for (let seed = 1; seed <= STREAMS; seed++) {
      const random: Random = mulberry32(seed)
      const draw: Draw = (most) => Math.floor(random() * (most + 1))
      const truth = truthOf(draw)
      const events = eventsOf(truth, draw)
      const { answer } = await router.run([1], {}, async function* () {
        yield* events
      })
      for await (const _ of answer);
      const { prompt, cached } = truth
      const tokensUsd =
        (prompt - cached) * USD_PER_MTOK.input +
        cached * USD_PER_MTOK.cachedInput +
        soFar(truth, truth.pieces.length) * USD_PER_MTOK.output
      expect(booked.at(-1), `seed ${seed}: ${JSON.stringify(events)}`).toBeCloseTo(tokensUsd / 1e6, 12)
    }
    expect(booked).toHaveLength(STREAMS)
  })
})
