import { describe, expect, it } from 'vitest'
import { mulberry32, type Random } from '../../../src/base/random.js'
import { estimateTokens } from '../../../src/features/index.js'
import { Billing, unknownTokens } from '../../../src/gateway/completions/bill.js'
import { Ledger, type Try } from '../../../src/gateway/completions/ledger.js'
import { Meter } from '../../../src/gateway/completions/meter.js'
import { MetricsRegistry } from '../../../src/gateway/metrics/registry.js'
import type { ProtocolAdapter } from '../../../src/gateway/protocols/adapter.js'
import { ANTHROPIC_MESSAGES } from '../../../src/gateway/protocols/anthropic-messages.js'
import { OPENAI_CHAT } from '../../../src/gateway/protocols/openai-chat.js'
import { OPENAI_RESPONSES } from '../../../src/gateway/protocols/openai-responses.js'
import { createRouter } from '../../../src/index.js'

/**
 * Bills of streams that are drawn at random, beside those of an oracle that knows what was counted and never looks at a usage: the prompt and
 * what of it came from a cache, how many tokens the last event that counted the answer has counted, and what text came after that.
 */

const STREAMS = 1000
const RESERVED_USD = 1e-9
const INPUT_ESTIMATE = 77
const USD_PER_MTOK = { input: 3, cachedInput: 0.5, output: 11 }
const PRICES = {
  inputUsdPerMTok: USD_PER_MTOK.input,
  cachedInputUsdPerMTok: USD_PER_MTOK.cachedInput,
  outputUsdPerMTok: USD_PER_MTOK.output,
}
/** What stands where a count should be, and counts nothing. */
const NO_COUNTS = [null, 0, -1, '7', 1e13, [], {}, true]

type Event = Readonly<Record<string, unknown>>

/** What of a stream is known to whoever made it. */
interface Truth {
  prompt: number
  cached: number
  isPromptCounted: boolean
  /** Nothing has been counted but the beginning. */
  isBeginning: boolean
  /** The greatest count of the answer, and the text that came after the latest one. */
  counted: number
  uncounted: number
  /** All text. */
  text: number
}

interface Stream {
  readonly events: readonly Event[]
  readonly truth: Truth
}

class Draw {
  constructor(private readonly random: Random) {}

  upTo(most: number): number {
    return Math.floor(this.random() * (most + 1))
  }

  isSo(chance: number): boolean {
    return this.random() < chance
  }

  oneOf<T>(list: readonly T[]): T {
    return list[Math.floor(this.random() * list.length)]
  }
}

function truthOf(draw: Draw): Truth {
  const prompt = 1 + draw.upTo(5000)
  const cached = draw.isSo(0.5) ? draw.upTo(prompt) : 0
  return { prompt, cached, isPromptCounted: false, isBeginning: false, counted: 0, uncounted: 0, text: 0 }
}

function textOf(draw: Draw): string {
  return draw.isSo(0.1) ? '' : 'word '.repeat(1 + draw.upTo(40))
}

/** All text of an event has come. */
function said(truth: Truth, text: string): string {
  const tokens = text === '' ? 0 : estimateTokens(text)
  truth.text += tokens
  truth.uncounted += tokens
  return text
}

/** The answer is counted so far: what grows is more by now, what is repeated is the same. */
function countOf(draw: Draw, truth: Truth): number {
  if (truth.counted === 0 || draw.isSo(0.7)) truth.counted += 1 + draw.upTo(300)
  truth.uncounted = 0
  return truth.counted
}

