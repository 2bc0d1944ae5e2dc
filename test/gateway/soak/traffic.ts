import { readFileSync } from 'node:fs'
import { type Dispatcher, request } from 'undici'
import type { Entry } from '../../../src/gateway/node/simulated/ledger.js'
import type { Fault, PartialPlan } from '../../../src/gateway/node/simulated/plan.js'
import type { Random } from '../../support/random.js'
import { CLIENT_KEY } from '../clients/gateway.js'

const LEAVING_SHARE = 0.1
const FAILING_SHARE = 0.1
/** What an answer may have, where an upstream is asked for no more than that. */
export const OUTPUT_TOKENS_MAX = 400

/** What the simulated upstream does for a request: it takes some milliseconds, and one in ten fails. */
export function planOf(isStreamed: boolean, random: Random): PartialPlan {
  const delays = { firstTokenMs: random.below(10), betweenTokensMs: random.below(3) }
  if (random.next() >= FAILING_SHARE) return { delays }
  const faults: Fault[] = [
    { kind: 'status', status: 500 },
    { kind: 'status', status: 429 },
  ]
  if (isStreamed)
    for (const kind of ['error-event', 'reset', 'cut'] as const) faults.push({ kind, afterPieces: 3 })
  return { delays, fault: faults[random.below(faults.length)] }
}

/** What came of a question: an answer, or a connection that broke, by the client itself where it left. */
export interface Asked {
  readonly status: number | null
  readonly decision: string | null
  readonly hasLeft: boolean
}

/** Asks for a chat, half of them streamed; one client in ten leaves before it has all. */
export async function ask(
  url: string,
  dispatcher: Dispatcher,
  number: number,
  random: Random,
): Promise<Asked> {
  const isStreamed = random.next() < 0.5
  const leaving = random.next() < LEAVING_SHARE ? new AbortController() : null
  const leaveMs = random.below(40)
  const timer = leaving === null ? undefined : setTimeout(() => leaving.abort(), leaveMs)
  let status: number | null = null
  let decision: string | null = null
  try {
    const answer = await request(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${CLIENT_KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'auto',
        stream: isStreamed,
        max_completion_tokens: OUTPUT_TOKENS_MAX,
        messages: [{ role: 'user', content: `Hello (request ${number})` }],
      }),
      dispatcher,
      ...(leaving === null ? {} : { signal: leaving.signal }),
    })
    const header = answer.headers['x-paretobandit-decision']
    await answer.body.dump({ limit: 1e7 })
    status = answer.statusCode
    decision = typeof header === 'string' ? header : null
  } catch {
    // Nobody answered to the end.
  }
  clearTimeout(timer)
  return { status, decision, hasLeft: leaving?.signal.aborted === true }
}

/** Of a line that tells of a request. */
export interface Line {
  readonly msg?: unknown
  readonly prompt?: unknown
  readonly costUsd?: unknown
  readonly isMeasured?: unknown
}

/** Which request a prompt was of; -1: none. */
export const numberOf = (text: unknown) => Number(/\(request (\d+)\)/.exec(String(text))?.[1] ?? -1)

export const bookedUsd = (lines: readonly Line[]) =>
  lines.reduce((sum, { costUsd }) => sum + Number(costUsd ?? 0), 0)

/** What is wrong between the lines of a gateway and the entries of the upstream: nothing, if no cent was lost. */
export function differences(lines: readonly Line[], entries: readonly Entry[]): string[] {
  const billedUsd = new Map<number, number>()
  for (const { text, costUsd } of entries)
    billedUsd.set(numberOf(text), (billedUsd.get(numberOf(text)) ?? 0) + costUsd)
  return lines.flatMap(({ prompt, costUsd, isMeasured }) => {
    const number = numberOf(prompt)
    const billed = billedUsd.get(number) ?? 0
    const booked = Number(costUsd ?? 0)
    const isRight = isMeasured === false ? booked > 0 : Math.abs(booked - billed) < 1e-9
    return isRight ? [] : [`request ${number}: booked ${booked}, billed ${billed}`]
  })
}

/** Memory of a process, MB (Linux). */
export function residentMb(pid: number): number {
  const [, kb] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kb) / 1024
}
