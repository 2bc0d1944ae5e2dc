import type { LimitsConfig } from '../config/limit-config.js'
import type { ClientKey } from './keyring.js'
import { MinuteWindow } from './minute-window.js'
import { type Refusal, refused } from './refusal.js'
import type { Use } from './use.js'

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

/** A request whose body is on its way. */
export interface Arrival {
  readonly ok: true
  /** So much more of it has come. @returns why it may not be kept; null: it may */
  take(bytes: number): { readonly refusal: Refusal } | null
  /** It has come, or will not. */
  end(): void
}

export type Arrived = Arrival | { readonly ok: false; readonly refusal: Refusal }

interface KeyUse {
  streams: number
  /** What has come of bodies that are not whole yet. */
  bodyBytes: number
  /** Since it was last told to other processes. */
  untold: { requests: number; tokens: number } | null
  readonly requests: MinuteWindow
  readonly tokens: MinuteWindow
}

/** When another key comes, at most this many are searched for idle ones. */
const IDLE_KEYS_MAX = 1000

/**
 * What other processes hear of one key at a time, far beyond any limit: providers say any number, and a store that cannot count it would take
 * nothing of any key.
 */
const TOLD_TOKENS_MAX = 1e15

/** After so long without an answer a full house is asked again. */
const STREAMS_RETRY_MS = 1000

/** What each key does at the moment and did in the latest minute: in this process, and in others as far as they tell. */
export class RateLimits {
  private readonly uses = new Map<string, KeyUse>()
  private streams = 0
  private bodyBytes = 0
  private sweepAt = IDLE_KEYS_MAX
  private readonly now: () => number

  constructor(now: () => number = Date.now) {
    this.now = now
  }

  /** Keys that something is kept of. */
  get size(): number {
    return this.uses.size
  }

  /** Requests that are let in and not over, and those whose bodies are on their way. */
  get streamCount(): number {
    return this.streams
  }

  /**
   * The body of a request is to be read, which takes time, memory and one place among those under way. It is not counted among those of the
   * minute yet: `admit` does that, or `countUnread` where there is nothing to admit.
   * @returns `take` is called with what comes, `end` when it has come, or will not
   */
  arrive(key: ClientKey, limits: LimitsConfig): Arrived {
    const use = this.useOf(key.id)
    const full = this.fullOf(use, limits) ?? fullMinute(use, key, this.now())
    if (full !== null) return full
    this.streams++
    use.streams++
    let taken = 0
    return {
      ok: true,
      take: (bytes) => {
        const noRoom = this.noRoomFor(bytes, use, limits)
        if (noRoom !== null) return noRoom
        taken += bytes
        this.bodyBytes += bytes
        use.bodyBytes += bytes
        return null
      },
      end: () => {
        this.streams--
        use.streams--
        this.bodyBytes -= taken
        use.bodyBytes -= taken
      },
    }
  }

  /** One key leaves room to others; the longest body that may be has room where there is no other. */
  private noRoomFor(bytes: number, use: KeyUse, { bodiesBytesMax, bodyBytesMax }: LimitsConfig) {
    if (use.bodyBytes + bytes > Math.max(bodiesBytesMax / 2, bodyBytesMax))
      return refused(
        429,
        'too_many_streams',
        'the bodies that this key has on their way are as long as they may be together',
        STREAMS_RETRY_MS,
      )
    if (this.bodyBytes + bytes > Math.max(bodiesBytesMax, bodyBytesMax))
      return refused(503, 'gateway_busy', 'too many bodies are on their way', STREAMS_RETRY_MS)
    return null
  }

  /** A request that could not be read was one of its key's all the same. */
  countUnread(key: ClientKey): void {
    this.count(key, 0, this.now())
  }

  /**
   * Lets a request in, or says why not and when to come again. Nothing is counted of one that is refused.
   * @param tokens what it will use, in and out, as far as one can tell
   */
  admit(key: ClientKey, tokens: number, limits: LimitsConfig): Admitted {
    const { tokensPerMinute } = key
    const now = this.now()
    const use = this.useOf(key.id)
    const full = this.fullOf(use, limits) ?? fullMinute(use, key, now)
    if (full !== null) return full
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
    return { ok: true, admission: this.book(key, tokens, now) }
  }

