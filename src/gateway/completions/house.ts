import type { After } from '../../base/after.js'
import { type Judge, Repeats, type RewardCollector } from '../../rewards/parts.js'
import type { ModelConfig, UpstreamConfig } from '../config/config.js'
import type { ClientAnswer } from '../doors/client-answer.js'
import type { ClientRequest } from '../doors/client-request.js'
import { requestOf, responseOf } from '../doors/web-door.js'
import { collectorOf } from '../feedback/collector.js'
import { Decisions } from '../feedback/decisions.js'
import { JUDGE_KEY, judgeOf } from '../judge/judge-model.js'
import type { Surface } from '../logs/request-record.js'
import type { RewardReport } from '../metrics/reward-metrics.js'
import type { ProtocolAdapter } from '../protocols/adapter.js'
import { Sessions } from '../sessions/sessions.js'
import type { SurfaceDeps } from '../surfaces.js'
import type { AiSdkOptions, AiSdkProviders, AiSdkUpstreamCall, callAiSdk } from '../upstreams/ai-sdk/index.js'
import type { CallUpstream, UpstreamAnswer } from '../upstreams/call.js'
import { OUT_OF_SOCKETS, UpstreamFailure } from '../upstreams/failure.js'
import { NewNames } from './aliases.js'
import { Billing, unknownTokens } from './bill.js'
import { Exchange } from './exchange.js'
import { Ledger } from './ledger.js'
import { Refusals } from './refusals.js'
import { RetryShare } from './retry-share.js'
import { Steadiness } from './steadiness.js'
import { Unanswered } from './unanswered.js'
import { UnderWay } from './under-way.js'
import { UnsupportedMembers } from './unsupported.js'
import { Wordings } from './wordings.js'

interface AiSdk {
  readonly call: typeof callAiSdk
  readonly providers: AiSdkProviders
}

export interface HouseOptions {
  readonly call: CallUpstream
  readonly after: After
  /** In [0, 1), for what is left to chance. */
  readonly random: () => number
  /** Asks a model as a client would, for the judge. */
  readonly ask: (house: House, adapter: ProtocolAdapter, request: ClientRequest) => Promise<ClientAnswer>
  readonly aiSdk?: AiSdkOptions | undefined
}

/** What all requests share. */
export class House {
  readonly deps: SurfaceDeps
  readonly call: CallUpstream
  private readonly aiSdkOptions: AiSdkOptions
  private aiSdk: Promise<AiSdk> | null = null
  readonly after: After
  readonly ledger: Ledger
  readonly billing: Billing
  readonly sessions: Sessions
  readonly decisions: Decisions
  readonly rewards: RewardCollector
  readonly retries = new RetryShare()
  readonly refusals = new Refusals()
  readonly unanswered = new Unanswered()
  readonly steadiness = new Steadiness()
  readonly wordings = new Wordings()
  readonly unsupported = new UnsupportedMembers()
  readonly repeats = new Repeats()
  readonly newNames = new NewNames()
  readonly judge: Judge
  private readonly underWay = new UnderWay<Exchange>()
  private isClosing = false

  constructor(deps: SurfaceDeps, { call, after, random, ask, aiSdk = {} }: HouseOptions) {
    this.deps = deps
    this.call = call
    this.aiSdkOptions = aiSdk
    this.after = after
    this.ledger = new Ledger({
      router: deps.router,
      after,
      onError: (error) => deps.onError(error, 'a bill'),
    })
    this.billing = new Billing(this.ledger, unknownTokens(deps.metrics))
    this.sessions = new Sessions(deps.notes, deps.now)
    this.decisions = new Decisions(deps.notes)
    this.rewards = collectorOf(deps, after, random)
    this.judge = judgeOf(deps, this.rewards, after, random, async (adapter, request) =>
      responseOf(await ask(this, adapter, requestOf(request))),
    )
  }

  get rewardReport(): RewardReport {
    const { agreement, line: calibration } = this.rewards.comparison
    return {
      agreement,
      judge: this.deps.live.current.rewards.judge === null ? null : this.judge.stats,
      calibration,
    }
  }

  begin(request: ClientRequest, surface: Surface): Exchange {
    const { deps } = this
    const { now, observe } = deps
    const onEnd = (ended: Exchange) => {
      this.underWay.delete(ended)
      deps.storeWatch.look()
      // Feedback and questions name a decision too: it is another request's. Nobody asks for a judge's.
      if (ended.mayCost && ended.record.key?.id !== JUDGE_KEY.id) this.decisions.ended(ended.record)
    }
    const exchange = new Exchange(request, surface, now, observe, onEnd)
    this.underWay.add(exchange)
    if (this.isClosing) exchange.cut()
    return exchange
  }

  /** Calls a model of the AI SDK. All that knows of it is loaded with the first. */
  async callAiSdk(upstream: UpstreamConfig, call: AiSdkUpstreamCall): Promise<UpstreamAnswer> {
    this.aiSdk ??= import('../upstreams/ai-sdk/index.js').then((found) => ({
      call: found.callAiSdk,
      providers: new found.AiSdkProviders(
        this.aiSdkOptions,
        () => this.deps.live.current.limits.answerBytesMax,
      ),
    }))
    const aiSdk = await this.aiSdk
    try {
      return await aiSdk.call(await aiSdk.providers.modelOf(upstream, call.modelId), call)
    } catch (error) {
      // Clients hear of operators' mistakes that there is one.
      if (error instanceof UpstreamFailure && error.cause !== undefined)
        this.deps.onError(error.cause, 'a model of the AI SDK')
      throw error
    }
  }

  /** Clients are not told what is wrong with a key, an account, the name of a model or an address: the log is. */
  tellOperator(
    { code, message, detail }: UpstreamFailure,
    { model, upstream }: { readonly model: ModelConfig; readonly upstream: UpstreamConfig },
    url: string,
  ): void {
    if (detail === '') return
    const { id, upstreamModel } = model
    const about = { model: id, upstream: upstream.id, upstreamModel }
    const where = upstream.protocol === 'ai-sdk' ? about : { ...about, url }
    const isOurs = code === OUT_OF_SOCKETS
    this.deps.onUpstreamProblem?.({ ...where, error: message, detail: this.scrub(detail), isOurs })
  }

  /** What an upstream says may quote its key. */
  scrub(text: string): string {
    return this.deps.live.scrub(text)
  }

  /** Breaks off what is under way; resolves when all of it is booked. */
  async close(): Promise<void> {
    this.isClosing = true
    this.judge.close()
    const ends: Promise<void>[] = []
    for (const exchange of this.underWay.members()) {
      if (exchange.mayCost) ends.push(exchange.ended)
      exchange.cut()
    }
    await Promise.all(ends)
    await this.rewards.close()
    this.ledger.close()
  }
}
