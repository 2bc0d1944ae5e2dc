import type { Command } from 'commander'
import { KERNEL_NAMES, type KernelName } from '../kernel/kernel.js'
import { DEFAULT_POLICY, POLICY_NAMES, type PolicyName } from '../policy/policies.js'
import {
  checkFeedbackTiming,
  type FeedbackTiming,
  PROMPT_FEEDBACK,
  SETTLE_DELAY_DEFAULT,
} from '../replay/feedback-timing.js'
import { SCENARIO_NAMES, type ScenarioName } from '../replay/scenarios.js'
import { badFlag, listFlag, numberFlag, seedsFlag, wordFlag } from './flags.js'

export const DEFAULT_REPORT = 'report.html'
const DEFAULT_SEEDS = 20

export interface ReplayFlags {
  readonly data?: string
  readonly train?: string
  readonly cold?: boolean
  readonly fromStart?: boolean
  readonly models?: string
  readonly exclude?: readonly string[]
  readonly scenario?: ScenarioName
  readonly shifted?: string
  readonly newcomer?: string
  readonly budgets?: string
  readonly features?: 'stored' | 'encode'
  readonly policy: PolicyName
  readonly seeds: number
  readonly kernel?: KernelName
  readonly rewardRate?: number
  readonly delay?: number
  readonly settleDelay?: number
  readonly noise?: number
  readonly json?: string
  readonly report?: string
}

/** Adds the flags of `replay`, but for its action. */
export function addReplayFlags(command: Command): Command {
  return command
    .description(
      'Play recorded outcomes through a policy and baselines; without --data, a simulated workload.',
    )
    .option(
      '--data <file>',
      "recorded outcomes, JSON lines {id, source, prompt, features, outcomes} ('-': standard input)",
    )
    .option('--train <file>', 'outcomes that fit priors and burn in; then all of --data evaluates')
    .option('--cold', 'no priors: route every row before evaluation')
    .option('--from-start', 'with --cold: measure from the first request on, and burn in none')
    .option('--models <file>', 'models and prices, {"models": [{id, inputUsdPerMTok, outputUsdPerMTok}]}')
    .option('--exclude <id>', 'leave a model out (repeatable)', listFlag)
    .option(
      '--scenario <name>',
      `${SCENARIO_NAMES.join(', ')} (default: stationary; all when simulated)`,
      wordFlag(SCENARIO_NAMES),
    )
    .option(
      '--shifted <id>',
      'the model that changes (default: price-drop the dearest, quality-regression the second)',
    )
    .option('--newcomer <id>', 'the model that joins in onboarding (default: the last)')
    .option('--budgets <list>', 'USD per request, a,b,c or auto7 (default: auto7 for stationary)')
    .option(
      '--features <from>',
      'stored, or encode the prompts (default: stored)',
      wordFlag(['stored', 'encode']),
    )
    .option('--policy <name>', POLICY_NAMES.join(', '), wordFlag(POLICY_NAMES), DEFAULT_POLICY)
    .option('--seeds <n>', 'shuffles to average over', seedsFlag, DEFAULT_SEEDS)
    .option('--kernel <name>', `${KERNEL_NAMES.join(', ')} (default: the fastest)`, wordFlag(KERNEL_NAMES))
    .option('--reward-rate <share>', 'share of requests that get a reward, above 0 to 1', numberFlag)
    .option('--delay <n>', 'rewards come when n more requests are routed', numberFlag)
    .option(
      '--settle-delay <n>',
      `settlements come when n more requests are routed (default: --delay, at most ${SETTLE_DELAY_DEFAULT})`,
      numberFlag,
    )
    .option('--noise <sd>', 'noise on the rewards that the router sees, 0 to 1', numberFlag)
    .option('--json <file>', 'write the figures')
    .option('--report <file>', `write one HTML page with plots (default when simulated: ${DEFAULT_REPORT})`)
}

/** When and how feedback comes. @throws INVALID_ARGUMENT naming the flag */
export function timingOf(flags: ReplayFlags): FeedbackTiming {
  const delay = flags.delay ?? PROMPT_FEEDBACK.delay
  return checkFeedbackTiming(
    {
      rewardRate: flags.rewardRate ?? PROMPT_FEEDBACK.rewardRate,
      delay,
      settleDelay: flags.settleDelay ?? Math.min(delay, SETTLE_DELAY_DEFAULT),
      noise: flags.noise ?? PROMPT_FEEDBACK.noise,
    },
    { rewardRate: '--reward-rate', delay: '--delay', settleDelay: '--settle-delay', noise: '--noise' },
  )
}

/** @throws INVALID_ARGUMENT for flags that do not go together */
export function checkCombinations(flags: ReplayFlags): void {
  if (flags.data === undefined) {
    for (const flag of ['train', 'models'] as const) {
      if (flags[flag] !== undefined)
        throw badFlag(flag, 'goes with --data; without it a simulated workload is played')
    }
  } else if (flags.models === undefined) {
    throw badFlag('models', 'expected a file of models and prices beside --data')
  }
  if (flags.data === '-' && flags.train === '-')
    throw badFlag('train', 'expected a file: standard input is --data')
  checkFromStart(flags)
  const scenario = flags.scenario ?? (flags.data === undefined ? null : 'stationary')
  if (scenario === null) return
  if (flags.shifted !== undefined && scenario !== 'price-drop' && scenario !== 'quality-regression') {
    throw badFlag('shifted', 'goes with --scenario price-drop or quality-regression')
  }
  if (flags.newcomer !== undefined && scenario !== 'onboarding')
    throw badFlag('newcomer', 'goes with --scenario onboarding')
}

function checkFromStart({ fromStart, cold, train, scenario }: ReplayFlags): void {
  if (fromStart !== true) return
  if (cold !== true)
    throw badFlag('from-start', 'goes with --cold: priors have seen rows before the first request')
  if (train !== undefined) throw badFlag('from-start', 'goes without --train, whose rows are routed first')
  if (scenario !== undefined && scenario !== 'stationary') {
    throw badFlag('from-start', `goes with --scenario stationary, got '${scenario}'`)
  }
}
