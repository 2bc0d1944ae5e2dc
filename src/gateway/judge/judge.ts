import { ParetoBanditError } from '../../index.js'
import type { GatewayConfig } from '../config/config.js'
import { JUDGE_TENANT } from '../config/router-options.js'
import type { GivenReward } from '../feedback/given-reward.js'
import type { ClientKey } from '../keys/keyring.js'
import type { ProtocolAdapter } from '../protocols/adapter.js'
import { ANTHROPIC_MESSAGES } from '../protocols/anthropic-messages.js'
import { parseObject } from '../protocols/json-read.js'
import { OPENAI_CHAT } from '../protocols/openai-chat.js'
import type { After } from '../upstreams/watched-body.js'
import { type Graded, gradeIn, gradeRequest } from './judge-prompt.js'

/** Who asks for grades. Its requests are like any other, on an account of their own. */
export const JUDGE_KEY: ClientKey = {
  id: 'judge',
  name: 'judge',
  tenant: JUDGE_TENANT,
  groups: null,
  requestsPerMinute: null,
  tokensPerMinute: null,
  expiresAt: null,
}

export interface JudgeOptions {
  readonly config: () => GatewayConfig
  /** In [0, 1). */
  readonly random: () => number
  readonly after: After
  readonly ask: (adapter: ProtocolAdapter, request: Request) => Promise<Response>
  readonly reward: (reward: GivenReward) => Promise<void>
  readonly onError: (error: unknown) => void
}

/** Grades asked for at a time: clients come first. */
const AT_ONCE_MAX = 4
/** More answers that wait are not graded. */
const WAITING_MAX = 100
/** Clients have their answers by then. */
const DELAY_MS = 50

/**
 * Has a share of answers graded by a model of the operator's choice, which is not told who answered. It waits for no client and no client
 * waits for it; what it costs is on the account of `JUDGE_TENANT`, whose cap ends it.
 */
export class Judge {
  private readonly options: JudgeOptions
  private readonly waiting: (readonly [decision: string, graded: Graded])[] = []
  private underWay = 0
  private isTimed = false
  private isClosed = false

  constructor(options: JudgeOptions) {
    this.options = options
  }

  /** Whether the answer to a request is to be graded. */
  draws(key: ClientKey): boolean {
    const { judge } = this.options.config().rewards
    return judge !== null && key.id !== JUDGE_KEY.id && this.options.random() < judge.share
  }

  grade(decision: string, graded: Graded): void {
    if (this.isClosed || this.waiting.length >= WAITING_MAX) return
    this.waiting.push([decision, graded])
    if (this.isTimed) return
    this.isTimed = true
    this.options.after(DELAY_MS, () => {
      this.isTimed = false
      this.askOn()
    })
  }

  /** What waits is not graded. */
  close(): void {
    this.isClosed = true
    this.waiting.length = 0
  }

  private askOn(): void {
    while (this.underWay < AT_ONCE_MAX) {
      const next = this.waiting.shift()
      if (next === undefined) return
      this.underWay++
      void this.ask(...next)
        .catch(this.options.onError)
        .finally(() => {
          this.underWay--
          this.askOn()
        })
    }
  }

  private async ask(decision: string, graded: Graded): Promise<void> {
    const { config, ask, reward } = this.options
    const { rewards, models, upstreams } = config()
    const model = models.find(({ id }) => id === rewards.judge?.model)
    const upstream = upstreams.find(({ id }) => id === model?.upstream)
    if (model === undefined || upstream === undefined) return
    const protocol = upstream.protocol === 'anthropic' ? 'anthropic' : 'openai'
    const adapter = protocol === 'anthropic' ? ANTHROPIC_MESSAGES : OPENAI_CHAT
    const body = gradeRequest(model.id, protocol, graded, model.maxOutputTokens)
    const request = new Request(`http://judge${adapter.path}`, { method: 'POST', body: JSON.stringify(body) })
    const response = await ask(adapter, request)
    const text = await response.text()
    // Its cap is spent, or its model fails: the log has it.
    if (!response.ok) return
    const value = gradeIn(parseObject(text) ?? {})
    if (value === null) return
    try {
      await reward({ decision, value, weight: 1, source: 'judge', idempotencyKey: 'judge', counts: true })
    } catch (error) {
      // Somebody else's word has been applied, or the decision is too old.
      if (!(error instanceof ParetoBanditError)) throw error
    }
  }
}
