import type { BaseMessage } from '@langchain/core/messages'
import { uniqueId } from '../../base/unique-id.js'
import type { Run } from '../../index.js'
import { kindOf, quietly, refused } from '../given.js'
import { METADATA_KEY, Runs, tagIn } from '../run-tags.js'

/** A message of a routed chat model, or what an agent gives back: its latest such message counts. */
export type Answer = BaseMessage | { readonly messages: readonly BaseMessage[] }

const runs = new Runs()
/** Of pieces of a stream: the first alone is tagged, as metadata of pieces is joined where they are. */
const ofPieces = new WeakMap<object, Run<undefined>>()

/**
 * The quality of an answer is known: a message of a routed chat model, or the result of an agent. All steps of its tool loop learn from it.
 * @param reward in the router's reward range, [0, 1] by default
 * @returns a promise that resolves when it is durable; it is rejected with INVALID_ARGUMENT for an answer of no routed model, or
 *   one of long ago, and with what `router.reward` throws
 */
export async function reward(answer: Answer, reward: number): Promise<void> {
  const run = runOf(answer)
  if (run === null)
    throw refused('answer', `expected one of a routed model, and not of long ago, got ${kindOf(answer)}`)
  await run.reward(reward).durable
}

/** The run behind an answer: its decision, and those of the tries before it; its `answer` is not kept. Null: no routed model gave it, or long ago. */
export function runOf(answer: Answer): Run<unknown> | null {
  return quietly(() => {
    const messages = 'messages' in answer ? answer.messages : [answer]
    const latest = messages.findLast(({ response_metadata }) => tagIn(response_metadata) !== null)
    if (latest !== undefined) return runs.of(latest.response_metadata)
    return messages.length === 1 ? (ofPieces.get(messages[0]) ?? null) : null
  })
}

/** A message says whose it is, and can be rewarded. */
export function tag(message: BaseMessage, run: Run<undefined>, session: string | null = null): void {
  const { id: decision, model } = run.decision
  const own = { decision, model, run: uniqueId(), session }
  message.response_metadata = { ...message.response_metadata, [METADATA_KEY]: own }
  runs.add(own.run, run)
}

/** A piece of a stream that is tagged already can be rewarded too. */
export function remember(piece: BaseMessage, run: Run<undefined>): void {
  ofPieces.set(piece, run)
}

/** The session of the step that asked for the tools whose results the messages end with; null: they end with something else. */
export function sessionOfToolLoop(messages: readonly BaseMessage[]): string | null {
  if (messages.at(-1)?.getType() !== 'tool') return null
  const asked = messages.findLast((message) => message.getType() === 'ai')
  return asked === undefined ? null : sessionOf(asked)
}

/** The session of what was answered since somebody spoke last; null: nothing was. */
export function sessionOfTurn(messages: readonly BaseMessage[]): string | null {
  const spoke = messages.findLastIndex((message) => message.getType() === 'human')
  const answered = messages.slice(spoke + 1).findLast((message) => sessionOf(message) !== null)
  return answered === undefined ? null : sessionOf(answered)
}

function sessionOf({ response_metadata }: BaseMessage): string | null {
  return tagIn(response_metadata)?.session ?? null
}
