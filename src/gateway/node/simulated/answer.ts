import { type JsonRecord, type JsonValue, listOf, numberOf, recordOf, textOf } from './json.js'
import type { Ending, Plan, UpstreamRequest } from './plan.js'
import { Random } from './random.js'
import { sampleOf } from './schema-sample.js'
import { checkTokens, NO_TOKENS, type TokenUse } from './tokens.js'

export type PieceKind = 'reasoning' | 'text' | 'refusal' | 'audio' | 'tool' | 'unseen'

/** What is generated in one go: the content of one event of a stream. */
export interface Piece {
  readonly kind: PieceKind
  readonly choice: number
  readonly text: string
  /** Of a tool's arguments: which call of its choice. */
  readonly call: number
  readonly tokens: Partial<TokenUse>
}

export interface ToolCall {
  readonly id: string
  readonly name: string
}

/** What a model answers, before a protocol writes it down. */
export interface Answer {
  readonly ending: Ending
  /** Tokens of the prompt. */
  readonly input: TokenUse
  /** All in the order in which they are generated. */
  readonly pieces: readonly Piece[]
  /** Tool calls of each choice. */
  readonly calls: readonly (readonly ToolCall[])[]
}

/** Of two, three and four bytes too: a chunk that ends within a character is part of the test. */
const WORDS = 'budget naïve 漢字 cost 🙂 arm reward über price путь model regret γ'.split(' ')
const PIECES_MAX = 64
/** Of texts that are given. */
export const PIECE_CHARACTERS = 5

export function answerOf(request: UpstreamRequest, plan: Plan, random: Random): Answer {
  const { body } = request
  const reasoning = plan.tokens.reasoning ?? (asksReasoning(body) ? 6 : 0)
  const audio = plan.tokens.audioOutput ?? (listOf(body.modalities).includes('audio') ? 4 : 0)
  const choiceCount = request.surface === 'chat' ? (numberOf(body.n) ?? 1) : 1
  const limit = maxTokensOf(body)
  const calls: ToolCall[][] = []
  const contents: Piece[][] = []
  let ending = plan.ending
  for (let choice = 0; choice < choiceCount; choice++) {
    const { pieces, called } = contentOf(request, plan, random, choice, reasoning + audio)
    const room =
      plan.tokens.output === undefined && limit !== null ? Math.max(limit - reasoning, 0) : Infinity
    if (pieces.length > room) ending = 'length'
    contents.push(pieces.slice(0, room))
    calls.push(called)
  }
  const pieces = interleave(contents)
  const total = plan.tokens.output === undefined ? pieces.length : plan.tokens.output - reasoning - audio
  const answer: Answer = {
    ending,
    input: inputOf(body, plan),
    pieces: [...apart('reasoning', reasoning), ...apart('audio', audio), ...withTokens(pieces, total)],
    calls,
  }
  checkTokens(tokensOf(answer))
  return answer
}

/** All tokens of an answer that was generated to its end. */
export function tokensOf(answer: Answer): TokenUse {
  const sum = { ...answer.input }
  for (const { tokens } of answer.pieces) {
    sum.output += tokens.output ?? 0
    sum.reasoning += tokens.reasoning ?? 0
    sum.audioOutput += tokens.audioOutput ?? 0
  }
  return sum
}

function contentOf(
  request: UpstreamRequest,
  plan: Plan,
  random: Random,
  choice: number,
  apartTokens: number,
): { pieces: Piece[]; called: ToolCall[] } {
  const pieceOf = (kind: PieceKind, text: string, call = 0): Piece => ({
    kind,
    choice,
    text,
    call,
    tokens: {},
  })
  if (plan.isEmpty) return { pieces: [], called: [] }
  if (plan.ending === 'refusal')
    return {
      pieces: ['I ', 'cannot ', 'help ', 'with ', 'that.'].map((text) => pieceOf('refusal', text)),
      called: [],
    }
  const tools = calledTools(request.body, plan)
  if (tools.length > 0) {
    const called = tools.map(({ name }) => ({ id: `call_${hexOf(random)}`, name }))
    const pieces = tools.flatMap(({ schema }, call) =>
      split(JSON.stringify(sampleOf(schema, random))).map((text) => pieceOf('tool', text, call)),
    )
    return { pieces, called }
  }
  const schema = answerSchema(request.body)
  if (plan.text !== null) return { pieces: split(plan.text).map((text) => pieceOf('text', text)), called: [] }
  if (schema !== null)
    return {
      pieces: split(JSON.stringify(sampleOf(schema, random))).map((text) => pieceOf('text', text)),
      called: [],
    }
  const { output } = plan.tokens
  const wanted = output === undefined ? 12 + random.below(20) : output - apartTokens
  const count = Math.max(0, Math.min(wanted, PIECES_MAX))
  const pieces = Array.from({ length: count }, () => pieceOf('text', `${WORDS[random.below(WORDS.length)]} `))
  return { pieces, called: [] }
}

/** In some characters each, and never within one. */
function split(text: string): string[] {
  const characters = [...text]
  const pieces: string[] = []
  for (let i = 0; i < characters.length; i += PIECE_CHARACTERS)
    pieces.push(characters.slice(i, i + PIECE_CHARACTERS).join(''))
  return pieces
}

