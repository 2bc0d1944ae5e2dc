import { existsSync } from 'node:fs'
import { type Command, CommanderError } from 'commander'
import type { Priors } from '../bandit/priors.js'
import { nearest } from '../base/nearest.js'
import { visible } from '../base/visible.js'
import { createRouter } from '../create-router.js'
import { ON_DIFFERENCE, type OnDifference } from '../log/on-difference.js'
import type { ResolvedModelSpec } from '../models/model.js'
import type { BudgetOptions, RouterOptions } from '../policy/options.js'
import { PACER_MODES, type PacerMode } from '../policy/paper/settings.js'
import { DEFAULT_POLICY, POLICY_NAMES, type PolicyName } from '../policy/policies.js'
import type { RouteOptions } from '../policy/route-options.js'
import { EXPLORATION_WEIGHT_COLD, EXPLORATION_WEIGHT_WARM } from '../policy/tuning.js'
import type { Router } from '../router/router.js'
import { NAME } from '../router/start-origin.js'
import { CommandError } from './command-error.js'
import { EventLog } from './event-log.js'
import { farBudgetLine } from './far-budget-view.js'
import { readStandardInput } from './files.js'
import { amountFlag, budgetFlag, epsilonFlag, listFlag, seedFlag, wordFlag } from './flags.js'
import { readModelsFile, readPriorsFile } from './inputs.js'
import { checkOutputs, filesOfLog } from './outputs.js'
import { printError } from './print.js'
import {
  budgetDifferences,
  modelDifferences,
  type RouteChange,
  type RouteDifference,
  settingDifferences,
} from './route-changes.js'
import { type RouteOutcome, renderDecision } from './route-view.js'
import { defaultMode, MODE_POLICIES, takesMode } from './state/pacer-mode.js'
import { changeState, type Opening, type Session } from './state/session.js'
import type { Settings } from './state/settings.js'

interface RouteFlags {
  readonly models?: string
  readonly budget?: number | 'none'
  readonly state?: string
  readonly policy?: PolicyName
  readonly mode?: PacerMode
  readonly onDifference?: OnDifference
  readonly exclude?: readonly string[]
  readonly candidates?: readonly string[]
  readonly tenant?: string
  readonly maxCost?: number
  readonly maxLatency?: number
  readonly inputTokens?: number
  readonly maxInputTokens?: number
  readonly maxOutputTokens?: number
  readonly exploit?: boolean
  readonly priors?: string
  readonly seed?: number
  readonly epsilon?: number
  readonly log?: string
  readonly json?: boolean
}

/** What the files that the flags name hold. */
interface RouteInputs {
  readonly models: readonly ResolvedModelSpec[] | null
  readonly priors: Priors | null
}

/** A decision, the pacer as it was for it, and what the flags changed before. */
const HELP = `
The models file holds list prices in USD per million tokens:
  {"models": [{"id": "gpt-4o", "inputUsdPerMTok": 2.5, "outputUsdPerMTok": 10}, ...]}
and, where they differ, "cachedInputUsdPerMTok", "reasoningUsdPerMTok" and the prices of other kinds of tokens, "tiers"
and discounts (docs/TOKENS.md), for 'settle' by tokens.

With --state the router lives in that file, a log in SQLite: models, prices, budget, statistics, and requests that wait
for feedback (a reward is taken for 24 hours). Later calls need --state alone. When --models is given again, new ids are added and
get 20 requests to be known, changed prices are taken over, ids that are gone are disabled until they come back. With
--on-difference warn the state file's hold and each difference is told; with throw the command is refused.

Examples:
  $ paretobandit route "Prove that 2 is prime" --models models.json --budget 0.002
  $ paretobandit route "Prove that 2 is prime" --models models.json --budget 0.002 --state router.state
  $ paretobandit route "And that 3 is" --state router.state --exclude gpt-4o --max-cost 0.01
  $ paretobandit route - --state router.state < prompt.txt
  $ paretobandit route --state router.state -- "-1 + 3 = ?"`

