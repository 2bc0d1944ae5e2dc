/**
 * The tuned constants of policy `dollar`. Rewards in here are parts of their range, whatever it is: a reward of 1 is the
 * best there is.
 *
 * Those that it shares with other policies are in src/policy/tuning.ts. Where no source is named,
 *
 *     npm run sensitivity -- --only NAME
 *
 * shows what half of a value and twice of it do to replays; docs/TUNING.md has the table of all, and says which of them no
 * replay reaches. Defaults of options are in defaults.ts: a router knows them before it loads the policy.
 */

import { POT_STEPS } from '../lease.js'

// What is learned of costs: src/policy/dollar/cost-correction.ts

/** Least and most that predicted costs are multiplied by for what recent costs have been. */
export const COST_CORRECTION_MIN = 0.3
export const COST_CORRECTION_MAX = 3
/** Requests' worth that a change of costs leaves of the sums behind the correction. */
export const COST_KEPT_REQUESTS = 2
/** Settled requests in which a new model's level of costs is found; at each doubling what was predicted before is forgotten. */
export const COST_LEVEL_REQUESTS = 16
/** Of them, this many say nothing about how costs vary. */
export const COST_UNKNOWN_REQUESTS = 3
/** Settled requests that a prior's correction of its costs counts for. */
export const COST_PRIOR_REQUESTS = 20

// Warm and cold start: exploration/warm-start.ts

/**
 * A cold arm's regularization of every weight but the bias, in lambda0: it learns its mean first, in tens of requests. Of
 * that order for the reason that shrinkage.ts has; with 10 a cold router pays for differences between prompts that are
 * not there.
 */
export const COLD_FEATURE_RIDGE = 100
/** Variance of a cold arm's rewards before any is known, in parts of the range: of right-or-wrong rewards at one in two. */
export const COLD_REWARD_VARIANCE = 0.25
/** Largest variance of ln(cost) that a prior's correction believes in. */
export const PRIOR_LOG_COST_VARIANCE_MAX = 2

// How far features are trusted: estimate/shrinkage.ts

/** Ridges of the features before any is learned, in rewards: of a model's own weights, of those that all share. */
export const OWN_RIDGE_PRIOR = 500
export const COMMON_RIDGE_PRIOR = 100
/** How many weights' worth of evidence they are. */
export const OWN_PRIOR_WEIGHTS = 1
export const COMMON_PRIOR_WEIGHTS = 5
export const FEATURE_RIDGE_MIN = 20
export const FEATURE_RIDGE_MAX = 1e5
/** An arm is fitted again after this many rewards of its own, and this share of those that it stands on. */
export const REFIT_REWARDS_MIN = 8
export const REFIT_SHARE = 0.25
/** Rounds of the fixed point in which it is fitted: the next fit goes on from there. */
export const FIT_ROUNDS = 2
/** Rounds of the first fit of the weights that all share: later ones, of one round, go on from there. */
export const COMMON_FIRST_ROUNDS = 4
/**
 * An arm that stands on this many rewards is drawn to new common weights at once. One with fewer is when it is fitted itself: what
 * others say of prompts must not make an arm that is hardly known look like them, or it would not be tried where they are poor.
 */
export const REDRAWN_OBSERVATIONS = 100
/** What is known at first of the mean reward that says how steep an arm's weights are counts as this many rewards of a half. */
export const STEEPNESS_PRIOR_REWARDS = 4
/** The least that this mean, or what it lacks, is taken to be. */
export const STEEPNESS_LEVEL_MIN = 0.02
/** Rounds in which priors are fitted. */
export const PRIOR_FIT_ROUNDS = 12
/** Least variance of rewards about predictions, in parts of the range squared: rewards that are all the same have none. */
export const PRIOR_REWARD_VARIANCE_MIN = 1e-4
/** A variance of rewards is the mean of this many residuals before it follows the latest ones. */
export const VARIANCE_REWARDS = 100
/** What is known of a variance at first counts as this many. */
export const VARIANCE_PRIOR_REWARDS = 4

/** Rows by which priors' weights were drawn to those of all models before that was learned: models in old logs began so. */
export const POOLED_ROWS_BEFORE = 200

