import { memberOf } from '../../base/json.js'

/** Events of streams that say so: of the AI SDK and of OpenAI, whose own client gives them as it gives any. */
const FAILURES: readonly unknown[] = ['error', 'response.failed']

/** Whether an answer, or an event of its stream, says that an error ended it, as OpenAI's responses do, and the AI SDK in the words of whatever version. */
export function endsWithError(answer: unknown): boolean {
  if (isError(memberOf(answer, 'finishReason')) || FAILURES.includes(memberOf(answer, 'type'))) return true
  return memberOf(answer, 'status') === 'failed' && memberOf(answer, 'object') === 'response'
}

/** The same of an answer that says it later; null: it does not. The promise is never rejected. */
export function endsLaterWithError(answer: unknown): Promise<boolean> | null {
  const told = memberOf(answer, 'finishReason')
  return told instanceof Promise ? told.then(isError, () => false) : null
}

function isError(finishReason: unknown): boolean {
  return finishReason === 'error' || memberOf(finishReason, 'unified') === 'error'
}