/** A usage in the names of OpenAI, of whichever parts; some of it may be no count. */
function openAiUsage(draw: Draw, truth: Truth, isChat: boolean): Event {
  const usage: Record<string, unknown> = {}
  const promptName = isChat ? 'prompt_tokens' : 'input_tokens'
  const details = isChat ? 'prompt_tokens_details' : 'input_tokens_details'
  const hasPrompt = draw.isSo(0.7)
  if (hasPrompt) {
    usage[promptName] = truth.prompt
    // What came from a cache is said from the beginning on, or not at all.
    if (truth.cached > 0) usage[details] = { cached_tokens: truth.cached }
    truth.isPromptCounted = true
  } else if (draw.isSo(0.5)) {
    usage[promptName] = draw.oneOf(NO_COUNTS)
    if (draw.isSo(0.5)) usage[details] = draw.isSo(0.5) ? { cached_tokens: draw.oneOf(NO_COUNTS) } : null
  }
  const answerName = isChat ? 'completion_tokens' : 'output_tokens'
  if (draw.isSo(0.7)) {
    usage[answerName] = countOf(draw, truth)
    if (hasPrompt && draw.isSo(0.5)) usage.total_tokens = truth.prompt + truth.counted
  } else if (draw.isSo(0.6)) usage[answerName] = draw.oneOf(NO_COUNTS)
  return usage
}

function chatStream(draw: Draw): Stream {
  const truth = truthOf(draw)
  const events: Event[] = []
  const answers = 1 + draw.upTo(2)
  const more = 1 + draw.upTo(8)
  for (let i = 0; i < more; i++) {
    const texts = Array.from({ length: draw.isSo(0.2) ? answers : 1 }, () => textOf(draw))
    said(truth, texts.join(''))
    const choices: Record<string, unknown>[] = texts.map((content) => ({
      index: draw.upTo(answers - 1),
      delta: { content },
      finish_reason: draw.oneOf([null, null, '', 'stop']),
    }))
    events.push(withChatUsage(draw, truth, choices))
  }
  events.push({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })
  if (draw.isSo(0.6)) events.push({ choices: [], usage: openAiUsage(draw, truth, true) })
  if (draw.isSo(0.3)) events.push({ choices: [], usage: { prompt_tokens: 0, completion_tokens: 0 } })
  return { events, truth }
}

/** Beside the choices, in one or in several of them, or in the field of Groq. */
function withChatUsage(draw: Draw, truth: Truth, choices: Record<string, unknown>[]): Event {
  const place = draw.oneOf(['', '', '', 'usage', 'choice', 'groq'])
  if (place === '') return draw.isSo(0.5) ? { choices } : { choices, usage: draw.oneOf(NO_COUNTS) }
  if (place === 'choice') {
    for (const choice of choices) if (draw.isSo(0.7)) choice.usage = openAiUsage(draw, truth, true)
    return { choices }
  }
  const usage = openAiUsage(draw, truth, true)
  return place === 'usage' ? { choices, usage } : { choices, x_groq: { usage } }
}

function messagesStream(draw: Draw): Stream {
  const truth = truthOf(draw)
  const events: Event[] = []
  const split = { input_tokens: truth.prompt - truth.cached, cache_read_input_tokens: truth.cached }
  if (draw.isSo(0.9)) {
    // All of the prompt seems to be read in full until the end says otherwise, or nothing is known of it yet.
    const early = draw.oneOf([
      { ...split, output_tokens: 1 },
      { input_tokens: truth.prompt, cache_read_input_tokens: 0, output_tokens: 2 },
      { input_tokens: 0, output_tokens: 0 },
    ])
    const seen = early.input_tokens + ('cache_read_input_tokens' in early ? early.cache_read_input_tokens : 0)
    events.push({ type: 'message_start', message: { content: [], usage: early } })
    if (seen > 0) {
      truth.isPromptCounted = true
      if (early.input_tokens === truth.prompt) truth.cached = 0
      truth.counted = early.output_tokens
      truth.isBeginning = true
    }
  }
  const more = 1 + draw.upTo(6)
  let isWhole = false
  for (let i = 0; i <= more; i++) {
    const isLast = i === more
    const text = isLast ? '' : said(truth, textOf(draw))
    events.push({ type: 'content_block_delta', delta: { type: 'text_delta', text } })
    if (!isLast && draw.isSo(0.8)) continue
    const usage: Record<string, unknown> = {}
    if (draw.isSo(0.8)) {
      // What was counted of its beginning is no count of all.
      if (!isWhole) truth.counted = 0
      isWhole = true
      truth.isBeginning = false
      usage.output_tokens = countOf(draw, truth)
    }
    if (draw.isSo(0.3)) {
      Object.assign(usage, split)
      truth.cached = split.cache_read_input_tokens
      truth.isPromptCounted = true
      truth.isBeginning = false
    } else if (draw.isSo(0.5))
      for (const name of Object.keys(split)) if (draw.isSo(0.4)) usage[name] = draw.oneOf(NO_COUNTS)
    const delta = { stop_reason: isLast ? 'end_turn' : null }
    events.push({ type: 'message_delta', delta, usage })
  }
  if (!isWhole) truth.uncounted = truth.text
  return { events, truth }
}