export function registerRoute(program: Command): void {
  program
    .command('route')
    .description('decide which model gets a prompt, and explain why')
    .argument('<prompt>', "the prompt, or '-' to read it from standard input")
    .option('--models <file>', 'models and their prices, JSON (needed unless the state file exists)')
    .option('--budget <usd>', "ceiling of the mean spend per request, USD, or 'none'", budgetFlag)
    .option('--state <file>', 'keep the router in this file between calls (made when missing)')
    .option(
      '--policy <name>',
      `${POLICY_NAMES.join(', ')}, for as long as the state file lives (default: ${DEFAULT_POLICY})`,
      wordFlag(POLICY_NAMES),
    )
    .option(
      '--mode <mode>',
      `how the budget acts under policy ${MODE_POLICIES}: ${PACER_MODES.join(', ')} (default: adaptive)`,
      wordFlag(PACER_MODES),
    )
    .option(
      '--on-difference <choice>',
      `models, budget, mode, epsilon and seed that differ from the state file: ${ON_DIFFERENCE.join(', ')} (default: apply)`,
      wordFlag(ON_DIFFERENCE),
    )
    .option('--exclude <id>', 'not this model, for example one that has just failed (repeatable)', listFlag)
    .option('--candidates <id>', 'only this model and others so named (repeatable)', listFlag)
    .option('--tenant <id>', "on this tenant's account too, which 'tenant' registers")
    .option(
      '--max-cost <usd>',
      'only models whose expected cost for this request is at most this',
      amountFlag,
    )
    .option(
      '--max-latency <ms>',
      'only models whose mean latency so far is at most this, or is not known yet',
      amountFlag,
    )
    .option('--input-tokens <n>', 'size of the prompt, if known', amountFlag)
    .option(
      '--max-input-tokens <n>',
      "the most that it can have: what --reserve 'worst-case' sets aside",
      amountFlag,
    )
    .option('--max-output-tokens <n>', 'limit of the answer, if there is one', amountFlag)
    .option('--exploit', 'no exploration: the best model as far as known')
    .option('--priors <file>', 'warm-up priors from fitPriors, for models that are new')
    .option('--seed <n>', 'seed of the random choice among equals (default: 0)', seedFlag)
    .option(
      '--epsilon <share>',
      "share of requests that go to any model by chance, for 'evaluate' (default: 0)",
      epsilonFlag,
    )
    .option('--log <file>', "append the decision's event as a line of JSON, for 'evaluate'")
    .option('--json', 'print the decision as JSON')
    .addHelpText('after', HELP)
    .exitOverride(refuse)
    .action(route)
}

/** A prompt that begins with a dash looks like a flag. */
function refuse(error: CommanderError): never {
  const isFlag = /^error: unknown option '--?[a-z][a-z-]*(=[^']*)?'/.test(error.message)
  if (error.code !== 'commander.unknownOption' || isFlag) throw error
  const hint = `a prompt that begins with '-' goes behind '--', after all flags: paretobandit route --state FILE -- "-1 + 3 = ?"`
  throw new CommanderError(error.exitCode, error.code, `${error.message}; ${hint}`)
}

async function route(argument: string, flags: RouteFlags): Promise<void> {
  await checkOutputs([flags.log], [flags.models, flags.priors], filesOfLog(flags.state))
  const inputs: RouteInputs = {
    models: flags.models === undefined ? null : await readModelsFile(flags.models),
    priors: flags.priors === undefined ? null : await readPriorsFile(flags.priors),
  }
  checkPriorsFit(inputs, flags.priors)
  const unused = unusedPriors(inputs)
  if (unused !== null) printError(`paretobandit: ${visible(unused)}\n`)
  const prompt = argument === '-' ? await readStandardInput() : argument
  const { state } = flags
  const work = (session: Session) => decide(session, prompt, flags, inputs)
  const { outcome, farBudget, log } =
    state === undefined
      ? await routeOnce(flags, inputs, work)
      : await changeState(state, openingOf(state, flags, inputs), work)
  if (farBudget !== null) printError(farBudget)
  await log.tell(flags.json === true ? renderJson(outcome) : renderDecision(outcome, state ?? null))
}

