import type { LimitsConfig } from '../config/config.js'
import type { ClientKey } from './keyring.js'
import { MinuteWindow } from './minute-window.js'
import type { Refusal } from './refusal.js'

/** A request that was let in. */
export interface Admission {
  /**
   * The request is over: its stream counts no more, and its tokens are as many as were used; null: as many as were expected.
   * Only the first call counts.
   */
  end(usedTokens: number | null): void
}

export type Admitted =
  | { readonly ok: true; readonly admission: Admission }
  | { readonly ok: false; readonly refusal: Refusal }

interface Use {
  streams: number
  readonly requests: MinuteWindow
  readonly tokens: MinuteWindow
}

/** After so long without an answer a full house is asked again. */
const STREAMS_RETRY_MS = 1000

/** What each key does at the moment and did in the latest minute, in this process. */
export class RateLimits {
  private readonly uses = new Map<string, Use>()
  private streams = 0
  private readonly now: () => number

  constructor(now: () => number = Date.now) {
    this.now = now
  }

  /** Requests that are let in and not over. */
  get streamCount(): number {
    return this.streams
  }

  /**
   * Lets a request in, or says why not and when to come again. Nothing is counted of one that is refused.
   * @param tokens what it will use, in and out, as far as one can tell
   */
  admit(key: ClientKey, tokens: number, limits: LimitsConfig): Admitted {
    const { requestsPerMinute, tokensPerMinute } = key
    const now = this.now()
    const use = this.useOf(key.id)
    if (this.streams >= limits.streamsMax)
      return refused(503, 'gateway_busy', 'too many requests are under way', STREAMS_RETRY_MS)
    if (use.streams >= limits.streamsPerKeyMax) {
      const message = `this key has ${use.streams} requests under way, as many as it may`
      return refused(429, 'too_many_streams', message, STREAMS_RETRY_MS)
    }
    if (requestsPerMinute !== null) {
      const waitMs = use.requests.waitMs(1, requestsPerMinute, now)
      if (waitMs !== 0)
        return refused(
          429,
          'rate_limit_exceeded',
          `this key may make ${requestsPerMinute} requests a minute`,
          waitMs,
        )
    }
    if (tokensPerMinute !== null) {
      const waitMs = use.tokens.waitMs(tokens, tokensPerMinute, now)
      if (waitMs === null) {
        const message = `this request may use ${tokens} tokens, and this key ${tokensPerMinute} a minute`
        return refused(400, 'request_too_large', message, null)
      }
      if (waitMs > 0)
        return refused(
          429,
          'rate_limit_exceeded',
          `this key may use ${tokensPerMinute} tokens a minute`,
          waitMs,
        )
    }
    return { ok: true, admission: this.book(use, tokens, now) }
  }

  private book(use: Use, tokens: number, now: number): Admission {
    this.streams++
    use.streams++
    use.requests.add(1, now)
    const bookedOn = use.tokens.add(tokens, now)
    let isOver = false
    return {
      end: (usedTokens) => {
        if (isOver) return
        isOver = true
        this.streams--
        use.streams--
        if (usedTokens !== null) use.tokens.correct(bookedOn, usedTokens - tokens, this.now())
      },
    }
  }

  private useOf(id: string): Use {
    const known = this.uses.get(id)
    if (known !== undefined) return known
    const made: Use = { streams: 0, requests: new MinuteWindow(), tokens: new MinuteWindow() }
    this.uses.set(id, made)
    return made
  }
}

function refused(status: number, code: string, message: string, retryAfterMs: number | null): Admitted {
  return { ok: false, refusal: { status, code, message, retryAfterMs } }
}