// Demand curves of dollars and of latency: demand/

/** Latest requests whose contenders a shadow price is found from. */
export const WINDOW_REQUESTS = 256
/** Of them, how many are left after an alarm: the others say what was before. */
export const WINDOW_KEPT_REQUESTS = 8
/** Spending less than this share of a target is not spending it: then the cheaper end of the price's bin is taken. */
export const SPENT_SHARE_MIN = 0.8
/** Shadow prices, in parts of the one in force, at which a request's best choice is kept when there are many models. */
export const CURVE_FACTORS: readonly number[] = [0, 0.25, 0.5, 1, 2, 4]
/** The same with a latency objective, of dollars and of latency: both curves want to know what changes. */
export const PAIRED_FACTORS: readonly number[] = [0, 1, 1, 1, 0.5, 2]
export const PAIRED_LATENCY_FACTORS: readonly number[] = [1, 0, 0.5, 1, 2, 0.5]

// What both budgets and latency objectives aim at

/** Share of a limit that is aimed at: what lies between it and 1 pays for what predictions miss. */
export const TIGHTNESS = 0.985
/** Least that is aimed at, in limits. */
export const TARGET_MIN = 0.3

// The account of a budget: accounts/credit.ts. B is the budget, USD per request.

/** Requests' worth of budget that an account starts with. */
export const CREDIT_START_REQUESTS = 20
/** Share of `burst` B that the account aims to hold. */
export const CREDIT_AIM_SHARE = 0.57
/** Requests over which a gap to what the account aims to hold is made up. */
export const CREDIT_HORIZON_REQUESTS = 40
/**
 * Share of a B that is not paid in while the account holds more than it aims to. A balance that is neither falling nor
 * rising spends all that comes in: paid in whole, every second run would end over its budget by what it began with.
 */
export const CREDIT_HELD_BACK_SHARE = 0.005
/**
 * To save up, a dollar is worth at most that many times what it is worth at the pace of the budget, where the saved dollars are spent
 * one day. The limit rises from this share of the burst held on, and is gone where as much is owed: debts are paid whatever it costs.
 */
export const CREDIT_SAVING_WORTH = 2
export const CREDIT_SAVING_SHARE = 0.2
/** Most that requests may cost on average, in budgets. */
export const CREDIT_TARGET_MAX = 1.5
/** Share of the least that requests can cost that is not saved; none of it is left once that many budgets are owed. */
export const CREDIT_SLACK_SHARE = 1 / 32
export const CREDIT_SLACK_DEBT_REQUESTS = 10
/**
 * A request may be taken on credit where it draws no more than B, or than that many times what it draws on its cheapest model, up to
 * that many budgets: which of two models that cost about the same is the cheaper is mostly an error of the predictions.
 */
export const CREDIT_NEAR_LEAST = 2
export const CREDIT_NEAR_REQUESTS = 3
/** A B is never worth more than the whole range of rewards, and as much again for each that many budgets that are owed. */
export const CREDIT_WORTH_DEBT_REQUESTS = 10
/** From this share of the burst on the shadow price falls, by this share of it where the account is full. */
export const CREDIT_FULL_SHARE = 0.85
export const CREDIT_FULL_DISCOUNT = 0.6
/**
 * A model dearer than the budget must leave room for a bill of three times its expected cost and four requests more:
 * costs have long tails, and an overdrawn account buys nothing dear until it is paid back. So none dearer than 15 B is
 * chosen for its score where the burst is 50; probes of it are paid from the fund.
 */
export const CREDIT_TAIL_FACTOR = 3
export const CREDIT_SPARE_REQUESTS = 4
/**
 * From this many bills on a model's own tail counts: none up to this standard deviation of ln(cost), then by so much more
 * for each, up to the whole factor at 0.75.
 */
