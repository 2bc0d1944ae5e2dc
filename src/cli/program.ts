import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { visible } from '../base/visible.js'
import { refuseEmptyPaths } from './empty-paths.js'
import { refuseRepeated } from './once.js'
import { shellWord } from './shell-word.js'
import { addDriverFlags } from './state/driver.js'

const EXAMPLES = `
Examples:
  Decide where a prompt goes, and keep what is learned in a file (SQLite):
    $ paretobandit route "Explain quantum computing" --models models.json --budget 0.002 --state router.state
  Teach it what the call cost and how good the answer was:
    $ paretobandit settle r.1 --cost 0.0011 --state router.state
    $ paretobandit reward r.1 0.85 --state router.state
  Look at it, back it up, and read its history:
    $ paretobandit inspect router.state
    $ paretobandit explain r.1 router.state
    $ paretobandit dashboard router.state
    $ paretobandit snapshot router.state router.snapshot
    $ paretobandit export router.state --out events.jsonl
  Play recorded outcomes through the policy:
    $ paretobandit replay --data outcomes.jsonl --models models.json --report report.html

'paretobandit COMMAND --help' tells more of a command.
Exit codes: 0 done, 1 conformance failed (or a bug), 2 bad input (one line on stderr says what).`

/** In the order of the help. Each is loaded when it runs: together they are most of what there is. */
const COMMANDS: ReadonlyMap<string, () => Promise<Register>> = new Map([
  ['route', async () => (await import('./route.js')).registerRoute],
  ['settle', async () => (await import('./settle.js')).registerSettle],
  ['reward', async () => (await import('./reward.js')).registerReward],
  ['fail', async () => (await import('./fail.js')).registerFail],
  ['cancel', async () => (await import('./cancel.js')).registerCancel],
  ['correct', async () => (await import('./correct.js')).registerCorrect],
  ['adjust', async () => (await import('./adjust.js')).registerAdjust],
  ['tenant', async () => (await import('./tenant.js')).registerTenant],
  ['stats', async () => (await import('./stats.js')).registerStats],
  ['inspect', async () => (await import('./inspect.js')).registerInspect],
  ['explain', async () => (await import('./explain.js')).registerExplain],
  ['dashboard', async () => (await import('./dashboard.js')).registerDashboard],
  ['snapshot', async () => (await import('./snapshot.js')).registerSnapshot],
  ['restore', async () => (await import('./restore.js')).registerRestore],
  ['export', async () => (await import('./export.js')).registerExport],
  ['import-log', async () => (await import('./import-log.js')).registerImportLog],
  ['fit-priors', async () => (await import('./fit-priors.js')).registerFitPriors],
  ['replay', async () => (await import('./replay.js')).registerReplay],
  ['evaluate', async () => (await import('./evaluate.js')).registerEvaluate],
  ['tune', async () => (await import('./tune.js')).registerTune],
  ['conformance', async () => (await import('./conformance.js')).registerConformance],
  ['init', async () => (await import('./init.js')).registerInit],
  ['serve', async () => (await import('./serve.js')).registerServe],
  ['check-config', async () => (await import('./check-config.js')).registerCheckConfig],
  ['import-config', async () => (await import('./import-config.js')).registerImportConfig],
  ['keys', async () => (await import('./keys.js')).registerKeys],
  ['prices', async () => (await import('./prices.js')).registerPrices],
])

const MISSING_FLAG = 'commander.missingMandatoryOptionValue'
const STATE_FILE = /\.(db|sqlite3?|state)$/

type Register = (program: Command) => void

/**
 * The command line, errors thrown instead of printed.
 * @param words of the command line, after the program's name. Where the first is no command, all of them are there: for the help, or
 *   to say which one was meant
 */
export async function makeProgram([first]: readonly string[]): Promise<Command> {
  const program = new Command('paretobandit')
    .description('Routes prompts among LLMs inside a dollar budget, and learns from what comes back.')
    .version(packageVersion())
    .exitOverride()
    .configureOutput({ outputError: () => {}, writeErr: () => {} })
    .addHelpText('after', EXAMPLES)
  const registers = await Promise.all(loadsOf(first).map((load) => load()))
  for (const register of registers) register(program)
  addDriverFlags(program)
  refuseEmptyPaths(program)
  refuseRepeated(program)
  return program
}

/** Runs a command line: the words after the program's name. */
export async function runProgram(words: readonly string[]): Promise<void> {
  const program = await makeProgram(words)
  try {
    await program.parseAsync(words, { from: 'user' })
  } catch (error) {
    throw withMeantFlag(error, program)
  }
}

/**
 * Some commands take a file as it is, and others by a flag: where a file stood in a command without the flag that is missing, the
 * error has the whole command. Addresses are not repeated, as a password may stand in them.
 */
function withMeantFlag(error: unknown, program: Command): unknown {
  if (!(error instanceof CommanderError) || error.code !== MISSING_FLAG) return error
  const command = program.commands.find(({ args }) => args.length > 0)
  const missing = command?.options.find(({ mandatory, flags }) => mandatory && error.message.includes(flags))
  if (command === undefined || typeof missing?.long !== 'string') return error
  const expected = command.registeredArguments.length
  const given = command.args.slice(0, expected + 1)
  if (given.length <= expected || given.some((word) => word.includes('://'))) return error
  // The one that looks like a state file, as `reward router.db r.7 0.85` has it first; else the one too many.
  const named = given.findLastIndex((word) => STATE_FILE.test(word))
  const [stray] = given.splice(named === -1 ? expected : named, 1)
  if (stray.startsWith('-')) return error
  const words = [...given, missing.long, stray]
  const meant = ['paretobandit', command.name(), ...words.map((word) => shellWord(visible(word)))].join(' ')
  return new CommanderError(error.exitCode, error.code, `${error.message}; did you mean '${meant}'?`)
}

function loadsOf(word: string | undefined): readonly (() => Promise<Register>)[] {
  if (word === '--version' || word === '-V') return []
  const one = word === undefined ? undefined : COMMANDS.get(word)
  return one === undefined ? [...COMMANDS.values()] : [one]
}

/** Two folders up from here is the package, in src/ as in dist/. */
function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
