/** The gateway as one fetch handler, for whoever has a server already: Node, Bun, Deno, the edge. */

export type { After } from '../base/after.js'
export type {
  PlatformFetch,
  PlatformRequest,
  PlatformResponse,
  PlatformSignal,
  StreamLike,
  StreamReaderLike,
} from '../base/platform.js'
export type { PriceFormat, PriceService, UnpricedTokens } from '../prices/index.js'
export type { Agreement, CalibrationLine, JudgeStats, MetricScale } from '../rewards/index.js'
export { type ClientSurfaceOptions, clientSurfaces } from './client-surfaces.js'
export type { StoreWatch } from './completions/store-watch.js'
export type * from './config/config.js'
export { ConfigError } from './config/config-error.js'
export type { Place, PlacedMistake } from './config/config-text.js'
export type * from './config/key-config.js'
export type * from './config/limit-config.js'
export type { ReloadReport } from './config/live-config.js'
export type { Mistake, Path } from './config/mistake.js'
export { readConfig, readConfigText } from './config/read-config.js'
export type * from './config/reward-config.js'
export { routerOptionsOf } from './config/router-options.js'
export type { Secret } from './config/secret.js'
export type { Environment } from './config/shape.js'
export type * from './config/store-config.js'
export type { DashboardFiles } from './dashboard/files.js'
export type { AnswerSink, AnswerStream, ClientAnswer } from './doors/client-answer.js'
export { BodyTooLong, type ClientRequest, type HeaderReader, type TakeBytes } from './doors/client-request.js'
export { createGateway, type Gateway, type GatewayOptions } from './gateway.js'
export { memoryRecords, type RecordStore } from './keys/records.js'
export type { SecondOfUse, Use, UseExchange } from './keys/use.js'
export type { LineLevel, WriteLine } from './logs/request-log.js'
export type {
  Outcome,
  RecordTokens,
  RequestObserver,
  RequestRecord,
  Surface,
} from './logs/request-record.js'
export type { UpstreamProblem } from './logs/upstream-problems.js'
export type { RewardReport } from './metrics/reward-metrics.js'
export type { NoteKind, Notes } from './notes/notes.js'
export type { MakeSurfaces, SurfaceDeps, Surfaces } from './surfaces.js'
export type { AiSdkModel, AiSdkOptions, AiSdkProvider, ImportPackage } from './upstreams/ai-sdk/index.js'
export {
  type CallUpstream,
  fetchUpstream,
  type UpstreamAnswer,
  type UpstreamBody,
  type UpstreamCall,
} from './upstreams/call.js'