export const TAIL_BILLS_MIN = 8
export const TAIL_SIGMA_MIN = 0.25
export const TAIL_SLOPE = 4
/** Share of a budget that goes into the fund while a newcomer waits. */
export const FUND_SHARE = 0.1
/** Requests' worth of budget that the fund starts with. */
export const FUND_START_REQUESTS = 10
/** Requests' worth of budget that the fund may owe: what is beyond is owed by the balance, which pays it back. */
export const FUND_DEBT_REQUESTS = 10
/**
 * Requests' worth of budget that an account may owe: what a bill is beyond is written off, so that a mistake of units is
 * over after that many requests. Twice the debt that a prompt of 100,000 words makes where 500 tokens were assumed.
 */
export const DEBT_REQUESTS_MAX = 512
/** No more is saved in the fund than this many of the dearest tries need. */
export const FUND_TRIES = 2
/** What a probe must find in the fund, in what it costs above B. */
export const FUND_MARGIN = 1.5

// Tenants' costs beside those of all: accounts/account.ts

/** Requests over which an account learns what its own cost beside those of all. */
export const COST_RATIO_REQUESTS = 64
/** Requests' worth of evidence that they cost the same. */
export const COST_RATIO_PRIOR_REQUESTS = 8
/** Most that they can cost beside those of all; the least is its reciprocal. */
export const COST_RATIO_MAX = 16

// Caps: accounts/cap.ts, accounts/arrival-rate.ts

/** Until this many requests were seen nobody knows how many will come; this many more are assumed then. */
export const CAP_EVIDENCE_REQUESTS = 8
/**
 * How many times higher the price of a calendar cap is for each part of its money that is gone too early, and the most that counts: at a
 * tenth of the cap too early the price is twice what it was.
 */
export const CAP_AHEAD_GAIN = 10
export const CAP_AHEAD_MAX = 0.1
/** At least this many requests are always assumed, so none may take more than half of what is left. */
export const CAP_REQUESTS_MIN = 2
/** Requests over which the dearest recent cost fades. */
export const CAP_DEAREST_REQUESTS = 1024
/** The estimate of arrivals forgets over this share of a period: 10 min of an hour, 4 h of a day, 5 days of a month. */
export const ARRIVAL_MEMORY_SHARE = 1 / 6
/** Time without requests that is assumed before the first one, as a share of a period: a burst at the start is no rate yet. */
export const ARRIVAL_COLD_SHARE = 1 / 32

/**
 * A rolling cap with a forecast leaves this share of its window unspent. The price of its requests falls as more is left,
 * and is 0 at the second share beyond that. Source: chosen, not tuned; `test/log/rolling-spend.test.ts` holds what is spent.
 */
export const ROLLING_LEFT_SHARE = 0.01
export const ROLLING_RELIEF_SHARE = 0.01
/** Part of the window after which dollars come back that processes share. */
export const ROLLING_SOON_SHARE = 1 / POT_STEPS

// When requests come, for caps: accounts/arrival-profile.ts

/** Times that an hour of the week is remembered: its mean moves by a third with each further one. */
export const PROFILE_MEMORY_WEEKS = 3
/** What the same hour of other days counts beside one of that day of the week. */
export const PROFILE_DAY_WEIGHT = 0.25
/** Weight of the latest hour in what today is beside the means, and the most that it is; the least is its reciprocal. */
export const PROFILE_LEVEL_RATE = 0.25
export const PROFILE_LEVEL_MAX = 4
/** Differences of this share of an hour's mean requests say nothing. */
export const PROFILE_SMALL_SHARE = 0.25
/** Latest requests that a burst is measured by: all that are kept, and those of a rate that has only just risen. */
export const BURST_MEMORY_REQUESTS = 32
export const BURST_LATEST_REQUESTS = 12
/** The least time that those are taken to have come in, ms: clients that send many at once are no burst. */
export const BURST_LEAST_MS = 300_000
/** An hour is a burst once it has brought this many times its forecast, and this number of requests more. */
export const BURST_EXCESS_FACTOR = 1.25
export const BURST_EXCESS_MIN = 8
/** A burst goes on where recent hours brought this many times their forecasts, and the latest requests are this number more than the forecast of their time. */
export const BURST_LEVEL_MIN = 1.5
export const BURST_LATEST_EXCESS_MIN = 12
/** A burst is expected to bring this many times again what came too many, but no more than in this many hours at its rate. */
export const BURST_GROWTH = 8
export const BURST_HOURS = 3
/** What the cheapest model needs for a burst that lasts until the period ends, or a day, is kept back times this: rates and bills are estimates. */
export const BURST_KEPT_FACTOR = 1.2
/**
 * What a cap keeps back for requests that no day has shown, on the cheapest model, as long as that can still be spent: this
 * share of the cap. It is given out over the last part of a calendar period, but for a share that is there for what predictions miss.
 */
