import {
  checkEach,
  checkFunction,
  checkInteger,
  checkPositive,
  checkRecord,
  checkString,
} from '../../base/check.js'
import { readClock } from '../../base/clock.js'
import { expected, ParetoBanditError, show } from '../../base/errors.js'
import { type Json, objectOf, objectsOf, parseObject, textOf } from '../../base/json.js'
import { LatestMap } from '../../base/latest-map.js'
import type { PlatformResponse, PlatformSignal } from '../../base/platform.js'
import { reading, readRecordOnce } from '../../base/read-once.js'
import type { SourceReward } from '../collect/collector-parts.js'
import { checkScale, type MetricScale, scaled, verdictValue } from './read-feedback.js'

/** Where polling goes on, as plain JSON: keep it, and give it to the next process. */
export interface LangfuseCursor {
  /** Scores from this time on, ms since 1970 UTC. */
  readonly fromMs: number
  /** Before this time; null: the next poll says. */
  readonly toMs: number | null
  /** The page to be read next, from 1 on. */
  readonly page: number
}

/** How a page of scores is asked for: part of a `RequestInit`. */
export interface LangfuseRequest {
  /** Basic authentication: the project's keys. */
  readonly headers: { readonly authorization: string }
  /** Breaks the call off when `timeoutMs` have passed. */
  readonly signal: PlatformSignal
}

/** Which scores are read, and from where. */
export interface LangfuseOptions {
  /** Of the server: `https://cloud.langfuse.com`. */
  readonly baseUrl: string
  /** Of the project: the name of basic authentication. */
  readonly publicKey: string
  /** Of the project: the password. */
  readonly secretKey: string
  /** Names of scores that are rewards, and their scales; others are left out. */
  readonly scores: readonly MetricScale[]
  /** The decision of a score. Default: its `traceId`, for traces that are called as decisions are. Null: it has none here. */
  readonly decisionOf?: ((score: { readonly [field: string]: unknown }) => string | null) | undefined
  /** Of the API. Default `/api/public/v2/scores`; older servers have `/api/public/scores`. */
  readonly path?: string | undefined
  /** Where to go on. Default: with what comes from now on. */
  readonly cursor?: LangfuseCursor | undefined
  /** Scores a page, 1 to 100. Default 50. */
  readonly pageSize?: number | undefined
  /** Pages that one poll reads at most; the next goes on there. Default 20. */
  readonly pagesMax?: number | undefined
  /** How long a call may take, ms. Default 10,000. */
  readonly timeoutMs?: number | undefined
  /** Default: the global one. */
  readonly fetch?: ((url: string, init: LangfuseRequest) => Promise<PlatformResponse>) | undefined
  /** Milliseconds since 1970 UTC. Default Date.now. */
  readonly now?: (() => number) | undefined
}

/** What one poll read. */
export interface LangfusePoll {
  /** For `giveMany`. */
  readonly rewards: readonly SourceReward[]
  /** Scores of these names that are no reward: of no decision, or off their scale. */
  readonly refused: number
  /** Whether there is more to read at once. */
  readonly hasMore: boolean
}

const PATH = '/api/public/v2/scores'
const PAGE_SIZE = 50
const PAGES_MAX = 20
const PAGES_LIMIT = 1000
const TIMEOUT_MS = 10_000
const BODY_BYTES_MAX = 8_000_000
/** Scores may be written later than they say: so much is read again, and counts once by its id. */
const OVERLAP_MS = 60_000
/** Ids of scores that were read, the latest. */
const SEEN_MAX = 20_000

/**
 * Rewards that are scores in Langfuse, read by polling: page by page within a window of time, so that no score is passed over while others
 * come. A poll that fails changes nothing, and the next one reads the same again.
 */
export class LangfuseScores {
  private readonly options: LangfuseOptions
  private readonly seen = new LatestMap<string, true>(SEEN_MAX)
  private at: LangfuseCursor
  private isPolling = false

  /** @throws INVALID_ARGUMENT */
  constructor(given: LangfuseOptions) {
    const options = readRecordOnce(checkRecord(given, 'options'), 'options') as unknown as LangfuseOptions
    const { baseUrl, publicKey, secretKey, scores } = options
    if (!/^https?:/.test(checkString(baseUrl, 'baseUrl')) || !URL.canParse(String(baseUrl)))
      throw expected('INVALID_ARGUMENT', 'baseUrl', 'a URL of http or https', baseUrl)
    checkString(publicKey, 'publicKey')
    checkString(secretKey, 'secretKey')
    if (!Array.isArray(scores) || scores.length === 0)
      throw expected('INVALID_ARGUMENT', 'scores', 'the names of scores that are rewards', scores)
    for (const name of ['fetch', 'decisionOf', 'now'] as const)
      if (options[name] !== undefined) checkFunction(options[name], name)
    if (options.path !== undefined) checkString(options.path, 'path')
    if (options.timeoutMs !== undefined) checkPositive(options.timeoutMs, 'timeoutMs')
    checkInteger(options.pageSize ?? PAGE_SIZE, 1, 100, 'pageSize')
    checkInteger(options.pagesMax ?? PAGES_MAX, 1, PAGES_LIMIT, 'pagesMax')
    const scales = reading('scores', () =>
      checkEach(scores, 'scores', (each, i) => checkScale(each, `scores[${i}]`)),
    )
    this.options = { ...options, scores: scales }
    const { cursor, now = Date.now } = options
    this.at = cursor === undefined ? { fromMs: readClock(now), toMs: null, page: 1 } : checkCursor(cursor)
  }

