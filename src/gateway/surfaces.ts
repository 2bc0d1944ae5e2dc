import type { PlatformRequest, PlatformResponse } from '../base/platform.js'
import type { Router } from '../index.js'
import type { StoreWatch } from './completions/store-watch.js'
import type { LiveConfig } from './config/live-config.js'
import type { ClientAnswer } from './doors/client-answer.js'
import type { ClientRequest } from './doors/client-request.js'
import type { Keyring } from './keys/keyring.js'
import type { RateLimits } from './keys/rate-limits.js'
import type { RequestObserver } from './logs/request-record.js'
import type { UpstreamProblem } from './logs/upstream-problems.js'
import type { MetricsRegistry } from './metrics/registry.js'
import type { RewardReport } from './metrics/reward-metrics.js'
import type { Notes } from './notes/notes.js'

/** What surfaces for clients are made of. */
export interface SurfaceDeps {
  /** `live.current` is taken once a request, at its beginning. */
  readonly live: LiveConfig
  /** Decides, and keeps the books. */
  readonly router: Router<string>
  /** Whether its store can be reached. */
  readonly storeWatch: StoreWatch
  /** The keys of clients. */
  readonly keyring: Keyring
  /** Has `live` know at once what other processes have added. */
  readonly catchUp: () => Promise<unknown>
  /** What they did recently. */
  readonly rates: RateLimits
  /** Of decisions and conversations, of all processes. Whoever gives them closes them. */
  readonly notes: Notes
  /** Told once of every request that is over. */
  readonly observe: RequestObserver
  /** For counters of their own. */
  readonly metrics: MetricsRegistry
  /** Milliseconds since 1970 UTC. */
  readonly now: () => number
  /** Called with failures that are nobody's but ours. @param what failed, for the log: `a bill` */
  readonly onError: (error: unknown, what: string) => void
  /** Called with why a call failed, where clients do not hear it and the operator may have to mend it. */
  readonly onUpstreamProblem?: ((problem: UpstreamProblem) => void) | undefined
  /** Whether there is a page for people at `/dashboard`: who asks for a path that is not there is told. Default: no. */
  readonly hasDashboard?: boolean | undefined
  /** Where the gateway is mounted: links for people begin with it. Default: ''. */
  readonly basePath?: string | undefined
  /** Called with every reward that is taken. @param value in [0, 1] */
  readonly onReward?: ((source: string, value: number) => void) | undefined
}

/** All that answers clients: `/v1/*`, `/f/*`. */
export interface Surfaces {
  /** Answers a request of a client. */
  fetch(request: PlatformRequest): PlatformResponse | Promise<PlatformResponse>
  /**
   * Answers a POST that asks a model something, without the objects of the web around it.
   * @returns null: the path is another's, and `fetch` answers
   */
  complete?(path: string, request: ClientRequest): Promise<ClientAnswer> | null
  /**
   * Breaks off what is still under way, tells its clients (503 `gateway_closed`, or the error event of a stream), and resolves when the
   * bill of every request is with the router. No request comes afterwards; that a client was cut off may be told only later, so this
   * does not wait for it.
   */
  close(): Promise<void>
  /** What is known of rewards, for the admin API. Default: nothing. */
  rewardReport?(): RewardReport
}

export type MakeSurfaces = (deps: SurfaceDeps) => Surfaces | Promise<Surfaces>