export const UNFORECAST_SHARE_MAX = 0.15
/**
 * Of longer periods it is this part of that, as a burst of a day is little to them and the last hours of a week are often quiet, or what
 * the requests of this many days need, if that is more.
 */
export const UNFORECAST_SHARE_PARTS = { hour: 1, day: 1, week: 2, month: 4 } as const
export const UNFORECAST_DAYS = 2
/** Of a rolling cap, which never ends: that share of its window is never spent. */
export const UNFORECAST_ROLLING_SHARE_MAX = 0.04
export const UNFORECAST_RELEASE_SHARE = 1 / 24
export const UNFORECAST_KEPT_SHARE = 1 / 8
/** It can still be spent later while what is left is less than this part of what the requests to come would cost without a limit. */
export const UNFORECAST_SPENDABLE_SHARE = 0.8
/**
 * Where it cannot, a cap keeps what as many requests need as a day brings, but no more than the first share less what is planned for the
 * last part of the period. In that part, and at least before it, the second share bounds it. The third is how long that part is.
 */
export const UNFORECAST_LEAST_SHARE = 0.09
export const UNFORECAST_LATE_LEAST_SHARE = 0.04
export const UNFORECAST_LATE_SHARE = 1 / 12

// Models that are as good as each other: equals.ts

/** Observations after which a bonus is no reason to pay more. */
export const EXPLORED_OBSERVATIONS = 100
/** Observations that both must have before a difference can be empty: with fewer, tries of the dearer one would end by chance. */
export const EMPTY_OBSERVATIONS = 1000
/** Standard errors within which a difference over all prompts is empty, and one of a single prompt. */
export const EMPTY_LEVEL_SIGMAS = 0.5
export const EMPTY_PROMPT_SIGMAS = 2

// The watch over drift: src/bandit/drift.ts. The procedure is Page's CUSUM, Biometrika 1954.

/** What an observation may stray, in standard deviations, before it counts towards an alarm. */
export const DRIFT_SLACK_SIGMAS = 0.5
/** Where the alarm is: the sum of what observations strayed beyond that, in standard deviations. */
export const DRIFT_THRESHOLD_SIGMAS = 10
/** Residuals are cut at this many standard deviations. */
export const DRIFT_RESIDUAL_SIGMAS_MAX = 3
/** Weight of the latest residual in the variance. */
export const DRIFT_VARIANCE_RATE = 0.01
/** Least variance, in parts of that before any residual was known. */
export const DRIFT_VARIANCE_FLOOR_SHARE = 0.25
/** Variances of residuals before any is known: of rewards, of logarithms of costs, of logarithms of latencies. */
export const REWARD_VARIANCE = 0.02
export const LOG_COST_VARIANCE = 0.25
export const LOG_LATENCY_VARIANCE = 0.25
/** Below this many observations an arm is still learning: its predictions stray without anything having changed. */
export const LEARNING_OBSERVATIONS = 20
/** The same of latencies. */
export const LEARNING_LATENCIES = 8
/** A model that was slow in this number of requests, and nothing but slow, may be so no more: it is tried again. */
export const FIRST_LATENCIES = 16
/** Observations that are left of an arm's bias after an alarm. */
export const DRIFT_KEPT_BIAS_OBSERVATIONS = 10
/** Observations that are left at most of all that an arm has learned. */
export const DRIFT_KEPT_OBSERVATIONS = 200

// What models usually earn for their price, by which newcomers are judged: estimate/level-line.ts. docs/DATASETS.md has what public sets say of it

