import { LatestMap } from '../../base/latest-map.js'
import type { RequestRecord } from '../logs/request-record.js'
import type { FeedbackRow, Traffic } from './shape.js'

/** Conversations that are told apart. */
const CONVERSATIONS_MAX = 10_000
/** They are no requests for an answer. */
const BESIDE: ReadonlySet<RequestRecord['surface']> = new Set([
  'feedback',
  'models',
  'count_tokens',
  'unknown',
])

interface Given {
  count: number
  sum: number
}

/** Counts what only a gateway sees. */
export class TrafficCounter {
  private readonly since: number
  private readonly outcomes = { answered: 0, refused: 0, failed: 0, cancelled: 0 }
  private readonly conversations = new LatestMap<string, true>(CONVERSATIONS_MAX)
  private readonly given = new Map<string, Given>()
  private movedOn = 0
  private retries = 0
  private inputTokens = 0
  private cachedInputTokens = 0
  private outputTokens = 0
  private inConversations = 0
  private firstTokens = 0
  private firstTokenSumMs = 0

  /** @param now milliseconds since 1970 UTC */
  constructor(now: number) {
    this.since = now
  }

  /** A request is over. */
  observe(record: RequestRecord): void {
    if (BESIDE.has(record.surface)) return
    this.outcomes[record.outcome]++
    if (record.tries > 1) {
      this.movedOn++
      this.retries += record.tries - 1
    }
    this.inputTokens += record.tokens?.input ?? 0
    this.cachedInputTokens += record.tokens?.cachedInput ?? 0
    this.outputTokens += record.tokens?.output ?? 0
    if (record.firstTokenMs !== null) {
      this.firstTokens++
      this.firstTokenSumMs += record.firstTokenMs
    }
    const session = record.session ?? null
    if (session === null) return
    this.inConversations++
    const name = `${record.tenant ?? ''}\n${record.key?.id ?? ''}\n${session}`
    this.conversations.set(name, true)
  }

  /** A reward was taken. @param value in [0, 1] */
  rewarded(source: string, value: number): void {
    const given = this.given.get(source) ?? { count: 0, sum: 0 }
    given.count++
    given.sum += value
    this.given.set(source, given)
  }

  read(): Traffic {
    const { answered, refused, failed, cancelled } = this.outcomes
    return {
      since: this.since,
      requests: answered + refused + failed + cancelled,
      ...this.outcomes,
      movedOn: this.movedOn,
      retries: this.retries,
      inputTokens: this.inputTokens,
      cachedInputTokens: this.cachedInputTokens,
      outputTokens: this.outputTokens,
      inConversations: this.inConversations,
      conversations: this.conversations.size,
      firstTokens: this.firstTokens,
      meanFirstTokenMs: this.firstTokens === 0 ? null : this.firstTokenSumMs / this.firstTokens,
      feedback: [...this.given].map(
        ([source, { count, sum }]): FeedbackRow => ({ source, rewards: count, meanReward: sum / count }),
      ),
    }
  }
}
