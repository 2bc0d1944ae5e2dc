import type { Json } from '../base/json.js'
import { type AnswerFormat, answerOf, type ReadAnswer, type Rewards } from '../rewards/index.js'
import { responseIdIn } from '../rewards/parts.js'
import { quietly } from './given.js'

/** An answer on its way, for whoever makes rewards of it. What cannot be read is not rewarded, and nobody loses an answer for it. */
export class HeardAnswer {
  private readonly rewards: Rewards
  private readonly format: AnswerFormat
  private readonly read: ReadAnswer
  private readonly askedAt: number
  private responseId: string | null = null

  private constructor(rewards: Rewards, format: AnswerFormat, request: Json) {
    this.rewards = rewards
    this.format = format
    this.read = answerOf(format, request, [])
    this.askedAt = rewards.now()
  }

  /** Null: nobody makes rewards of it, or its request cannot be read. */
  static of(rewards: Rewards | undefined, format: AnswerFormat, request: () => Json): HeardAnswer | null {
    if (rewards === undefined) return null
    return quietly(() => new HeardAnswer(rewards, format, request()))
  }

  /** All of it, or an event of its stream. */
  add(value: () => unknown): void {
    quietly(() => {
      const json = value() as Json
      this.read.answer.add(this.format, json)
      this.responseId ??= responseIdIn(json)
    })
  }

  /** It is all there. */
  ended(decision: string): void {
    const { read, responseId, askedAt } = this
    quietly(() => this.rewards.answered({ ...read, responseId, askedAt, decision }))
  }
}

/** A piece of an answer in the form of OpenAI's chats, whoever said it. */
export interface ChatPiece {
  readonly id?: unknown
  readonly text?: string | undefined
  /** Arguments are JSON as text; of a piece of a call its number says of which. */
  readonly calls?:
    | readonly { readonly index?: unknown; readonly name?: unknown; readonly args?: unknown }[]
    | undefined
  readonly finish?: unknown
}

export function chatEvent({ id, text = '', calls = [], finish = null }: ChatPiece): Json {
  const tool_calls = calls.map(({ index, name, args }, i) => ({
    index: index ?? i,
    function: { name, arguments: args },
  }))
  return { id, choices: [{ index: 0, delta: { content: text, tool_calls }, finish_reason: finish }] }
}