function responsesStream(draw: Draw): Stream {
  const truth = truthOf(draw)
  const events: Event[] = []
  const more = 1 + draw.upTo(6)
  for (let i = 0; i < more; i++)
    events.push({ type: 'response.output_text.delta', delta: said(truth, textOf(draw)) })
  const response = { status: 'completed', output: [], usage: openAiUsage(draw, truth, false) }
  events.push({ type: 'response.completed', response })
  return { events, truth }
}

interface Bill {
  readonly isMeasured: boolean
  readonly costUsd: number
}

function oracle({ prompt, cached, isPromptCounted, isBeginning, counted, uncounted, text }: Truth): Bill {
  const isMeasured = isPromptCounted && !isBeginning && uncounted === 0 && (counted > 0 || text === 0)
  const output = isMeasured ? counted : Math.max(counted + uncounted, text)
  const inputUsd = isPromptCounted
    ? (prompt - cached) * USD_PER_MTOK.input + cached * USD_PER_MTOK.cachedInput
    : INPUT_ESTIMATE * USD_PER_MTOK.input
  const costUsd = (inputUsd + output * USD_PER_MTOK.output) / 1e6
  return { isMeasured, costUsd: isMeasured ? costUsd : Math.max(costUsd, RESERVED_USD) }
}

async function billing() {
  const router = await createRouter({ models: [{ id: 'small', ...PRICES }], budget: { usdPerRequest: 1 } })
  const ledger = new Ledger({ router, after: () => () => {}, onError: () => {} })
  const call = { decision: { reservedUsd: RESERVED_USD }, model: { id: 'small', prices: PRICES } }
  const bills = new Billing(ledger, unknownTokens(new MetricsRegistry()))
  return (adapter: ProtocolAdapter, events: readonly Event[]): Bill => {
    const meter = new Meter(0)
    for (const event of events) meter.add(adapter.readEvent({ data: JSON.stringify(event) }, event))
    const { bill, isMeasured } = bills.billOf(call as unknown as Try, meter, INPUT_ESTIMATE, false)
    return { isMeasured, costUsd: ledger.quote(call as unknown as Try, bill).costUsd ?? 0 }
  }
}

describe('bills of streams are what their usages and texts say', () => {
  it.each([
    ['chat', OPENAI_CHAT, chatStream],
    ['messages', ANTHROPIC_MESSAGES, messagesStream],
    ['responses', OPENAI_RESPONSES, responsesStream],
  ] as const)('%s', async (_, adapter, streamOf) => {
    const billOf = await billing()
    const kinds = new Set<boolean>()
    for (let seed = 1; seed <= STREAMS; seed++) {
      const { events, truth } = streamOf(new Draw(mulberry32(seed)))
      const { isMeasured, costUsd } = oracle(truth)
      kinds.add(isMeasured)
      expect(billOf(adapter, events), `seed ${seed}: ${JSON.stringify(events)}`).toEqual({
        isMeasured,
        costUsd: expect.closeTo(costUsd, 12),
      })
    }
    expect(kinds.size).toBe(2)
  })
})
