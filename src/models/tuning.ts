/**
 * Tuned constants about models, which all policies share: what bills teach, when a model counts as down, and how one that
 * limits have shut out is tried. `npm run sensitivity -- --only CONSTANT` shows what half and twice of those of costs do; no
 * replay fails a call, sets a limit or gets a mistaken bill, so tests hold the others.
 */

// What bills teach of costs (`cost-estimate.ts`)

/** Settled requests that a model's sums hold. */
export const COST_MEMORY_REQUESTS = 50
/** Weight that a settled request leaves to those before it. */
export const COST_KEPT = 1 - 1 / COST_MEMORY_REQUESTS
/** Most that realised costs multiply a list price by: beyond it a bill says more of a mistake than of the model. */
export const LIST_PRICE_RATIO_MAX = 1000
/**
 * A bill of more than this many times its list cost, and of the mean of the model's bills before, is likelier a mistake than
 * a cost: a prompt of 100,000 words where 500 tokens were assumed is less.
 */
export const BILL_LIST_RATIO_MAX = 300
export const BILL_MEAN_RATIO_MAX = 30
/** What such a bill counts for in what is learned, in times of what was expected: a mistake must not shut a model out. */
export const BILL_MISTAKE_COUNTED = 3
/** Most that a change of prices is taken to move costs beside list costs by: ten tokens of answer where ten thousand were assumed. */
export const REPRICE_RATIO_MAX = 1000
/** Most that a corrected bill moves a model's sums by, as a share of them, without their beginning again. */
export const BILL_REVISED_SHARE = 0.1

// Which bills are told (`implausible-bill.ts`)

/** Up to this many times its list cost no bill is looked into. */
export const BILL_USUAL_RATIO = 10
/** A bill of more than this many times the list cost of its tokens is told: cents for dollars are 50 to 100. */
export const BILL_TOLD_RATIO = 40
/** First bills of a model that are held against its list price alone: they say themselves what the model costs. */
export const BILL_FIRST_COUNT = 8

// Whether a model answers (`availability.ts`)

/** Failures one after the other, or their share of recent calls, at which a model is taken to be down. */
export const OUTAGE_FAILURES_IN_A_ROW = 4
export const OUTAGE_FAILURE_SHARE = 0.6
/**
 * Where answers of requests from before the first of them came in between, a row takes this number of failures, which are
 * also this share of what was routed to the model since it began: such answers end no row, and those of later requests
 * may be as slow.
 */
export const OUTAGE_OVERTAKEN_FAILURES = 8
export const OUTAGE_OVERTAKEN_SHARE = 0.75
/** A model that goes down again within this number of calls has to answer twice as often in a row before it is back. */
export const OUTAGE_RELAPSE_CALLS = 64
export const OUTAGE_ANSWERS_NEEDED_MAX = 4
/** Weight of the latest outcome in the share, and what is left of the share when the model is back. */
export const OUTAGE_SHARE_RATE = 1 / 16
export const OUTAGE_SHARE_KEPT = 1 / 2
/** Pauses double from one try that fails to the next: whichever end comes first lets one request through. */
export const OUTAGE_PAUSE_REQUESTS = 4
export const OUTAGE_PAUSE_REQUESTS_MAX = 32
/** While it answers, and has to answer more: every other request. */
export const OUTAGE_PAUSE_REQUESTS_PROVING = 1
/** Share of those requests that a pause which is over by time spares: the rest go elsewhere first, however seldom they come. */
export const OUTAGE_PAUSE_SHARE_BY_TIME = 3 / 4
export const OUTAGE_PAUSE_MS = 30_000
export const OUTAGE_PAUSE_MS_MAX = 900_000
/** No provider keeps everybody away for longer than an hour: a wait of years is a mistake of units, or of a date. */
export const RETRY_AFTER_MS_MAX = 3_600_000

// Tries of models that limits have shut out (`tries.ts`)