  /** Where the next poll goes on. */
  get cursor(): LangfuseCursor {
    return this.at
  }

  /**
   * Reads what has come since, once.
   * @throws (the promise is rejected with) SOURCE_FAILED where the server cannot be reached, refuses, or says something else; POLL_RUNNING while
   *   another poll of this reader has not ended
   */
  async poll(): Promise<LangfusePoll> {
    if (this.isPolling)
      throw new ParetoBanditError('POLL_RUNNING', '', 'expected the poll before to have ended: await it')
    this.isPolling = true
    try {
      return await this.read()
    } finally {
      this.isPolling = false
    }
  }

  private async read(): Promise<LangfusePoll> {
    const { now = Date.now, pagesMax = PAGES_MAX } = this.options
    const toMs = this.at.toMs ?? Math.max(readClock(now), this.at.fromMs)
    const rewards: SourceReward[] = []
    const ids: string[] = []
    let refused = 0
    let { page } = this.at
    let hasMore = true
    for (let count = 0; hasMore && count < pagesMax; count++) {
      const { data, pages } = await this.pageOf(page, toMs)
      for (const score of data) {
        const id = textOf(score.id)
        const scale = this.options.scores.find(({ name }) => name === score.name)
        if (scale === undefined || id === '' || this.seen.has(id)) continue
        ids.push(id)
        const reward = this.rewardOf(score, id, scale)
        if (reward === null) refused++
        else rewards.push(reward)
      }
      hasMore = page < pages && data.length > 0
      page++
    }
    for (const id of ids) this.seen.set(id, true)
    this.at = hasMore
      ? { fromMs: this.at.fromMs, toMs, page }
      : { fromMs: Math.max(this.at.fromMs, toMs - OVERLAP_MS), toMs: null, page: 1 }
    return { rewards, refused, hasMore }
  }

  private async pageOf(page: number, toMs: number): Promise<{ data: readonly Json[]; pages: number }> {
    const { baseUrl, path = PATH, publicKey, secretKey, pageSize = PAGE_SIZE } = this.options
    const { timeoutMs = TIMEOUT_MS, fetch = globalThis.fetch } = this.options
    const url = new URL(baseUrl.replace(/\/+$/, '') + path)
    url.searchParams.set('page', String(page))
    url.searchParams.set('limit', String(pageSize))
    url.searchParams.set('fromTimestamp', new Date(this.at.fromMs).toISOString())
    url.searchParams.set('toTimestamp', new Date(toMs).toISOString())
    const authorization = `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(`${publicKey}:${secretKey}`)))}`
    let status: number
    let text: string
    try {
      const signal = AbortSignal.timeout(timeoutMs)
      const response = await fetch(url.href, { headers: { authorization }, signal })
      status = response.status
      text = status === 200 ? await boundedText(response) : ''
      if (status !== 200) await response.body?.cancel()
    } catch (cause) {
      if (cause instanceof ParetoBanditError) throw cause
      throw new ParetoBanditError('SOURCE_FAILED', '', 'Langfuse cannot be reached', { cause })
    }
    if (status !== 200) throw new ParetoBanditError('SOURCE_FAILED', '', `Langfuse answered ${status}`)
    const body = parseObject(text)
    const { data, meta } = body ?? {}
    const pages = objectOf(meta)?.totalPages
    if (!Array.isArray(data) || typeof pages !== 'number')
      throw new ParetoBanditError('SOURCE_FAILED', '', `expected a page of scores, got ${show(body)}`)
    return { data: objectsOf(data), pages }
  }

  /** Null: the score is no reward. */
  private rewardOf(score: Json, id: string, scale: MetricScale): SourceReward | null {
    const { decisionOf = ({ traceId }) => (typeof traceId === 'string' ? traceId : null) } = this.options
    const decision = decisionOf(score)
    if (decision === null || decision === '') return null
    const value = scoreOf(score, scale)
    return value === null
      ? null
      : { decision, value, weight: 1, source: scale.source, idempotencyKey: `langfuse:${id}` }
  }
}

/** No more of it is read than may be kept. */
async function boundedText({ body }: PlatformResponse): Promise<string> {
  if (body === null) return ''
  const reader = body.getReader()
  const decoder = new TextDecoder()
  const parts: string[] = []
  let bytes = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return parts.join('') + decoder.decode()
    bytes += value.byteLength
    if (bytes > BODY_BYTES_MAX) {
      await reader.cancel().catch(() => {})
      throw new ParetoBanditError('SOURCE_FAILED', '', `expected at most ${BODY_BYTES_MAX} bytes of Langfuse`)
    }
    parts.push(decoder.decode(value, { stream: true }))
  }
}

function scoreOf(score: Json, scale: MetricScale): number | null {
  const word = textOf(score.stringValue) || textOf(score.value)
  if (score.dataType === 'CATEGORICAL') return verdictValue(word)
  // Of booleans the value is 0 or 1, and no number on the scale.
  if (score.dataType === 'BOOLEAN')
    return scaled({ value: score.value === 1 || score.value === true }, 'value', scale)
  try {
    return scaled(score, 'value', scale)
  } catch {
    return null
  }
}

function checkCursor(cursor: LangfuseCursor): LangfuseCursor {
  const { fromMs, toMs, page } = readRecordOnce(checkRecord(cursor, 'cursor'), 'cursor')
  return {
    fromMs: readClock(() => Number(fromMs)),
    toMs: toMs === null ? null : readClock(() => Number(toMs)),
    page: checkInteger(page, 1, Number.MAX_SAFE_INTEGER, 'cursor.page'),
  }
}