/** What priors know by a name that no model has is not used, while another model starts without any. */
function unusedPriors({ models, priors }: RouteInputs): string | null {
  if (models === null || priors === null) return null
  const cold = models.filter(({ id }) => !Object.hasOwn(priors.models, id)).map(({ id }) => id)
  const unused = Object.keys(priors.models).filter((name) => !models.some(({ id }) => id === name))
  if (cold.length === 0 || unused.length === 0) return null
  return `--priors: what is known of ${unused.join(', ')} is not used, and ${cold.join(', ')} start cold; where they are the same, 'import-log --model ID=NAME' names them alike`
}

/** Priors of other names would warm up no model, and nobody would notice. @throws BAD_ARGUMENT */
function checkPriorsFit({ models, priors }: RouteInputs, path: string | undefined): void {
  if (models === null || priors === null || models.some(({ id }) => Object.hasOwn(priors.models, id))) return
  const of = Object.keys(priors.models).join(', ')
  const message = `--priors: ${path} is of ${of}, and knows none of ${models.map(({ id }) => id).join(', ')}; 'import-log --model ID=NAME' gives models of a log the ids that they have here`
  throw new CommandError('BAD_ARGUMENT', message)
}

async function routeOnce<T>(
  flags: RouteFlags,
  inputs: RouteInputs,
  work: (session: Session) => T,
): Promise<T> {
  const { options, settings } = start(flags, inputs)
  return work({ router: await createRouter(options), settings, kept: null })
}

function openingOf(state: string, flags: RouteFlags, inputs: RouteInputs): Opening {
  return {
    begin: () => start(flags, inputs),
    resume: (kept) => {
      checkPolicy(flags, kept.policy, state)
      const options = inputs.priors === null ? {} : { priors: inputs.priors }
      const settings = flags.onDifference === 'warn' ? kept : { ...kept, ...definedSettings(flags) }
      return { options, settings }
    },
  }
}

/** What the flags change in a kept router, then the decision. */
function decide(
  { router, kept }: Session,
  prompt: string,
  flags: RouteFlags,
  { models }: RouteInputs,
): { readonly outcome: RouteOutcome; readonly farBudget: string | null; readonly log: EventLog } {
  const changes =
    kept === null
      ? []
      : settle(differencesOf(router, { ...kept, ...definedSettings(flags) }, kept, flags, models), flags)
  checkKnown(router, flags.exclude ?? [], '--exclude')
  checkKnown(router, flags.candidates ?? [], '--candidates')
  const { pacer } = router.stats()
  const log = new EventLog(flags.log)
  log.listen(router)
  // With --on-difference warn the kept one is in force.
  const isInForce = typeof flags.budget === 'number' && flags.budget === pacer.usdPerRequest
  const farBudget = isInForce ? farBudgetLine(router, pacer.usdPerRequest, null) : null
  return { outcome: { decision: router.route(prompt, routeOptions(flags)), pacer, changes }, farBudget, log }
}

function differencesOf(
  router: Router,
  settings: Settings,
  kept: Settings,
  { budget }: RouteFlags,
  models: RouteInputs['models'],
): readonly RouteDifference[] {
  return [
    ...settingDifferences(kept, settings),
    ...(models === null ? [] : modelDifferences(router, models)),
    ...(budget === undefined ? [] : budgetDifferences(router, budget === 'none' ? null : budget)),
  ]
}

/** Applies differences, or tells of them, or refuses them. @returns what was changed */
function settle(
  differences: readonly RouteDifference[],
  { onDifference = 'apply', state }: RouteFlags,
): readonly RouteChange[] {
  const lines = differences.map(({ model, change }) => (model === null ? change : `${model}: ${change}`))
  if (onDifference === 'throw' && lines.length > 0)
    throw new CommandError('BAD_ARGUMENT', `--on-difference throw: of ${state}, ${lines.join('; ')}`)
  if (onDifference === 'warn') {
    for (const line of lines) printError(`paretobandit: ${visible(`${line}: not done, ${state} holds`)}\n`)
    return []
  }
  for (const { make } of differences) make()
  return differences.map(({ model, change }) => ({ model, change }))
}