function hexOf(random: Random): string {
  return Array.from({ length: 12 }, () => random.below(16).toString(16)).join('')
}

interface Tool {
  readonly name: string
  readonly schema: JsonValue | undefined
}

/** Chat has `{ function: { name, parameters } }`, responses `{ name, parameters }`, messages `{ name, input_schema }`. */
function toolsOf(body: JsonRecord): Tool[] {
  return listOf(body.tools).flatMap((tool) => {
    const record = recordOf(tool)
    const inner = record.function === undefined ? record : recordOf(record.function)
    const name = textOf(inner.name)
    return name === null ? [] : [{ name, schema: inner.parameters ?? inner.input_schema }]
  })
}

function calledTools(body: JsonRecord, plan: Plan): readonly Tool[] {
  const tools = toolsOf(body)
  const choice = body.tool_choice
  const { type, name, function: inner } = recordOf(choice)
  const named = textOf(name) ?? textOf(recordOf(inner).name)
  if (tools.length === 0 || choice === 'none' || type === 'none') return []
  const able = named === null ? tools : tools.filter((tool) => tool.name === named)
  if (able.length === 0) return []
  const must = choice === 'required' || type === 'any' || named !== null
  const count = plan.toolCalls ?? (must ? 1 : 0)
  return Array.from({ length: count }, (_, i) => able[i % able.length])
}

/** The schema of an answer: chat's `response_format`, the responses' `text.format`, messages' `output_config.format`. */
export function answerSchema(body: JsonRecord): JsonValue | null {
  const chat = recordOf(body.response_format)
  if (chat.type === 'json_object') return { type: 'object', properties: { answer: { type: 'string' } } }
  const given = [recordOf(chat.json_schema), recordOf(recordOf(body.text).format), outputFormat(body)]
  return given.find(({ schema }) => schema !== undefined)?.schema ?? null
}

function outputFormat(body: JsonRecord): JsonRecord {
  return recordOf(recordOf(body.output_config).format ?? body.output_format)
}

function asksReasoning(body: JsonRecord): boolean {
  if (recordOf(body.thinking).type === 'enabled' || recordOf(body.thinking).type === 'adaptive') return true
  const effort = body.reasoning_effort ?? recordOf(body.reasoning).effort
  return effort !== undefined && effort !== null && effort !== 'none' && effort !== 'minimal'
}

export function maxTokensOf(body: JsonRecord): number | null {
  const limits = [body.max_completion_tokens, body.max_tokens, body.max_output_tokens].map(numberOf)
  return limits.find((limit) => limit !== null) ?? null
}

function inputOf(body: JsonRecord, plan: Plan): TokenUse {
  const parts = {
    cachedInput: plan.tokens.cachedInput ?? 0,
    cacheWrite5m: plan.tokens.cacheWrite5m ?? 0,
    cacheWrite1h: plan.tokens.cacheWrite1h ?? 0,
    audioInput: plan.tokens.audioInput ?? 0,
    imageInput: plan.tokens.imageInput ?? 0,
  }
  const inParts = Object.values(parts).reduce((sum, tokens) => sum + tokens, 0)
  return { ...NO_TOKENS, ...parts, input: plan.tokens.input ?? inParts + promptTokens(body) }
}

/** A token for every four characters of what the model reads. */
export function promptTokens(body: JsonRecord): number {
  const read = [body.messages, body.system, body.input, body.instructions, body.tools]
  return Math.ceil(JSON.stringify(read.filter((part) => part !== undefined)).length / 4)
}

/** Reasoning and sound come first, in up to four pieces. */
function apart(kind: 'reasoning' | 'audio', tokens: number): Piece[] {
  const count = Math.min(tokens, 4)
  const part = kind === 'reasoning' ? 'reasoning' : 'audioOutput'
  return Array.from({ length: count }, (_, i) => {
    const share = shareOf(tokens, i, count)
    const text = kind === 'reasoning' ? 'hmm, ' : 'UklGRg=='
    return { kind, choice: 0, text, call: 0, tokens: { output: share, [part]: share } }
  })
}

function withTokens(pieces: readonly Piece[], total: number): Piece[] {
  if (pieces.length === 0)
    return total > 0 ? [{ kind: 'unseen', choice: 0, text: '', call: 0, tokens: { output: total } }] : []
  return pieces.map((piece, i) => ({ ...piece, tokens: { output: shareOf(total, i, pieces.length) } }))
}

/** The whole number that part i of `count` gets of a total. */
function shareOf(total: number, i: number, count: number): number {
  return Math.floor((total * (i + 1)) / count) - Math.floor((total * i) / count)
}

function interleave(lists: readonly (readonly Piece[])[]): Piece[] {
  const longest = Math.max(0, ...lists.map((list) => list.length))
  return Array.from({ length: longest }, (_, i) => lists.flatMap((list) => list.slice(i, i + 1))).flat()
}

/** The same answer for the same request and seed, in whatever order requests come. */
export function randomOf(seed: number, text: string): Random {
  let hash = 0x811c9dc5 ^ seed
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return new Random(hash)
}