/** Requests without one of its own after which a model may be tried, and between any two tries: 4 % are few beside the rest. */
export const TRY_PAUSE_REQUESTS = 25
/** At most, where a model stays too dear: one request in 2,000 is a try of it. `IDLE_REQUESTS` of policy `dollar` is the same. */
export const TRY_PAUSE_REQUESTS_MAX = 2000
/** And where it stays too slow: a late answer is still an answer, so its tries cost less than those that are too dear. */
export const TRY_SLOW_PAUSE_REQUESTS_MAX = 1000
/** Latest calls of a model whose latencies and bills are kept: few enough to be outlived soon, enough that noise hides no change. */
export const LATEST_OUTCOMES = 20
/**
 * While no more than this many of those were beyond the limit a model's pauses stay as they are: what has gone wrong for ten
 * calls is often soon over, and with pauses that double from the first one on it would keep the model out for thousands of requests. Each
 * call more doubles the pause, up to the number of tries that have failed, and so does each such try beyond this many, whatever came of it.
 */
export const TRY_FEW_OUTCOMES = 10
/** Between tries of models that have failed them all: 0.4 % of requests are tries, however many models are shut out. */
export const TRY_PACE_REQUESTS_MAX = 250
/** Time without, where no model is left to take requests: then none are counted. How long a person waits at first; later a provider's outage. */
export const TRY_PAUSE_MS = 10_000
export const TRY_PAUSE_MS_MAX = 900_000
export const TRY_PACE_MS_MAX = 100_000
/** The pause between all tries doubles with each of these that came to nothing: about what a single model needs to reach its own longest pause. */
export const TRY_ROUND = 8
/** What is known of costs is this old before it counts for less: five times the bills it stands on. */
export const TRY_AGE_REQUESTS = 5 * COST_MEMORY_REQUESTS
/**
 * The same of a list price without a bill: a guess of how long answers are stands on nothing. And of fewer bills than `LATEST_OUTCOMES`,
 * where most are above `TRY_HOPEFUL_RATIO_MAX`.
 */
export const TRY_AGE_REQUESTS_UNBILLED = COST_MEMORY_REQUESTS
/**
 * Most times that a try's list cost, or what most bills say, may be above the limit: where 300 tokens of answer are assumed
 * at four times the price of as many that come in, an answer of one token is a fifth of that, and half as much is to spare.
 */
export const TRY_BELOW_LIST_MAX = 10
/** Latencies that the recent mean stands on, at most: enough that noise of half the mean moves it by a tenth. */
export const TRY_LATENCIES_MAX = 32
/** What was known counts for this many observations once a try was within the limit: two or three more outweigh it. */
export const TRY_KEPT_OBSERVATIONS = 0.5
/** And for no more than this many limits: one call of an hour would take as many tries as a mistake of units. */
export const TRY_KEPT_LIMITS = 4
/** Observations that a mean within the limit must stand on for earlier tries to be forgotten. */
export const TRY_SURE_OBSERVATIONS = 8
/** Recent costs that are more than this many times the usual ones say more about mistakes than about the model. */
export const TRY_DOUBTFUL_RATIO = 5
/** Most bills that are no more times their list cost than this leave hope that the list price holds. */
export const TRY_HOPEFUL_RATIO_MAX = 1.5
/** What a bill moves the usual ratio by: less, the more bills there were. As long a memory as the mean's. */
export const TRY_USUAL_STEP_MIN = 1 / COST_MEMORY_REQUESTS
/** Beyond these nobody sets a price. */
export const TRY_USUAL_RATIO_MIN = 1e-3
export const TRY_USUAL_RATIO_MAX = 1e3
/** Of a model without a price there is no ratio: its usual bill doubles and halves, from a thousandth of a cent on. */
export const TRY_USUAL_FREE_STEP = 2
export const TRY_USUAL_FREE_MIN_USD = 1e-5
/** At this age bills of a model without a price count for nothing: as many requests as the longest pause between tries. */
export const TRY_FREE_AGE_MAX = TRY_PAUSE_REQUESTS_MAX / TRY_AGE_REQUESTS
/** A bill of a model without a price that is this many times all that is known counts as a mistake, as one of a priced model does. */
export const TRY_FREE_MISTAKE_RATIO = 30
export const TRY_FREE_MISTAKE_COUNTED = 3