function start(
  flags: RouteFlags,
  { models, priors }: RouteInputs,
): { readonly options: RouterOptions; readonly settings: Settings } {
  if (models === null) {
    const where =
      flags.state === undefined
        ? ''
        : `: ${flags.state} ${existsSync(flags.state) ? 'has no byte in it' : 'does not exist yet'}`
    throw new CommandError('BAD_ARGUMENT', `--models FILE is needed to start a router${where}`)
  }
  const policy = flags.policy ?? DEFAULT_POLICY
  checkPolicy(flags, policy, 'this router')
  const alpha = priors === null ? EXPLORATION_WEIGHT_COLD : EXPLORATION_WEIGHT_WARM
  const mode = defaultMode(policy)
  const settings: Settings = { policy, mode, alpha, seed: 0, epsilon: 0, ...definedSettings(flags) }
  const usdPerRequest = flags.budget === undefined || flags.budget === 'none' ? null : flags.budget
  // Lines of a log from routers that are kept nowhere are told apart by the ids; people get short ones.
  const isLineOfMany = flags.log !== undefined && flags.state === undefined
  const options: RouterOptions = {
    ...(isLineOfMany ? {} : { name: NAME }),
    models,
    policy,
    budget: usdPerRequest === null ? null : budgetOf(usdPerRequest, settings),
    alpha: settings.alpha,
    seed: settings.seed,
    epsilon: settings.epsilon,
    ...(priors === null ? {} : { priors }),
  }
  return { options, settings }
}

function budgetOf(usdPerRequest: number, { mode }: Settings): BudgetOptions {
  return mode === null ? { usdPerRequest } : { usdPerRequest, mode }
}

/** A router keeps its policy, and --mode is an option of one of them. */
function checkPolicy({ policy, mode }: RouteFlags, kept: PolicyName, where: string): void {
  if (policy !== undefined && policy !== kept)
    throw new CommandError('BAD_ARGUMENT', `--policy: ${where} has policy ${kept}, and keeps it`)
  if (mode !== undefined && !takesMode(kept)) {
    const message = `--mode: goes with --policy ${MODE_POLICIES}, ${where} has policy ${kept}`
    throw new CommandError('BAD_ARGUMENT', message)
  }
}

function definedSettings({ mode, seed, epsilon }: RouteFlags): Partial<Settings> {
  return {
    ...(mode === undefined ? {} : { mode }),
    ...(seed === undefined ? {} : { seed }),
    ...(epsilon === undefined ? {} : { epsilon }),
  }
}

function routeOptions(flags: RouteFlags): RouteOptions {
  const {
    exclude,
    candidates,
    tenant,
    maxCost,
    maxLatency,
    inputTokens,
    maxInputTokens,
    maxOutputTokens,
    exploit,
  } = flags
  return {
    explain: true,
    ...(exclude === undefined ? {} : { exclude }),
    ...(candidates === undefined ? {} : { candidates }),
    ...(tenant === undefined ? {} : { tenant }),
    ...(maxCost === undefined ? {} : { maxCostUsd: maxCost }),
    ...(maxLatency === undefined ? {} : { maxLatencyMs: maxLatency }),
    ...(inputTokens === undefined ? {} : { inputTokens }),
    ...(maxInputTokens === undefined ? {} : { maxInputTokens }),
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    ...(exploit === undefined ? {} : { exploit }),
  }
}

/** A misspelt id would exclude nobody, and nobody would notice. */
function checkKnown(router: Router, ids: readonly string[], flag: string): void {
  const known = router.stats().models.map((model) => model.id)
  for (const id of ids) {
    if (known.includes(id)) continue
    const near = nearest(id, known)
    const hint = near === undefined ? `known: ${known.join(', ')}` : `did you mean '${near}'?`
    throw new CommandError('BAD_ARGUMENT', `${flag}: no model ${JSON.stringify(id)}; ${hint}`)
  }
}

function renderJson({ decision, pacer, changes }: RouteOutcome): string {
  return `${JSON.stringify({ ...decision, budgetUsdPerRequest: pacer.usdPerRequest, changes }, null, 2)}\n`
}