/** How far mean rewards of models lie about what their prices say, one standard deviation, in log-odds. */
export const LEVEL_SPREAD = 0.41
/** That counts as this many models against those that lie further apart. */
export const LEVEL_SPREAD_PRIOR_MODELS = 4
/** What a model at the mean price earns, before anything is known, and how far off that may be, one standard deviation. */
export const LEVEL_CENTRE = 0.5
export const LEVEL_CENTRE_SIGMA = 0.3
/** How much more one earns that is sold for e times as much, in log-odds, before anything is known, and how far off that may be. */
export const LEVEL_PER_LOG_PRICE = 0.16
export const LEVEL_PER_LOG_PRICE_SIGMA = 0.08
/** What is taken for the variance of a reward at first, that of right or wrong, counts as this many rewards. */
export const LEVEL_NOISE_PRIOR_REWARDS = 4
/** Rounds of the fixed point in which the line through the levels is found. */
export const LEVEL_ROUNDS = 4

// Tries of models that nobody chooses: exploration/probes.ts, exploration/recoveries.ts, latency/latency-profile.ts

/** A model is known from this many rewards on. */
export const KNOWN_OBSERVATIONS = 0.9
/** What a model may plausibly be worth lies this many standard errors above its expected value. */
export const PROSPECT_SIGMAS = 1.5
/** And it is tried as long as that is more than the best one may be worth, this many of its own above: else the best one is asked. */
export const PROSPECT_BEST_SIGMAS = 1
/** One that still may is tried again when it has been idle for this share of all requests. */
export const PROSPECT_IDLE_SHARE = 1 / 2
/**
 * Where money is not short, one that may be worth more is tried again after this number of requests for each model and this share of all, over
 * its chance to win; if it is cheaper than the best, after this part of that.
 */
export const SPARE_TRY_REQUESTS = 4
export const SPARE_TRY_SHARE = 0.03
export const SPARE_TRY_CHEAPER = 0.3
/** With less of a chance it is not tried: other rules find out what has become better. */
export const SPARE_TRY_CHANCE_MIN = 0.025
/** A try takes no more than this share of what a cap leaves. */
export const TRY_CAP_SHARE = 1 / 20
/** Reward by which it must be more than what is known already. */
export const PROSPECT_MARGIN = 0.001
/** A model that nobody chooses is tried once in this many requests, and no oftener than once in this many per model. */
export const IDLE_REQUESTS = 2000
export const IDLE_REQUESTS_PER_MODEL = 200
/** The share of answers that rewards come of is taken to be 1 until there are some: as much as this many that had theirs. */
export const HEARD_ANSWERS = 100
/** A model that has fallen or got slow is tried again after this many requests without one of its own. */
export const TRIAL_REQUESTS = 25
/** Then whenever it has been idle for this share of the time since. */
export const TRIAL_SHARE = 1 / 8
/** The least that a model plausibly costs lies this many standard errors below what is expected, as PROSPECT_SIGMAS of rewards. */
export const COST_DOUBT_SIGMAS = 1.5
/** Requests without one of its own before such a model is tried: most first bills say enough by themselves. */
export const COST_DOUBT_IDLE_REQUESTS = 100
/** What is left of what the cost head knew once a try was within its limit. */
export const TRY_KEPT_OBSERVATIONS = 0.5
/**
 * A model that had fallen, or got slow, has recovered when the log-likelihood ratio of its latest rewards, or latencies,
 * reaches this: for what they were before against what they have been since.
 */
export const REWARD_RECOVERED_RATIO = 3
export const LATENCY_RECOVERED_RATIO = 5
/** The same of bills, of a model that had become dearer. */
export const COST_RETURNED_RATIO = 5
/**
 * An alarm was false, or what raised it is over, once the log-likelihood ratio of the outcomes since reaches this: that they are as
 * before, against worse by that many standard deviations: what the watch over drift makes nothing of.
 */
export const AS_BEFORE_RATIO = 3
export const AS_BEFORE_SIGMAS = 0.5
/** Most that one observation adds to such a ratio, or takes from it. */
export const RECOVERY_STEP_MAX = 2
/** Rewards in which a model is found to have risen as another has, or is given up. */
export const RISE_TRIES = 20
/**
 * It is tried where it would be chosen had it risen by this many times as much as the other: the rewards before an alarm have raised
 * the other's level already, and are missing from its rise.
 */