  /** What keys did since the last call, to be told to other processes. */
  takeUse(): Map<string, Use> {
    const taken = new Map<string, Use>()
    for (const [id, use] of this.uses) {
      if (use.untold === null) continue
      const { requests, tokens } = use.untold
      taken.set(id, { requests, tokens: Math.max(-TOLD_TOKENS_MAX, Math.min(tokens, TOLD_TOKENS_MAX)) })
      use.untold = null
    }
    return taken
  }

  /** What was taken could not be told. */
  giveBackUse(taken: ReadonlyMap<string, Use>): void {
    for (const [id, { requests, tokens }] of taken) note(this.useOf(id), requests, tokens)
  }

  /** What a key did in other processes. */
  addOthers(id: string, { requests, tokens }: Use, secondsAgo: number): void {
    const use = this.useOf(id)
    const now = this.now()
    use.requests.addAt(secondsAgo, requests, now)
    use.tokens.addAt(secondsAgo, tokens, now)
  }

  private fullOf({ streams }: KeyUse, limits: LimitsConfig) {
    if (this.streams >= limits.streamsMax)
      return refused(503, 'gateway_busy', 'too many requests are under way', STREAMS_RETRY_MS)
    if (streams < limits.streamsPerKeyMax) return null
    const message = `this key has ${streams} requests under way, as many as it may`
    return refused(429, 'too_many_streams', message, STREAMS_RETRY_MS)
  }

  private book(key: ClientKey, tokens: number, now: number): Admission {
    const { use, bookedOn } = this.count(key, tokens, now)
    this.streams++
    use.streams++
    let isOver = false
    return {
      end: (usedTokens) => {
        if (isOver) return
        isOver = true
        this.streams--
        use.streams--
        if (usedTokens === null) return
        use.tokens.correct(bookedOn, usedTokens - tokens, this.now())
        if (key.tokensPerMinute !== null) note(use, 0, usedTokens - tokens)
      },
    }
  }

  private count(key: ClientKey, tokens: number, now: number) {
    const use = this.useOf(key.id)
    use.requests.add(1, now)
    const bookedOn = use.tokens.add(tokens, now)
    // Of a key without limits nobody need know, nor of tokens where they have none: a client may ask for any number.
    const { requestsPerMinute, tokensPerMinute } = key
    if (tokensPerMinute !== null) note(use, 1, tokens)
    else if (requestsPerMinute !== null) note(use, 1, 0)
    return { use, bookedOn }
  }

  private useOf(id: string): KeyUse {
    const known = this.uses.get(id)
    if (known !== undefined) return known
    if (this.uses.size >= this.sweepAt) this.sweep()
    const made: KeyUse = {
      streams: 0,
      bodyBytes: 0,
      untold: null,
      requests: new MinuteWindow(),
      tokens: new MinuteWindow(),
    }
    this.uses.set(id, made)
    return made
  }

  /** Forgets keys that have nothing under way and did nothing for a minute. */
  private sweep(): void {
    const now = this.now()
    for (const [id, { streams, untold, requests, tokens }] of this.uses)
      if (streams === 0 && untold === null && requests.isEmpty(now) && tokens.isEmpty(now))
        this.uses.delete(id)
    this.sweepAt = Math.max(IDLE_KEYS_MAX, 2 * this.uses.size)
  }
}

function fullMinute({ requests }: KeyUse, { requestsPerMinute }: ClientKey, now: number) {
  if (requestsPerMinute === null) return null
  const waitMs = requests.waitMs(1, requestsPerMinute, now)
  if (waitMs === 0) return null
  const message = `this key may make ${requestsPerMinute} requests a minute`
  return refused(429, 'rate_limit_exceeded', message, waitMs)
}

function note(use: KeyUse, requests: number, tokens: number): void {
  use.untold ??= { requests: 0, tokens: 0 }
  use.untold.requests += requests
  use.untold.tokens += tokens
}
