import { object, setOf, withDefault } from './compound-shapes.js'
import { type RequestsConfig, UNKNOWN_MEMBERS } from './config.js'
import {
  type LimitsConfig,
  ON_CLIENT_GONE,
  type RetriesConfig,
  type SessionsConfig,
  type TimeoutsConfig,
} from './limit-config.js'
import { integerIn, numberIn, oneOf, textLike, yesOrNo } from './scalar-shapes.js'
import type { Shape } from './shape.js'
import { DAY_MS, HOUR_MS, milliseconds, TOKENS_MAX } from './words.js'

const KIB = 1024
const MIB = 1024 * KIB

export const limits: Shape<LimitsConfig> = object<LimitsConfig>({
  bodyBytesMax: withDefault(integerIn(KIB, 1024 * MIB), 32 * MIB, 'longest request body'),
  bodyMembersMax: withDefault(
    integerIn(1000, 1e8),
    200_000,
    'members, objects and lists of a request body together, at whatever depth',
  ),
  bodiesBytesMax: withDefault(
    integerIn(KIB, 1024 * 1024 * MIB),
    256 * MIB,
    'what has come of bodies that are not whole yet, of all requests; of one key half of it at most, or one body',
  ),
  headerBytesMax: withDefault(integerIn(KIB, MIB), 16 * KIB, 'longest header of a request, all fields'),
  streamsPerKeyMax: withDefault(integerIn(1, 1e6), 256, 'requests of one key at a time'),
  streamsMax: withDefault(integerIn(1, 1e6), 4096, 'requests of all at a time'),
  answerBytesMax: withDefault(
    integerIn(KIB, 1024 * MIB),
    32 * MIB,
    'longest answer that is not streamed; of one that is, longest event and longest beginning without content',
  ),
  streamBufferBytesMax: withDefault(
    integerIn(4 * KIB, 64 * MIB),
    256 * KIB,
    'what may wait for a slow client before its upstream is slowed',
  ),
})

export const requests: Shape<RequestsConfig> = object<RequestsConfig>({
  allow: withDefault(
    setOf(textLike('^[A-Za-z0-9_.+-]{1,80}$', 'a member of requests, or tools.NAME'), 1000),
    [],
    'what may make a request dearer than is set aside for it, or reads what the account of the operator may: service_tier, tools.web_search, files.gs',
  ),
  unknownMembers: withDefault(oneOf(UNKNOWN_MEMBERS), 'pass', 'members that nobody here knows'),
  imageTokens: withDefault(integerIn(1, TOKENS_MAX), 1300, 'what an image is taken for'),
  fileTokens: withDefault(
    integerIn(1, TOKENS_MAX),
    10_000,
    'what is taken for a file that stands at the provider',
  ),
  waitForStore: withDefault(yesOrNo, false, 'whether a reservation is in the store before its call is made'),
})

export const timeouts: Shape<TimeoutsConfig> = object<TimeoutsConfig>({
  requestMs: withDefault(milliseconds(), 30_000, 'for a client to send its request'),
  firstTokenMs: withDefault(
    milliseconds(),
    120_000,
    'to the first token, or the whole answer where it is not streamed',
  ),
  betweenTokensMs: withDefault(milliseconds(), 60_000, 'between two tokens'),
  totalMs: withDefault(milliseconds(), 600_000, 'for a request with all its tries'),
  drainMs: withDefault(milliseconds(0), 30_000, 'for streams to end after SIGTERM'),
})

export const retries: Shape<RetriesConfig> = object<RetriesConfig>({
  triesMax: withDefault(
    integerIn(1, 10),
    3,
    'tries of one request, the first included: each asks another model, but for the one after a connection that was closed as it was used again',
  ),
  shareMax: withDefault(numberIn(0, 1), 0.2, 'retries of all requests, as a share of requests'),
  cooldownMs: withDefault(
    milliseconds(0, HOUR_MS),
    10_000,
    'how long a model that failed gets nothing; one failure after fifty answers, or further ones of one client alone, begin no pause',
  ),
})

export const sessions: Shape<SessionsConfig> = object<SessionsConfig>({
  ttlMs: withDefault(
    milliseconds(1, 30 * DAY_MS),
    HOUR_MS,
    'a conversation without a request for so long is forgotten',
  ),
  sessionsMax: withDefault(integerIn(1, 1e7), 100_000, 'conversations that are remembered'),
  onClientGone: withDefault(oneOf(ON_CLIENT_GONE), 'cancel', "what becomes of the upstream's stream then"),
  drainMs: withDefault(milliseconds(), 30_000, 'drain: for so long at most'),
})
