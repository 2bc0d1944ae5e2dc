// What a recording is played with: numbers that are the same each time, a clock, and models that answer by a rule.

/** Mulberry32. */
export function randomOf(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const WORDS =
  'explain why the cache misses write a poem on autumn sum these invoices in euros translate to Japanese 要約して ' +
  'prove that primes are endless fix the failing test déjà vu naïve café list steps to bake bread SELECT FROM WHERE'
const VOCABULARY = WORDS.split(' ')

export class World {
  constructor(seed, startsAt, dimension) {
    this.random = randomOf(seed)
    this.now = startsAt
    this.dimension = dimension
    this.routed = []
    this.biases = new Map()
  }

  advance(ms) {
    this.now += ms
  }

  pick(list) {
    return list[Math.floor(this.random() * list.length)]
  }

  /** A context of short decimals, bias last; a text without a dimension. */
  input() {
    if (this.dimension === null) {
      return Array.from({ length: 3 + Math.floor(this.random() * 12) }, () => this.pick(VOCABULARY)).join(' ')
    }
    const numbers = Array.from(
      { length: this.dimension - 1 },
      () => Math.round((this.random() * 2 - 1) * 1000) / 1000,
    )
    return [...numbers, 1]
  }

  /** What an answer of the model is worth, between `low` and `high`. */
  reward(model, low, high) {
    const base = this.biases.get(model) ?? 0.6
    return Math.min(high, Math.max(low, base + (this.random() - 0.5) * 0.3))
  }

  settlement() {
    const inputTokens = 100 + Math.floor(this.random() * 700)
    const outputTokens = 50 + Math.floor(this.random() * 500)
    const latencyMs = 200 + Math.floor(this.random() * 2500)
    const kind = Math.floor(this.random() * 6)
    if (kind === 0) return { costUsd: Math.round(this.random() * 4e6) / 1e9 }
    if (kind === 1) return { costUsd: Math.round(this.random() * 4e6) / 1e9, latencyMs }
    if (kind === 2) return { inputTokens, outputTokens }
    if (kind === 3) return { inputTokens, outputTokens, cachedInputTokens: inputTokens >> 1, latencyMs }
    if (kind === 4) return { inputTokens, outputTokens, reasoningTokens: outputTokens >> 2, latencyMs }
    return {
      inputTokens,
      outputTokens,
      cachedInputTokens: inputTokens >> 2,
      reasoningTokens: outputTokens >> 1,
      latencyMs,
    }
  }

  /** Routes, and remembers the request. @returns its decision, or null where it was refused */
  route(router, options, input = this.input()) {
    try {
      const decision = router.route(input, options)
      this.routed.push(decision)
      return decision
    } catch (error) {
      if (error.code === 'BUDGET_EXHAUSTED' || error.code === 'NO_ELIGIBLE_MODEL') return null
      throw error
    }
  }

  /** Feedback as it comes: mostly both, in either order, sometimes one of them, a failure, or nothing. */
  feedback(router, { id, model }, { low, high }) {
    const kind = this.random()
    if (kind < 0.06) router.fail(id)
    else if (kind < 0.12) router.fail(id, { costUsd: 0.0004 })
    else if (kind < 0.2) router.settle(id, this.settlement())
    else if (kind < 0.27) router.reward(id, this.reward(model, low, high))
    else if (kind < 0.33) return
    else if (kind < 0.66) {
      router.settle(id, this.settlement())
      router.reward(id, this.reward(model, low, high))
    } else {
      router.reward(id, this.reward(model, low, high))
      router.settle(id, this.settlement())
    }
  }

  /** Steps for `continuation.json`. */
  steps(count, optionsOf, { low, high }) {
    return Array.from({ length: count }, (_, i) => {
      const feedback = []
      if (i % 7 === 3) feedback.push({ back: 0, fail: i % 2 === 0 ? {} : { costUsd: 0.0003 } })
      else {
        if (i % 3 !== 1) feedback.push({ back: 0, settle: this.settlement() })
        if (i % 4 !== 2) feedback.push({ back: 0, reward: this.reward('', low, high) })
      }
      if (i % 5 === 4) feedback.push({ back: 3, reward: 0.5 })
      return {
        advanceMs: 1000 + Math.floor(this.random() * 60_000),
        input: this.input(),
        options: optionsOf(i),
        feedback,
      }
    })
  }
}