export const RISE_FACTOR_MAX = 1.1
/** After this many rewards it knows its level by itself. */
export const RISE_KNOWN_REWARDS = 100
/** Models whose rewards rise within this many requests of each other are taken to have one cause. */
export const RISE_REQUESTS = 256
/**
 * A cold model for which this many rewards were due, and none came, is taken to be worth the least there is: with independent
 * losses none of 30 is e^-30.
 */
export const DUE_REWARDS = 30

// The latency objective: latency/latency-objective.ts

/**
 * Requests over which a debt is paid back. For a percentile it is longer, by as many requests as hold 20 that may take longer
 * than the limit: 400 for the 95th.
 */
export const LATENCY_HORIZON_REQUESTS = 64
export const LATENCY_HORIZON_OVER_REQUESTS = 20
/**
 * Most that is aimed at while latencies have been below the limit, in limits: of a mean, of a percentile. The horizon of a
 * percentile is long, so less may be saved up in it: 0.15 of it are 2 % of 3,000 requests.
 */
export const LATENCY_TARGET_MAX = 1.4
export const PERCENTILE_TARGET_MAX = 1.15
/** The limit counts as missed when the debt has been above this many horizons for a whole horizon: that is not noise. */
export const LATENCY_MISSED_HORIZONS = 0.5
/** A single latency counts for at most this many times the limit of a mean. */
export const LATENCY_USE_MAX = 64
/** Most reward that a limit's worth of latency may have to buy. */
export const LATENCY_PRICE_MAX = 128

// How latencies of models lie about what is predicted: latency/latency-profile.ts

/**
 * The level of a model is a mean of this many residuals at most; a second one, of fewer, takes its place when an alarm says
 * that latencies have changed.
 */
export const LEVEL_OBSERVATIONS = 64
export const LEVEL_FAST_OBSERVATIONS = 4
/** How many residuals the first variance counts for, and the least variance. */
export const LATENCY_VARIANCE_PRIOR_OBSERVATIONS = 4
export const LATENCY_VARIANCE_MIN = 1e-4
/** A residual is cut at this many standard deviations. */
export const LATENCY_RESIDUAL_SIGMAS_MAX = 4
/** Most that realised use may be of the predicted one; the least is its reciprocal. */
export const USE_RATIO_MAX = 4
/** Share of a ratio's window that stands for "as predicted" before any is known. */
export const USE_RATIO_PRIOR_SHARE = 1 / 8

// The quality floor: quality/quality-floor.ts

/** Rewards over which a shortfall is made up. */
export const QUALITY_HORIZON_REWARDS = 400
/** Least and most that the aim lies above the floor, to make up for rewards missed so far; below 0 where it was exceeded. */
export const QUALITY_CORRECTION_MIN = -0.02
export const QUALITY_CORRECTION_MAX = 0.1
/** Rewards over which the bias of the predictions is learned, and how many observations of a bias of 0 it starts with. */
export const QUALITY_BIAS_REWARDS = 100
export const QUALITY_BIAS_PRIOR_REWARDS = 10
/** Least bias, in reward: a bandit that still learns predicts too little, but not for long. */
export const QUALITY_BIAS_MIN = -0.02
/** Requests over which the latency objective's part of the values is averaged. */
export const QUALITY_DRAG_REQUESTS = 128
/** Rewards that must have come before a floor is reported as out of reach. */
export const QUALITY_KNOWN_REWARDS = 30
/** A floor counts as missed when the shortfall has been above this share of the most that is made up for a whole horizon. */
export const QUALITY_MISSED_SHARE = 0.8
/** Above the floor by this much reward is more than was asked for. */
export const QUALITY_SLACK = 0.01
/** Highest price, reward per dollar, where the cheapest model is good enough: a billionth of a dollar is worth 1. */
export const QUALITY_PRICE_MAX = 2 ** 30

// What `stats` reports

/** Latencies and rewards that the recent means are taken over. */
export const RECENT_OBSERVATIONS = 256
