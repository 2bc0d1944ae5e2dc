import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { ParetoBanditError, show } from '../base/errors.js'
import { PACER_MODES, type PacerMode } from '../policy/paper/settings.js'
import { isPolicyName, POLICIES } from '../policy/policies.js'
import { EXPLORATION_WEIGHT_COLD } from '../policy/tuning.js'
import { checkRewardRange } from '../router/resolve-options.js'
import { originOf } from '../state/snapshot/read-snapshot.js'
import { CommandError } from './command-error.js'
import { fileError } from './files.js'
import { amountFlag, epsilonFlag, numberFlag, seedFlag, wordFlag } from './flags.js'
import { print } from './print.js'
import { isRedis, streamOfFile } from './state/log-file.js'
import { contextsOf } from './state/log-options.js'
import { beginLog } from './state/new-log.js'
import { defaultMode, MODE_POLICIES, takesMode } from './state/pacer-mode.js'

interface RestoreFlags {
  readonly stream?: string
  readonly gamma?: number
  readonly lambda0?: number
  readonly pendingCapacity?: number
  readonly mode?: PacerMode
  readonly burst?: number
  readonly alpha?: number
  readonly seed?: number
  readonly epsilon?: number
}

const HELP = `
The snapshot knows its policy, name, encoder, dimension and range of rewards. Give what else its router was made with, where that was not
the default: learned statistics mean little under another gamma or lambda0. It is also how a gateway goes on with what it has learned under
settings that a log keeps: budget.burst, routing.gamma, routing.lambda0, routing.pendingCapacity.

A log in Redis is what many processes of a gateway run on: give the prefix of its store as --stream. Nothing may run there yet.

Examples:
  $ paretobandit restore router.snapshot router.state --gamma 0.999
  $ paretobandit restore gw.snapshot redis://localhost:6379 --stream paretobandit`

export function registerRestore(program: Command): void {
  program
    .command('restore')
    .description('make a log of a snapshot')
    .argument('<snapshot>', "a file of 'snapshot', or the bytes of router.snapshot()")
    .argument('<log>', 'the log to make, a file or redis://HOST:PORT; it must not be there')
    .option('--stream <name>', 'which log of that Redis (default: paretobandit)')
    .option(
      '--gamma <factor>',
      `forgetting factor (default: ${POLICIES.dollar.settings.gamma}, of policy paper ${POLICIES.paper.settings.gamma})`,
      numberFlag,
    )
    .option('--lambda0 <x>', 'regularization (default: 1)', numberFlag)
    .option('--pending-capacity <n>', 'requests that may still get feedback (default: 65536)', numberFlag)
    .option(
      '--mode <mode>',
      `how the budget acts under policy ${MODE_POLICIES}: ${PACER_MODES.join(', ')} (default: adaptive)`,
      wordFlag(PACER_MODES),
    )
    .option(
      '--burst <requests>',
      "how many requests' worth of the budget an account keeps, policy dollar (default: 50)",
      numberFlag,
    )
    .option('--alpha <x>', `weight of exploration (default: ${EXPLORATION_WEIGHT_COLD})`, amountFlag)
    .option('--seed <n>', 'seed of the random choice among equals (default: 0)', seedFlag)
    .option('--epsilon <share>', "share of requests left to chance, for 'evaluate' (default: 0)", epsilonFlag)
    .addHelpText('after', HELP)
    .action(restore)
}

async function restore(path: string, place: string, flags: RestoreFlags): Promise<void> {
  const { stream } = flags
  const isFile = !isRedis(place)
  if (isFile && stream !== undefined) throw streamOfFile(place)
  if (isFile && existsSync(place))
    throw new CommandError('FILE_UNWRITABLE', `${place}: expected no such file, it is there`)
  const bytes = await readFile(path).catch((error: unknown) => {
    throw fileError(error, path, 'read')
  })
  const { policy, name, encoder, dimension, rewardRange } = originOf(bytes, path)
  const {
    gamma,
    lambda0,
    pendingCapacity,
    mode,
    burst = null,
    alpha = EXPLORATION_WEIGHT_COLD,
    seed = 0,
    epsilon = 0,
  } = flags
  if (!isPolicyName(policy))
    throw new ParetoBanditError(
      'SNAPSHOT_INVALID',
      path,
      `it is of policy ${show(policy)}, which this release lacks`,
    )
  if (mode !== undefined && !takesMode(policy)) {
    const message = `--mode: goes with policy ${MODE_POLICIES}, ${path} is of policy ${policy}`
    throw new CommandError('BAD_ARGUMENT', message)
  }
  if (burst !== null && !POLICIES[policy].settings.budgetKeys.includes('burst'))
    throw new CommandError(
      'BAD_ARGUMENT',
      `--burst: expected a snapshot of policy dollar, ${path} is of ${policy}`,
    )
  const options = {
    name,
    ...contextsOf(encoder, dimension),
    ...(rewardRange === undefined ? {} : { rewardRange: checkRewardRange(rewardRange, 'rewardRange') }),
    ...(gamma === undefined ? {} : { gamma }),
    ...(lambda0 === undefined ? {} : { lambda0 }),
    ...(pendingCapacity === undefined ? {} : { pendingCapacity }),
  }
  const settings = { policy, mode: mode ?? defaultMode(policy), alpha, seed, epsilon }
  const made = await beginLog(place, bytes, options, settings, burst, stream)
  print(`${isFile ? place : made}: a log that begins with ${path}\n`)
}
